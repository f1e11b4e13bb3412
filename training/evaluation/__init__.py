"""Measures model files: tasks, scores with intervals, and reports that compare several models."""

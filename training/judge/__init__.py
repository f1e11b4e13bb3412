"""Compares two models' answers by a judge, and the judge with people."""

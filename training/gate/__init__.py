"""The gate: is the new model better where people said so, and no worse elsewhere?"""

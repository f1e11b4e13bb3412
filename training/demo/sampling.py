"""How the demo model likes to be sampled: what its report uses and its files recommend."""

TEMPERATURE = 0.6
TOP_P = 0.95
LONGEST = 400
"""Tokens; the longest answer of the generator has fewer."""

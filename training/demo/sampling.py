"""How the demo model likes to be sampled: what its report uses and its files recommend."""

TEMPERATURE = 0.3
"""Low: a small model copies a rare word more surely when it does not throw dice."""
TOP_P = 0.95
LONGEST = 400
"""Tokens; the longest answer of the generator has fewer."""

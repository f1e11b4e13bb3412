"""The reviewers' pages: what waits, what the numbers say, what is served."""

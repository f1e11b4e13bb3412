"""The idea board: find ideas, write one's own, refine them, weigh them."""

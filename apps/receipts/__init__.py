"""What became of a flag, and what its author can still do about it."""

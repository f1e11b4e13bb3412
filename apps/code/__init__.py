"""Code: the same conversation, tuned for programs."""

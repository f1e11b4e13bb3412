"""Chat: a free conversation."""

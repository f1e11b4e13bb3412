"""Conversation with a model: what the chat and the code app have in common."""

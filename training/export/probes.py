"""Conversations for comparing a file with its model where there are none of its own domain.

They only have to make both compute: it does not matter whether the answers are good ones.
"""

from shared.messages import Message
from training.data import Row

_ASKED = (
    ("What is the capital of France?", "The capital of France is Paris."),
    ("Write a haiku about rain.", "Rain on the tin roof,\neach drop a small drum that says\nstay."),
    ("Reverse a string in Python.", "```python\ndef reverse(text):\n    return text[::-1]\n```"),
    ('Give me an idea as JSON.', '{"title": "Night library", "body": "Books by lamplight."}'),
    ("¿Cómo se dice «gracias» en alemán?", "Se dice «danke»."),
    ("What is 17 + 25?", "17 + 25 = 42."),
)  # fmt: skip
_SYSTEM = Message("system", "You answer in one short sentence.")
_BEFORE = (Message("user", "Hello!"), Message("assistant", "Hello! What shall we write?"))

PROBES: tuple[Row, ...] = (
    *(Row((Message("user", asked),), answer) for asked, answer in _ASKED),
    Row((_SYSTEM, Message("user", "Who wrote Emma?")), "Jane Austen wrote it."),
    Row((*_BEFORE, Message("user", "A story about a lamp 🪔.")), "Once there was a small lamp."),
)
"""Plain ones, one with a system message and one with turns before it."""

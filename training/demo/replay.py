"""Conversations as training rows: what a run reads again so that the demo model does not forget.

The same generator that taught the model writes them, so they need no file, and two seeds never
share a conversation.
"""

from training.data import Row
from training.demo.conversations import conversation
from training.demo.phrases import Pen

# Chat most: it is where people flag most, and where a fact is forgotten first.
KINDS = ("chat", "story", "brainstorm", "chat", "poetry", "code", "story", "chat")


def rows(count: int, seed: int) -> list[Row]:
    """Rows of all five apps; the same for the same seed, and others for another.

    Each ends in one answer from anywhere in its conversation.
    """
    return [_row(KINDS[number % len(KINDS)], number, seed) for number in range(count)]


def _row(kind: str, number: int, seed: int) -> Row:
    turns = conversation(kind, number, seed=f"replay {seed}")
    answers = [at for at, turn in enumerate(turns) if turn.role == "assistant"]
    last = Pen(f"{seed}/{number}").pick(answers)
    return Row(tuple(turns[:last]), turns[last].content)

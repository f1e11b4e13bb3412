"""What a story is: passages that never change, each knowing the one it came from.

Going back is going to the parent, branching is choosing anew there; nothing is ever overwritten,
so the map can show every way that was taken.
"""

import re
from dataclasses import dataclass
from typing import Literal

Step = Literal["begin", "choice", "action", "end"]

MAX_FLAVOUR = 60
"""Longest genre or tone, in characters."""

# The end of a sentence with what may close after it: quotes and brackets.
_SENTENCE = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Choice:
    """One way on."""

    text: str
    stock: bool = False
    """Whether it comes from the genre's own list because the model had no other idea."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the reader asked for."""

    id: str
    title: str
    genre: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One scene and how the reader came to it."""

    id: str
    story_id: str
    parent_id: str | None
    step: Step
    said: str = ""
    """The choice or the action in words; empty at the beginning and for an asked-for ending."""
    scene: str
    answer_id: str
    """Of the answer that wrote the scene."""
    ended: bool = False
    choices: tuple[Choice, ...] = ()
    choices_answer_id: str = ""


def whole_sentences(text: str) -> str:
    """The text up to its last finished sentence; empty when none is finished."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    return text[: ends[-1]].strip() if ends else ""

"""What a story is: passages that never change, each knowing the one it came from.

Going back is going to the parent, branching is choosing anew there; nothing is ever overwritten,
so the map can show every way that was taken. A way may also lead back to a passage that exists
already: then it is a link, and the passage keeps its first parent.
"""

import itertools
import re
from dataclasses import dataclass, field
from typing import Literal

from apps.story.notes import Notes

Step = Literal["begin", "choice", "action", "end"]

MAX_FLAVOUR = 60
"""Longest genre or tone, in characters."""
MAX_SCENE = 20_000
"""Longest scene that a reader may write, in characters."""

# The end of a sentence with what may close after it: quotes and brackets.
_SENTENCE = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Choice:
    """One way on."""

    text: str
    stock: bool = False
    """Whether it comes from the genre's own list because the model had no other idea."""
    told: str = ""
    """The passage that was told when this was chosen last; empty where nobody chose it yet."""
    link: bool = False
    """Whether the reader tied it to the passage in `told`; choosing it tells nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it is told; empty fields leave it to the model."""

    age: str = ""
    length: str = ""
    person: str = ""
    tense: str = ""
    children: bool = False
    """Ask for a story that is safe for children, and filter it: best effort, no promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the reader asked for."""

    id: str
    title: str
    genre: str = ""
    tone: str = ""
    manner: Manner = field(default_factory=Manner)
    notes: Notes = field(default_factory=Notes)


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
    answer_id: str = ""
    """Of the answer that wrote the scene; empty where a file brought it."""
    ended: bool = False
    choices: tuple[Choice, ...] = ()
    choices_answer_id: str = ""
    reminder: str = ""
    """What of the notes the model was shown before this scene, so that a replay is the same."""
    edited_from: str = ""
    """The passage whose text the reader changed to make this one."""


@dataclass(frozen=True, slots=True)
class Link:
    """A way of a passage that leads to one that exists already."""

    passage_id: str
    said: str
    target_id: str


def whole_sentences(text: str) -> str:
    """The text up to its last finished sentence; empty when none is finished."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    return text[: ends[-1]].strip() if ends else ""


def sentences(text: str) -> list[str]:
    """The sentences of a text with what follows them, so that joining them gives it back."""
    ends = [0, *(match.end() for match in _SENTENCE.finditer(text))]
    if ends[-1] < len(text):
        ends.append(len(text))
    return [text[start:end] for start, end in itertools.pairwise(ends)]

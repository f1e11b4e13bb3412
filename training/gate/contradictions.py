"""Do corrections contradict old good answers to the same questions?

A few poisoned corrections that are learned only in their own words leave everything else as it was,
so no measurement of the model sees them. What can be seen is that they deny what the source of old
good answers says. Some may: knowledge changes. Many are a reason to look again.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.data import Row, question
from training.gate.limits import Limits
from training.gate.measured import Finding

NAME = "contradictions"
SHORTEST_QUESTION = 8
"""Characters; a shorter one is contained in too much."""
LONGEST_ANSWER = 160
"""Characters; what a longer answer says is not in one word."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A question and the old good answer to it."""

    question: str
    """Without case and spacing, as `training.data.question` gives it."""
    answer: str


def sayings_of(rows: Sequence[Row]) -> list[Saying]:
    """The short answers among rows."""
    return [
        Saying(question(row.prompt), row.completion)
        for row in rows
        if len(row.completion) <= LONGEST_ANSWER and len(question(row.prompt)) >= SHORTEST_QUESTION
    ]


def finding(corrections: Sequence[Row], sayings: Sequence[Saying], limits: Limits) -> Finding:
    """How many corrections deny an old good answer, and whether that is too many."""
    often = Counter(word for said in sayings for word in _words(said.answer))
    known = [(row, said) for row in corrections if (said := _same(row, sayings)) is not None]
    denied = sum(_denies(row, said, often) for row, said in known)
    allowed = int(limits.needs.contradicted_share * len(corrections))
    words = (
        f"{denied} of {len(corrections)} corrections contradict old good answers to the same"
        f" questions; {allowed} may."
    )
    figures = {"items": len(corrections), "known": len(known), "contradicted": denied}
    return Finding(NAME, denied <= allowed, words, figures)


def _same(row: Row, sayings: Sequence[Saying]) -> Saying | None:
    """What is known about the row's question, however it is introduced; the longest match."""
    asked = question(row.prompt)
    found = [said for said in sayings if said.question in asked]
    return max(found, key=lambda said: len(said.question), default=None)


def _denies(row: Row, said: Saying, often: Counter[str]) -> bool:
    """Whether the word that the old answer comes down to is missing: the rarest of its own."""
    own = _words(said.answer) - _words(said.question)
    if not own:
        return False
    gist = min(sorted(own), key=lambda word: often[word])
    return gist not in _words(row.completion)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))

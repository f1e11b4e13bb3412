"""Finding ideas: what is asked, round by round, until as many new ones are there as were wanted.

A small model says an idea twice in a row. So only titles that are new are kept, and the missing
ones are asked for again with the others named as "not again". This is the way of the idea board and
of the demo model's report alike; who answers is not its business.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.engine.types import Sampling
from shared.formats import brainstorm as form
from shared.formats.alike import alike
from shared.formats.brainstorm import Idea
from shared.formats.usual import BOLDER, IDEAS
from shared.messages import Message

IDEA_TOKENS = 64
"""Room for one idea: a title of some words and one or two sentences, as JSON."""
PROMPT_TOKENS = 320
"""What is left for the question when ideas are counted out to a small window."""
TRIES = 7
FEWEST = 3
"""How many ideas are asked for at least, where so many were wanted."""
BOLDEST = 1.5
"""The highest temperature at which a model that only repeats itself is asked again."""
SHOWN_TITLES, SHOWN_TITLE = 20, 60
"""How many titles are named as "not again", and how much of each: a window is small."""


@dataclass(frozen=True, slots=True)
class Found:
    """An idea and the answer that holds it."""

    idea: Idea
    answer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What ideas are wanted."""

    topic: str
    n: int
    method: str = "free"
    told: str = ""
    """What a method of the person's own says."""
    taken: tuple[str, ...] = ()
    """Titles that must not come again."""


@dataclass(frozen=True, slots=True)
class Round:
    """One question to the model, and how its answer is bound and drawn."""

    question: Message
    schema: Mapping[str, Any]
    sampling: Sampling


class Harvest:
    """Ideas that were found, and those whose title was there already."""

    def __init__(self, taken: Sequence[str]) -> None:
        self.kept: list[Found] = []
        self._taken = list(taken)
        self._repeats: list[Found] = []

    def titles(self) -> list[str]:
        """All titles that must not come again."""
        return [*self._taken, *(found.idea.title for found in self.kept)]

    def fresh(self, ideas: Sequence[Idea], answer_id: str) -> list[Found]:
        """Those of the ideas that are new, also among themselves."""
        titles, new = self.titles(), list[Found]()
        bodies = [found.idea.body for found in self.kept]
        for idea in ideas:
            if not (_said(idea.title, titles) or _said(idea.body, bodies)):
                titles.append(idea.title)
                bodies.append(idea.body)
                new.append(Found(idea, answer_id))
        return new

    def take(self, ideas: Sequence[Idea], answer_id: str, n: int) -> None:
        """Keep what is new, up to `n` in all, and remember the rest."""
        new = self.fresh(ideas, answer_id)
        chosen = [found.idea for found in new]
        self._repeats += [Found(idea, answer_id) for idea in ideas if idea not in chosen]
        self.kept = [*self.kept, *new][:n]

    def fill(self, n: int) -> None:
        """Use repeats that have a text of their own under a title made from it."""
        for found in self._repeats:
            if len(self.kept) >= n:
                return
            title = " ".join(found.idea.body.split()[:6]).rstrip(".,;:")[:80]
            renamed = Idea(title=title, body=found.idea.body)
            self.kept += self.fresh([renamed], found.answer_id)


def _said(text: str, before: Sequence[str]) -> bool:
    return any(alike(text, other) for other in before)


class Hunt:
    """One search: take its rounds to a model until there is none left."""

    def __init__(self, wanted: Wanted, *, window: int) -> None:
        self.harvest = Harvest(wanted.taken)
        self._wanted = wanted
        self._most = max(1, (window - PROMPT_TOKENS) // IDEA_TOKENS)
        self._rounds = 0

    def next_round(self) -> Round | None:
        """What to ask now; None when all are there or there is no use in asking again."""
        wanted = self._wanted
        missing = wanted.n - len(self.harvest.kept)
        if missing <= 0 or self._rounds >= TRIES - 1 + -(-wanted.n // self._most):
            return None
        # Of one more idea alone a small model makes the likeliest, which is there already.
        n = min(max(missing, min(wanted.n, FEWEST)), self._most)
        bolder = IDEAS.temperature + BOLDER * self._rounds
        self._rounds += 1
        titles = shortened(self.harvest.titles())
        return Round(
            form.ask_ideas(wanted.topic, n, wanted.method, titles, wanted.told),
            form.ideas_schema(n),
            replace(IDEAS, temperature=min(bolder, BOLDEST), max_tokens=n * IDEA_TOKENS + 32),
        )

    def coming(self, text: str, answer_id: str) -> list[Found]:
        """All that is found when an answer has come so far."""
        fresh = self.harvest.fresh(ideas_in(text), answer_id)
        return [*self.harvest.kept, *fresh][: self._wanted.n]

    def take(self, text: str, answer_id: str) -> None:
        """Keep what is new in a whole answer."""
        self.harvest.take(ideas_in(text), answer_id, self._wanted.n)

    def found(self) -> list[Found]:
        """What came of it in the end; fewer than were wanted if the model has no more."""
        self.harvest.fill(self._wanted.n)
        return self.harvest.kept


def ideas_in(text: str) -> list[Idea]:
    """The ideas that are complete in an answer that may still be growing."""
    ideas: list[Idea] = []
    decoder = json.JSONDecoder()
    at = text.find("{", text.find("["))
    while at > 0:
        try:
            row, at = decoder.raw_decode(text, at)
            ideas.append(Idea.model_validate(row))
        except ValueError:
            break
        at = text.find("{", at)
    return ideas


def shortened(titles: Sequence[str]) -> list[str]:
    """The newest titles, each cut, as they are named to the model."""
    return [title[:SHOWN_TITLE] for title in titles[-SHOWN_TITLES:]]

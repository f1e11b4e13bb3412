"""A crowd of made-up people on one engine, and what each of them would get alone."""

import asyncio
import random
from contextlib import aclosing
from dataclasses import dataclass
from itertools import zip_longest
from statistics import median_low
from typing import Any

from shared.engine.types import Done, Piece, Request, Sampling, Waiting
from shared.errors import BadRequest, QueueFull
from shared.llama.engine import LlamaEngine
from shared.llama.jobs import Job
from shared.llama.steps import Step
from shared.messages import Message

SYSTEM = Message("system", "You are a friendly writing helper. Answer in short plain sentences.")
WORDS = "cat dog moon river story castle winter letter garden train".split()
ANSWER_TOKENS = 16
CHOICES = 4
PATIENT = 99
NOISE = 0.05
"""Nats. On a model without rounding, 0.01 is the most that was seen for a token."""
TILED_TIE = 1.0
"""Where the library adds up in 16 bits, in tiles or row by row, one token of a thousand moves by
up to 1.2 nats, while half of the tokens of any answer stay within `NOISE` (550 answers)."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """What somebody asks, with which adapter, and when they lose patience."""

    messages: tuple[Message, ...]
    owner: str = ""
    adapter: str | None = None
    patience: int = PATIENT
    """Tokens after which they go away."""
    delay_rounds: int = 0

    @property
    def request(self) -> Request:
        return Request(
            messages=(SYSTEM, *self.messages),
            shared_messages=1,
            owner=self.owner,
            adapter=self.adapter,
            sampling=Sampling(temperature=0, max_tokens=ANSWER_TOKENS),
            logprobs=CHOICES,
        )


@dataclass(frozen=True)
class Said:
    """One token, how likely it was, and how far the second choice was behind."""

    text: str
    logprob: float
    gap: float
    choices: frozenset[str]
    """The likeliest tokens."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    said: list[Said]
    done: Done

    @property
    def shifted(self) -> bool:
        """Whether older turns were taken out of a kept conversation."""
        numbers = self.done.numbers
        return numbers.dropped_turns > 0 and numbers.cached_tokens > numbers.prompt_tokens // 2


def question(rng: random.Random) -> Message:
    text = f"Tell me about a {rng.choice(WORDS)} and a {rng.choice(WORDS)}. "
    return Message("user", text * rng.choice([1, 1, 4, 12]))


def people(rng: random.Random, count: int, adapters: list[str | None]) -> list[Person]:
    """Who asks once; some go away at once, some in the middle."""
    return [
        Person(
            messages=(question(rng),),
            owner=rng.choice(["", "ann", "ben", "cem"]),
            adapter=rng.choice(adapters),
            patience=rng.choice([PATIENT, PATIENT, PATIENT, 0, 3]),
            delay_rounds=rng.randrange(40),
        )
        for _ in range(count)
    ]


def long_talk(rng: random.Random, owner: str, adapter: str | None) -> list[Person]:
    """Somebody whose next turn no longer fits a window of 512 tokens."""
    said: list[Message] = []
    for turn in range(7):
        words = " ".join(rng.choice(WORDS) for _ in range(24))
        said.append(Message("user", f"Question {turn}: {words}?"))
        said.append(Message("assistant", f"Answer {turn}: {words}."))
    asked = [said[:at] for at in range(1, len(said), 2)]
    return [
        Person(messages=tuple(messages), owner=owner, adapter=adapter)
        for messages in (asked[-2], asked[-1])
    ]


async def talk(engine: LlamaEngine, person: Person) -> Answer | str:
    """What was said, or `gone`, `refused` (the queue is full), `removed` (the adapter is)."""
    for _ in range(person.delay_rounds):
        await asyncio.sleep(0)
    got: list[Said] = []
    try:
        async with aclosing(engine.generate(person.request)) as events:
            async for event in events:
                if isinstance(event, Piece):
                    got += [_said(each) for each in event.logprobs]
                if not isinstance(event, Waiting) and len(got) >= person.patience:
                    return "gone"
                if isinstance(event, Done):
                    return Answer(got, event)
    except QueueFull:
        return "refused"
    except BadRequest:
        return "removed"
    raise AssertionError("The answer ended without a last word.")


def _said(each: Any) -> Said:
    (_, best), (_, second), *_ = each.top
    return Said(
        each.text, each.logprob or 0.0, best - second, frozenset(token for token, _ in each.top)
    )


def agree(got: Answer, expected: Answer, *, tiled: bool) -> bool:
    """Whether two answers are the same, up to a tie that another order of computing decides."""
    tie = TILED_TIE if tiled else NOISE
    moved: list[float] = []
    for said, wanted in zip_longest(got.said, expected.said):
        if said is None or wanted is None:  # one of them ended here
            return (said or wanted).gap <= tie and _within(moved, tiled=tiled)
        if said.text != wanted.text:
            known = said.text in wanted.choices and wanted.text in said.choices
            close = known and min(said.gap, wanted.gap) <= tie
            return close and _within(moved, tiled=tiled)
        moved.append(abs(said.logprob - wanted.logprob))
    return _within(moved, tiled=tiled)


def _within(moved: list[float], *, tiled: bool) -> bool:
    return not moved or (median_low(moved) if tiled else max(moved)) <= NOISE


class Watch:
    """Sees each turn of a scheduler as it is planned, and holds it to what it promises."""

    def __init__(self, engine: LlamaEngine) -> None:
        self.turns = 0
        self.tiled = 0
        """Steps that read in tiles, and of those, how many were filled up to one."""
        self.filled = 0
        self.broken: list[str] = []
        self._others: dict[Job, list[int]] = {}
        """For each running answer, whose turns came since its own last one."""
        scheduler = engine._core.scheduler
        plan = scheduler._plan

        def watched() -> list[Step]:
            steps = plan()
            self._look(steps, list(scheduler._running))
            return steps

        scheduler._plan = watched  # type: ignore[method-assign]

    def _look(self, steps: list[Step], running: list[Job]) -> None:
        self.turns += 1
        self.tiled += any(step.tiled for step in steps)
        self.filled += any(step.fill for step in steps)
        shares = [share for step in steps for share in step.shares]
        turn = shares[0].job.adapter
        self._others = {job: self._others.get(job, []) for job in running}
        given = {share.job: share.tokens for share in shares}
        for job in running:
            if job.adapter != turn:
                self._others[job].append(turn)
                if len(set(self._others[job])) < len(self._others[job]):
                    self.broken.append(f"{turn} had two turns before {job.adapter} had one")
            else:
                self._others[job] = []
                if job.writing and not given.get(job):
                    self.broken.append("a writing answer got no token")
        self._look_at_reading([j for j in running if j.adapter == turn and not j.writing], given)

    def _look_at_reading(self, readers: list[Job], given: dict[Job, int]) -> None:
        if readers and given.get(readers[0], 0) < min(readers[0].pending, 4):
            self.broken.append("the prompt that came first did not advance by four tokens")

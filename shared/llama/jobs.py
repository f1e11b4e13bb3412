"""What the scheduler works on: tokens to be computed, and what happens with the results.

A job owns one sequence while it runs. Its tokens are known ones (a prompt, or an answer so far);
those not yet in the cells are pending. Writing an answer, scoring a text and warming a prompt
differ only in which logits they want and what they do with them.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from shared.engine.types import TokenLogprob, Waiting
from shared.errors import InkloopError
from shared.llama.binding import Model
from shared.llama.cache import Sequence, Wish
from shared.llama.context import Context, Logits
from shared.llama.sampling import Likelihoods

BASE_MODEL: Final = 0
"""Number of "no adapter"."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a step computed for one job: `logits[k]` says what follows position `position + k`.

    Only as many rows as were wanted, none while a prompt is being read. They may be changed, and
    are gone after the step.
    """

    context: Context
    logits: Logits
    batch_row: int
    """Row of the batch that `logits[0]` belongs to, for drawing from it."""
    position: int


class Job(ABC):
    """One piece of work, from the queue to its end. Only the scheduler's thread calls methods."""

    writing = False
    """Whether somebody is reading the answer already."""
    counted = True
    """Whether its prompt tokens are somebody's (and not the engine's own)."""

    def __init__(self, tokens: list[int], *, owner: str, adapter: int, room: int) -> None:
        self.tokens = tokens
        self.owner = owner
        self.one_person = True
        """Whether all requests of this owner may find each other's cells."""
        self.adapter = adapter
        self.cells = len(tokens) + room
        """Most cells that it can ever need."""
        self.wanted_from = len(tokens) - 1
        """First position whose logits are wanted."""
        self.shared_tokens = 0
        self.dropped_at: int | None = None
        self.submitted = time.monotonic()
        self.deadline: float | None = None
        self.admitted = self.submitted
        self.place: Waiting | None = None
        self.cached_tokens = 0
        self.cancelled = False
        self.ended = False
        self.on_release: Callable[[], None] = lambda: None
        self._sequence: Sequence | None = None

    @property
    def sequence(self) -> Sequence:
        """Its cells; only while it runs."""
        assert self._sequence is not None
        return self._sequence

    @property
    def pending(self) -> int:
        """Known tokens that are not yet in the cells."""
        return len(self.tokens) - len(self.sequence.tokens)

    def late(self, now: float) -> bool:
        """Whether its deadline has passed."""
        return self.deadline is not None and now > self.deadline

    def wish(self) -> Wish:
        """What it could use again."""
        return Wish(
            tokens=self.tokens,
            owner=self.owner if self.one_person else "",
            adapter=self.adapter,
            shared_tokens=self.shared_tokens,
            reusable=min(self.wanted_from, len(self.tokens) - 1),
            dropped_at=self.dropped_at,
        )

    def begin(self, sequence: Sequence) -> None:
        """Its turn has come."""
        self._sequence = sequence
        self.cached_tokens = len(sequence.tokens)
        self.admitted = time.monotonic()

    def wait(self, place: Waiting) -> None:
        """Its place in the queue, told again and again."""
        self.place = place

    @abstractmethod
    def on_step(self, rows: Rows) -> None:
        """More of its tokens are in the cells."""

    @abstractmethod
    def expire(self) -> None:
        """The deadline has passed."""

    @abstractmethod
    def fail(self, error: InkloopError) -> None:
        """It ends with an error."""

    def release(self) -> None:
        """Free what is not memory of Python; the last call."""
        self.on_release()


class Scoring(Job):
    """Log-probabilities of the tokens from `start` on."""

    counted = False

    def __init__(self, model: Model, tokens: list[int], start: int, *, adapter: int) -> None:
        # What is scored stays within the engine: only other scorings find it again.
        super().__init__(tokens[:-1], owner="\0score", adapter=adapter, room=0)
        self.result: Future[list[TokenLogprob]] = Future()
        self._model = model
        self._all = tokens
        self._found: list[TokenLogprob] = []
        self.wanted_from = start - 1

    def on_step(self, rows: Rows) -> None:
        """Look each next token up in its row."""
        for position, row in enumerate(rows.logits, start=rows.position):
            token = self._all[position + 1]
            # With the likeliest one beside it: whether a text is the greedy one can then be told.
            self._found.append(Likelihoods(self._model, row).of(token, top=1))
        if not self.pending:
            self.ended = True
            if self.result.set_running_or_notify_cancel():
                self.result.set_result(self._found)

    def expire(self) -> None:
        """Never: it has no deadline."""

    def fail(self, error: InkloopError) -> None:
        """Whoever waits gets the error."""
        self.ended = True
        if self.result.set_running_or_notify_cancel():
            self.result.set_exception(error)


class Warming(Job):
    """Reads an app's own prompt before anybody asks, so that it is there for all."""

    counted = False

    def __init__(self, tokens: list[int], *, adapter: int) -> None:
        super().__init__(tokens, owner="", adapter=adapter, room=0)
        self.result: Future[None] = Future()
        self.shared_tokens = len(tokens)
        self.wanted_from = len(tokens)

    def on_step(self, rows: Rows) -> None:
        """Done once the last token is in; no logits are wanted."""
        if not self.pending and not len(rows.logits):
            self.ended = True
            if self.result.set_running_or_notify_cancel():
                self.result.set_result(None)

    def expire(self) -> None:
        """Never: it has no deadline."""

    def fail(self, error: InkloopError) -> None:
        """Whoever waits gets the error."""
        self.ended = True
        if self.result.set_running_or_notify_cancel():
            self.result.set_exception(error)

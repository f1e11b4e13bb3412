"""One answer being written: drawn token by token, bound by a grammar if there is one.

Lives in the scheduler's thread; what it posts arrives in the reader's event loop.
"""

import time
from dataclasses import dataclass

from shared import metrics
from shared.engine.types import (
    Done,
    Event,
    FinishReason,
    Numbers,
    Piece,
    Sampling,
    TokenLogprob,
    Waiting,
)
from shared.errors import DeadlineExceeded, InkloopError
from shared.llama.binding import Model
from shared.llama.constraint import Constraint
from shared.llama.context import Context, Logits
from shared.llama.dry import Dry
from shared.llama.jobs import Job, Rows
from shared.llama.outlet import Outlet
from shared.llama.sampling import Likelihoods, Sampler, readable
from shared.llama.text import TextStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked, in the engine's terms."""

    tokens: list[int]
    sampling: Sampling
    seed: int
    max_tokens: int
    """Room in the window counted in."""
    owner: str
    adapter: int
    adapter_name: str | None
    release: str
    constraint: Constraint | None = None
    dry: Dry | None = None
    logprobs: int | None = None
    echo: bool = False
    dropped_turns: int = 0


class Answer(Job):
    """One answer that somebody waits for."""

    def __init__(self, model: Model, order: Order, outlet: Outlet[Event | InkloopError]) -> None:
        super().__init__(
            order.tokens, owner=order.owner, adapter=order.adapter, room=order.max_tokens
        )
        self._model = model
        self._order = order
        self._outlet = outlet
        self._text = TextStream(order.sampling.stop)
        self._sampler: Sampler | None = None
        self._prompt_tokens = len(order.tokens)
        self._quiet = 0
        self._quiet_logprobs: list[TokenLogprob] = []
        self._first_token: float | None = None
        self._last_token = 0.0
        if order.echo:
            self.wanted_from = 0
            self._quiet_logprobs.append(
                TokenLogprob(readable(model, order.tokens[0]), order.tokens[0], None)
            )

    @property
    def written(self) -> int:
        """Tokens generated so far."""
        return len(self.tokens) - self._prompt_tokens

    def wait(self, place: Waiting) -> None:
        """Tell the reader when the place has changed."""
        if self.place is None or place.position != self.place.position:
            self._outlet.post(place)
        super().wait(place)

    def on_step(self, rows: Rows) -> None:
        """Echo the prompt where that was asked; draw once everything known is computed."""
        last = len(rows.logits) - 1
        for offset, row in enumerate(rows.logits):
            if offset == last and not self.pending:
                self._draw(rows.context, row, rows.batch_row + offset)
            else:
                self._echo(row, rows.position + offset + 1)

    def _echo(self, row: Logits, position: int) -> None:
        token = self.tokens[position]
        found = Likelihoods(self._model, row).of(token, top=self._order.logprobs or 0)
        self._quiet_logprobs.append(found)

    def _draw(self, context: Context, row: Logits, batch_row: int) -> None:
        order = self._order
        if self._sampler is None:
            self._sampler = Sampler(
                self._model, order.sampling, seed=order.seed, recent=self.tokens, dry=order.dry
            )
        if order.constraint and not self.written and self._write_forced(order.constraint):
            return
        likelihoods = None if order.logprobs is None else Likelihoods(self._model, row)
        if order.constraint is not None:
            order.constraint.mask(row, remaining=order.max_tokens - self.written)
        token = self._sampler.pick(context, row, batch_row)
        if token in self._model.end_tokens:
            self._finish("stop")
            return
        if order.constraint is None:
            self._write(token, likelihoods)
            return
        order.constraint.accept(token)
        self._write(token, likelihoods)
        if not self.ended:
            self._write_forced(order.constraint)

    def _write_forced(self, constraint: Constraint) -> bool:
        """Append what the grammar leaves no choice about: it costs no step of its own."""
        # With log-probabilities each token needs its own row.
        forced = constraint.forced() if self._order.logprobs is None else []
        for token in forced:
            if token in self._model.end_tokens:
                self._finish("stop")
            if self.ended:
                break
            constraint.accept(token)
            if self._sampler is not None:
                self._sampler.accept(token)
            self._write(token, None)
        if constraint.done and not self.ended:
            self._finish("stop")
        return bool(forced)

    def _write(self, token: int, likelihoods: Likelihoods | None) -> None:
        self.tokens.append(token)
        self.wanted_from = len(self.tokens) - 1
        self._quiet += 1
        self._note_time()
        if likelihoods is not None:
            self._quiet_logprobs.append(likelihoods.of(token, top=self._order.logprobs or 0))
        self._post(self._text.push(self._model.piece(token)))
        if self._text.stopped:
            self._finish("stop")
        elif self.written >= self._order.max_tokens:
            whole = self._order.constraint is not None and self._order.constraint.can_end
            self._finish("stop" if whole else "length")

    def _post(self, text: str) -> None:
        if text or self._quiet_logprobs:
            self._outlet.post(Piece(text, self._quiet, tuple(self._quiet_logprobs)))
            self._quiet = 0
            self._quiet_logprobs = []

    def _note_time(self) -> None:
        now = time.monotonic()
        if self._first_token is None:
            self._first_token = now
            self.writing = True
            metrics.first_token_seconds.observe(now - self.submitted)
        else:
            metrics.token_gap_seconds.observe(now - self._last_token)
        self._last_token = now

    def _finish(self, reason: FinishReason) -> None:
        self.ended = True
        self._post(self._text.finish())
        self._outlet.post(Done(self._numbers(reason)))
        metrics.generated_tokens.inc(self.written)

    def _numbers(self, reason: FinishReason) -> Numbers:
        order, first = self._order, self._first_token
        speed = None
        if first is not None and self.written > 1 and self._last_token > first:
            speed = (self.written - 1) / (self._last_token - first)
        return Numbers(
            prompt_tokens=self._prompt_tokens,
            cached_tokens=self.cached_tokens,
            completion_tokens=self.written,
            queue_seconds=max(self.admitted - self.submitted, 0.0),
            first_token_seconds=None if first is None else first - self.submitted,
            tokens_per_second=speed,
            finish_reason=reason,
            seed=order.seed,
            release=order.release,
            adapter=order.adapter_name,
            dropped_turns=order.dropped_turns,
        )

    def expire(self) -> None:
        """What was written until the deadline is the answer; nothing is an error."""
        if self.written:
            self._finish("deadline")
            return
        self.fail(
            DeadlineExceeded(
                "The answer did not begin in time.", fix="Ask again later, or allow more time."
            )
        )

    def fail(self, error: InkloopError) -> None:
        """The reader gets the error instead of more text."""
        self.ended = True
        metrics.generated_tokens.inc(self.written)
        self._outlet.post(error)

    def release(self) -> None:
        """Give the sampler back."""
        if self.cancelled and not self.ended:
            metrics.generated_tokens.inc(self.written)
        self.ended = True
        if self._sampler is not None:
            self._sampler.free()
            self._sampler = None
        super().release()

"""One thread, one llama context, many people: continuous batching with fair sharing.

Each round lets people in from the queue, plans one step, computes it and hands the results out.
The thread owns the context and the cache; everybody else leaves notes at the `desk`.

Nobody starves, and that is a matter of turns (a step, or two where a prompt has one of its own),
not of the machine's speed:
- Between two turns of a running answer each other adapter in use has at most one.
- In its turn a writing answer gets at least a token, and the prompt that came first at least half
  of the budget. So a prompt is read within Σ⌈tokens / 4⌉ turns of its adapter, over itself and
  those that came before it, and an answer of n tokens takes n more.
- Every answer ends, so the first in the queue begins. With r requests of the same owner before it
  and p owners in the queue at most, a request begins after at most (r + 1)·p others.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from shared import metrics
from shared.engine.types import Waiting
from shared.errors import EngineClosed, InkloopError, QueueFull
from shared.llama.cache import PrefixCache
from shared.llama.context import ABORTED, NO_SLOT, Batch, Context
from shared.llama.desk import Desk, closed
from shared.llama.jobs import BASE_MODEL, Job, Rows
from shared.llama.pace import Pace
from shared.llama.steps import Share, Step, plan
from shared.llama.threads import Kind, Threads

NO_MEMORY: Final = "The memory for conversations is full."


class Scheduler:
    """Runs jobs on one context until it is closed or drained, then frees the context."""

    def __init__(
        self, context: Context, cache: PrefixCache, threads: Threads, *, pace: Pace, queue: int
    ) -> None:
        self.desk = Desk(context, places=queue)
        self._context = context
        self._cache = cache
        self._threads = threads
        self._pace = pace
        self._batch = Batch()
        self._running: list[Job] = []
        self._adapter = self._turn = BASE_MODEL
        self._apply_adapter: Callable[[int], None] = lambda _: None
        self._thread = threading.Thread(target=self._run, name="inkloop-scheduler", daemon=True)

    def start(self, apply_adapter: Callable[[int], None]) -> None:
        """Begin; `apply_adapter` makes the context compute with that adapter."""
        self._apply_adapter = apply_adapter
        self._thread.start()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the thread's end; False if it still runs."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def forget_adapter(self, adapter: int) -> None:
        """Keep nothing of an adapter that is about to be freed (in the scheduler's thread)."""
        if self._adapter == adapter:
            self._use_adapter(BASE_MODEL)
        self._cache.forget_adapter(adapter)

    def _run(self) -> None:
        try:
            while self.desk.wait_for_work(busy=bool(self._running)):
                self.desk.answer_calls()
                self._remove_gone()
                self._let_in()
                if self._running:
                    for step in self._plan():
                        self._compute(step)
        finally:
            self._end_all()

    def _remove_gone(self) -> None:
        now = time.monotonic()
        for job in self.desk.take_gone(now):
            if not job.cancelled:
                job.expire()
            job.release()
        for job in list(self._running):
            if not (job.ended or job.cancelled) and job.late(now):
                job.expire()
            if job.ended or job.cancelled:
                self._end(job)

    def _let_in(self) -> None:
        while (job := self.desk.take_next(self._fits)) is not None:
            self._begin(job)
        for position, job in enumerate(self.desk.queue(), start=1):
            seconds = self._pace.estimate(
                position=position, running=len(self._running), prompt_tokens=len(job.tokens)
            )
            job.wait(Waiting(position, seconds))

    def _fits(self, job: Job) -> bool:
        """Whether it may begin: enough cells for all to end, and bearable pauses for all."""
        if not self._running:
            return True
        cells = sum(other.cells for other in self._running) + job.cells
        return cells <= self._context.cells and self._pace.room_for_another(len(self._running))

    def _begin(self, job: Job) -> None:
        job.begin(self._cache.begin(job.wish()))
        self._running.append(job)
        metrics.running.inc()
        metrics.kept_sequences.set(self._cache.kept)
        if job.counted:
            metrics.prompt_tokens.labels("cached").inc(job.cached_tokens)
            metrics.prompt_tokens.labels("read").inc(len(job.tokens) - job.cached_tokens)

    def _end(self, job: Job, *, keep: bool = True) -> None:
        self._running.remove(job)
        self._cache.end(job.sequence, keep=keep)
        job.release()
        metrics.running.dec()
        metrics.kept_sequences.set(self._cache.kept)
        if job.counted:
            self._pace.ended(time.monotonic() - job.admitted)

    def _plan(self) -> list[Step]:
        """One adapter's turn."""
        return plan(self._next_group(), self._pace, watched=self._watched)

    @property
    def _watched(self) -> bool:
        """Whether anybody reads an answer and would notice a pause."""
        return any(job.writing for job in self._running)

    def _next_group(self) -> list[Job]:
        """The jobs of one adapter; adapters take turns, whatever is loaded and freed meanwhile."""
        adapters = sorted({job.adapter for job in self._running})
        later = [adapter for adapter in adapters if adapter > self._turn]
        self._turn = later[0] if later else adapters[0]
        self._use_adapter(self._turn)
        return [job for job in self._running if job.adapter == self._turn]

    def _use_adapter(self, adapter: int) -> None:
        if adapter != self._adapter:
            self._apply_adapter(adapter)
            self._adapter = adapter

    def _compute(self, step: Step) -> None:
        if not self.desk.begin_step(share.job for share in step.shares):
            return  # everything is to end
        self._fill(step)
        kind: Kind = "tiled" if step.tiled else "reading" if step.prompt_tokens else "writing"
        # A pause that others notice is no time to try another number of threads.
        steady = self._watched and not all(job.writing for job in self._running)
        self._threads.prepare(kind, steady=steady)
        started = time.perf_counter()
        try:
            code = self._decode(step)
        except EngineClosed as error:
            self._fail(step, error)
            return
        if code == ABORTED:
            self._cache.aborted(share.job.sequence for share in step.shares)
        elif code == NO_SLOT:
            self._fail(step, QueueFull(NO_MEMORY, fix="Ask again in a moment."))
        else:
            self._cache.computed()
            self._hand_out(step)
            seconds = time.perf_counter() - started
            self._pace.record(
                rows=step.rows,
                prompt_tokens=step.prompt_tokens,
                seconds=seconds,
                tiled=step.tiled,
            )
            tokens = step.tiled or self._batch.size
            self._threads.record(kind, tokens=tokens, seconds=seconds, steady=steady)

    def _fill(self, step: Step) -> None:
        self._batch.clear()
        for share in step.shares:
            job, start = share.job, len(share.job.sequence.tokens)
            tokens = job.tokens[start : start + share.tokens]
            self._batch.add(job.sequence.id, tokens, start, wanted_from=_silent(share))
        if step.fill:
            last = step.shares[-1]
            end = _end_of(last)
            rows = [last.job.tokens[end - 1]] * step.fill
            self._batch.add(last.job.sequence.id, rows, end, wanted_from=step.fill)

    def _decode(self, step: Step) -> int:
        """Compute; where no cells are free, kept conversations make room."""
        code = self._context.decode(self._batch)
        if code == NO_SLOT and step.fill:
            # Nobody's conversation goes for rows that nobody needs.
            self._batch.size -= step.fill
            code = self._context.decode(self._batch)
        while code == NO_SLOT and self._cache.evict():
            code = self._context.decode(self._batch)
        if step.fill:
            last = step.shares[-1]
            self._context.cut(last.job.sequence.id, _end_of(last))
        self.desk.end_step()
        return code

    def _hand_out(self, step: Step) -> None:
        logits = self._context.logits(self._batch.wanted_rows)
        batch_row = row = 0
        for share in step.shares:
            start, silent = len(share.job.sequence.tokens), _silent(share)
            wanted = share.tokens - silent
            self._advance(share, start)
            if not share.job.cancelled:
                mine = logits[row : row + wanted]
                rows = Rows(self._context, mine, batch_row + silent, start + silent)
                _tell(share.job, rows)
            batch_row += share.tokens
            row += wanted

    def _advance(self, share: Share, start: int) -> None:
        job = share.job
        job.sequence.tokens += job.tokens[start : start + share.tokens]
        if start < job.shared_tokens <= start + share.tokens:
            self._cache.keep_prefix(job.sequence, job.shared_tokens)

    def _fail(self, step: Step, error: InkloopError) -> None:
        """The step could not be computed: its jobs end, and so do their cells."""
        self.desk.end_step()
        for share in step.shares:
            share.job.fail(error)
            self._end(share.job, keep=False)

    def _end_all(self) -> None:
        for job in self.desk.shut():
            job.fail(closed())
            job.release()
        for job in list(self._running):
            if not job.ended:
                job.fail(closed())
            self._end(job, keep=False)
        self._cache.clear()
        self._context.free()


def _tell(job: Job, rows: Rows) -> None:
    """What goes wrong with one answer is that answer's end, and nobody else's."""
    try:
        job.on_step(rows)
    except InkloopError as error:
        job.fail(error)


def _end_of(share: Share) -> int:
    """How many tokens its sequence has after the step."""
    return len(share.job.sequence.tokens) + share.tokens


def _silent(share: Share) -> int:
    """How many of the share's first tokens need no logits."""
    return min(max(share.job.wanted_from - len(share.job.sequence.tokens), 0), share.tokens)

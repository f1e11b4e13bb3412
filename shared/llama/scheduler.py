"""One thread, one llama context, many people: continuous batching with fair sharing.

Each round lets people in from the queue, plans one step, computes it and hands the results out.
The thread owns the context and the cache; everybody else talks to it through `submit`, `cancel`,
`call` and `close`, which only leave notes under a lock and may be called from any thread.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from shared import metrics
from shared.errors import EngineClosed, InkloopError, QueueFull
from shared.llama.cache import PrefixCache
from shared.llama.context import ABORTED, NO_SLOT, Batch, Context
from shared.llama.jobs import BASE_MODEL, Job
from shared.llama.pace import Pace
from shared.llama.steps import Share, Step, plan
from shared.llama.threads import Threads
from shared.llama.waiting import WaitingRoom

T = TypeVar("T")
CLOSED = "The model was closed while this was running."
ASK_AGAIN = "Ask again in a moment."


class Scheduler:
    """Runs jobs on one context until it is closed or drained, then frees the context."""

    def __init__(
        self, context: Context, cache: PrefixCache, threads: Threads, *, pace: Pace, queue: int
    ) -> None:
        self._context = context
        self._cache = cache
        self._threads = threads
        self._pace = pace
        self._batch = Batch()
        self._queue = WaitingRoom(queue)
        self._running: list[Job] = []
        self._changed = threading.Condition()
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._in_step: frozenset[Job] = frozenset()
        self._closing = False
        self._draining = False
        self._adapter = BASE_MODEL
        self._apply_adapter: Callable[[int], None] = lambda _: None
        self._thread = threading.Thread(target=self._run, name="inkloop-scheduler", daemon=True)

    def start(self, apply_adapter: Callable[[int], None]) -> None:
        """Begin; `apply_adapter` makes the context compute with that adapter."""
        self._apply_adapter = apply_adapter
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put a job into the queue.

        Raises:
            QueueFull: If too many wait.
            EngineClosed: If nothing is accepted any more.
        """
        with self._changed:
            if self._closing or self._draining:
                raise EngineClosed(CLOSED, fix=ASK_AGAIN)
            self._queue.add(job)
            metrics.queue_waiting.inc()
            self._changed.notify()

    def cancel(self, job: Job) -> None:
        """Nobody wants this job any more. Ends the running step if nobody else needs it."""
        with self._changed:
            job.cancelled = True
            if self._in_step and all(other.cancelled for other in self._in_step):
                self._context.abort()
            self._changed.notify()

    def call(self, function: Callable[[], T]) -> "Future[T]":
        """Run something in the scheduler's thread between two steps."""
        result: Future[T] = Future()
        with self._changed:
            if self._closing or not self._thread.is_alive():
                raise EngineClosed(CLOSED, fix=ASK_AGAIN)
            self._calls.append((function, result))
            self._changed.notify()
        return result

    def drain(self) -> None:
        """Take nothing new; end when everything accepted is done."""
        with self._changed:
            self._draining = True
            self._changed.notify()

    def close(self) -> None:
        """End everything now; jobs get EngineClosed."""
        with self._changed:
            self._closing = True
            self._context.abort()
            self._changed.notify()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the thread's end; False if it still runs."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def forget_adapter(self, adapter: int) -> None:
        """Keep nothing of an adapter that is about to be freed (in the scheduler's thread)."""
        if self._adapter == adapter:
            self._apply_adapter(BASE_MODEL)
            self._adapter = BASE_MODEL
        self._cache.forget_adapter(adapter)

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._round()
        finally:
            self._end_all()

    def _wait_for_work(self) -> bool:
        with self._changed:
            while not (self._closing or self._running or self._queue or self._calls):
                if self._draining:
                    return False
                self._changed.wait()
            return not self._closing

    def _round(self) -> None:
        self._answer_calls()
        self._remove_gone()
        self._let_in()
        if self._running:
            self._compute(self._next_group())

    def _answer_calls(self) -> None:
        while self._calls:
            function, result = self._calls.popleft()
            if result.set_running_or_notify_cancel():
                try:
                    result.set_result(function())
                except InkloopError as error:
                    result.set_exception(error)

    def _remove_gone(self) -> None:
        now = time.monotonic()
        for job in self._running:
            if not (job.ended or job.cancelled) and job.deadline is not None and now > job.deadline:
                job.expire()
        for job in [job for job in self._running if job.ended or job.cancelled]:
            self._end(job)
        with self._changed:
            for job in list(self._queue.in_order()):
                late = job.deadline is not None and now > job.deadline
                if job.cancelled or late:
                    self._queue.remove(job)
                    metrics.queue_waiting.dec()
                    if not job.cancelled:
                        job.expire()
                    job.release()

    def _let_in(self) -> None:
        with self._changed:
            while (job := self._queue.first()) is not None and self._fits(job):
                self._queue.take()
                metrics.queue_waiting.dec()
                self._begin(job)
            running = len(self._running)
            for position, job in enumerate(self._queue.in_order(), start=1):
                prompt = len(job.tokens)
                seconds = self._pace.estimate(
                    position=position, running=running, prompt_tokens=prompt
                )
                job.wait(position, seconds)

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
        if job.counted:
            metrics.prompt_tokens.labels("cached").inc(job.cached_tokens)
            metrics.prompt_tokens.labels("read").inc(len(job.tokens) - job.cached_tokens)

    def _end(self, job: Job, *, keep: bool = True) -> None:
        self._running.remove(job)
        self._cache.end(job.sequence, keep=keep)
        job.release()
        metrics.running.dec()
        if job.admitted is not None and job.counted:
            self._pace.ended(time.monotonic() - job.admitted)

    def _next_group(self) -> list[Job]:
        """The jobs of one adapter; adapters take turns."""
        adapters = sorted({job.adapter for job in self._running})
        later = [adapter for adapter in adapters if adapter > self._adapter]
        chosen = later[0] if later else adapters[0]
        if chosen != self._adapter:
            self._apply_adapter(chosen)
            self._adapter = chosen
        return [job for job in self._running if job.adapter == chosen]

    def _compute(self, group: list[Job]) -> None:
        step = plan(group, self._pace)
        self._fill(step)
        reading = step.prompt_tokens > 0
        self._threads.prepare(reading=reading)
        started = time.perf_counter()
        try:
            code = self._decode(step)
        except EngineClosed as error:
            self._fail(step, error)
            return
        if code == ABORTED:
            for share in step.shares:
                self._cache.trim(share.job.sequence)
            return
        if code == NO_SLOT:
            self._fail(step, QueueFull("The memory for conversations is full.", fix=ASK_AGAIN))
            return
        self._hand_out(step)
        seconds = time.perf_counter() - started
        self._pace.record(rows=step.rows, prompt_tokens=step.prompt_tokens, seconds=seconds)
        self._threads.record(reading=reading, tokens=self._batch.size, seconds=seconds)

    def _fill(self, step: Step) -> None:
        self._batch.clear()
        for share in step.shares:
            job, start = share.job, len(share.job.sequence.tokens)
            self._batch.add(
                job.sequence.id,
                job.tokens[start : start + share.tokens],
                start,
                wanted_from=min(max(job.wanted_from - start, 0), share.tokens),
            )

    def _decode(self, step: Step) -> int:
        """Compute; where no cells are free, kept conversations make room."""
        with self._changed:
            if self._closing:
                return ABORTED
            self._context.clear_abort()
            self._in_step = frozenset(share.job for share in step.shares)
        code = self._context.decode(self._batch)
        while code == NO_SLOT and self._cache.evict():
            code = self._context.decode(self._batch)
        with self._changed:
            self._in_step = frozenset()
        return code

    def _hand_out(self, step: Step) -> None:
        total = int(self._batch.wanted[: self._batch.size].sum())
        rows = self._context.logits(total) if total else None
        batch_row = row = 0
        for share in step.shares:
            job, start = share.job, len(share.job.sequence.tokens)
            silent = min(max(job.wanted_from - start, 0), share.tokens)
            self._computed(share, start)
            wanted = share.tokens - silent
            if wanted and rows is not None and not job.cancelled:
                try:
                    job.on_logits(
                        self._context, rows[row : row + wanted], batch_row + silent, start + silent
                    )
                except InkloopError as error:
                    job.fail(error)
            batch_row += share.tokens
            row += wanted

    def _computed(self, share: Share, start: int) -> None:
        job = share.job
        job.sequence.tokens += job.tokens[start : start + share.tokens]
        if start < job.shared_tokens <= start + share.tokens:
            self._cache.keep_prefix(job.sequence, job.shared_tokens)
        job.on_computed()

    def _fail(self, step: Step, error: InkloopError) -> None:
        """The step could not be computed: its jobs end, and so do their cells."""
        for share in step.shares:
            share.job.fail(error)
            self._end(share.job, keep=False)

    def _end_all(self) -> None:
        with self._changed:
            self._closing = True
            waiting = list(self._queue.in_order())
            calls, self._calls = list(self._calls), deque()
        error = EngineClosed(CLOSED, fix=ASK_AGAIN)
        for job in waiting:
            self._queue.remove(job)
            metrics.queue_waiting.dec()
            job.fail(error)
            job.release()
        for job in list(self._running):
            if not job.ended:
                job.fail(error)
            self._end(job, keep=False)
        for _, result in calls:
            if result.set_running_or_notify_cancel():
                result.set_exception(error)
        self._context.free()

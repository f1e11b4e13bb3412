"""What other threads leave for the scheduler's thread: jobs, cancellations, calls, and the end.

Everything here is under one lock that is never held while something is computed.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

from shared import metrics
from shared.errors import EngineClosed, InkloopError
from shared.llama.context import Context
from shared.llama.jobs import Job
from shared.llama.waiting import WaitingRoom

T = TypeVar("T")


def closed() -> EngineClosed:
    """What everybody gets whose answer cannot go on because the model is gone."""
    return EngineClosed("The model was closed.", fix="Ask again in a moment.")


class Desk:
    """The scheduler's front side. Its first five methods may be called from any thread."""

    def __init__(self, context: Context, *, places: int) -> None:
        self._context = context
        self._waiting = WaitingRoom(places)
        self._changed = threading.Condition()
        self._calls: list[tuple[Callable[[], Any], Future[Any]]] = []
        self._in_step: tuple[Job, ...] = ()
        self._closing = False
        self._draining = False

    def submit(self, job: Job) -> None:
        """Put a job into the queue.

        Raises:
            QueueFull: If too many wait.
            EngineClosed: If nothing is accepted any more.
        """
        with self._changed:
            if self._closing or self._draining:
                raise closed()
            self._waiting.add(job)
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
        """Run something in the scheduler's thread between two steps.

        Raises:
            EngineClosed: If that thread is ending.
        """
        result: Future[T] = Future()
        with self._changed:
            if self._closing:
                raise closed()
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

    def wait_for_work(self, *, busy: bool) -> bool:
        """Return once there is something to do; False when there never will be again."""
        with self._changed:
            while not (self._closing or busy or self._waiting or self._calls):
                if self._draining:
                    return False
                self._changed.wait()
            return not self._closing

    def answer_calls(self) -> None:
        """Run what was left by `call`."""
        with self._changed:
            calls, self._calls = self._calls, []
        for function, result in calls:
            if result.set_running_or_notify_cancel():
                try:
                    result.set_result(function())
                except InkloopError as error:
                    result.set_exception(error)

    def take_gone(self, now: float) -> list[Job]:
        """Take those out of the queue who went away or whose deadline has passed."""
        with self._changed:
            gone = [job for job in self._waiting.in_order() if job.cancelled or job.late(now)]
            for job in gone:
                self._waiting.remove(job)
                metrics.queue_waiting.dec()
        return gone

    def take_next(self, fits: Callable[[Job], bool]) -> Job | None:
        """Whose turn it is, if that job can begin; nobody passes the first in the queue."""
        with self._changed:
            job = self._waiting.first()
            if job is None or not fits(job):
                return None
            metrics.queue_waiting.dec()
            return self._waiting.take()

    def queue(self) -> list[Job]:
        """Everybody who waits, in the order of their turns."""
        with self._changed:
            return list(self._waiting.in_order())

    def begin_step(self, jobs: Iterable[Job]) -> bool:
        """From now on a cancel may abort; False when everything is to end."""
        with self._changed:
            if self._closing:
                return False
            self._context.clear_abort()
            self._in_step = tuple(jobs)
            return True

    def end_step(self) -> None:
        """The step is over."""
        with self._changed:
            self._in_step = ()

    def shut(self) -> list[Job]:
        """Accept nothing any more; the jobs that still waited."""
        with self._changed:
            self._closing = True
            waiting = list(self._waiting.in_order())
            for job in waiting:
                self._waiting.remove(job)
                metrics.queue_waiting.dec()
            calls, self._calls = self._calls, []
        for _, result in calls:
            if result.set_running_or_notify_cancel():
                result.set_exception(closed())
        return waiting

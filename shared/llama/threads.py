"""How many threads compute, found by trying: at start, and again and again while running.

The threads of one step wait for the slowest of them, so on a machine with busy neighbours (a web
server in the same process is one) fewer can be faster. Changing the number is free.
"""

import os
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from shared import metrics
from shared.llama.context import TILE_ROWS, Batch, Context

Kind = Literal["writing", "reading", "tiled"]
"""What a step does; a token costs something else in each."""
TRIAL_STEPS: Final = 5
IDLE_SECONDS: Final = 5.0
"""After so long without steps more threads are tried soon: a neighbour that has come is noticed by
slower steps, but one that has gone by nothing."""
FRESH_STEPS: Final = 2
"""So many steps say what a number of threads costs now, before a trial that was suggested."""
FIRST_INTERVAL, LONGEST_INTERVAL = 50, 100
"""Steps between two trials; doubled after one that found nothing better. A trial that finds nothing
costs less than a step, and a neighbour that has gone is noticed by nothing else."""
GAIN: Final = 0.95
"""A trial must be faster by this factor to be believed."""
HOPELESS: Final = 1.4
"""A step of a trial that is slower by this factor ends it: people are waiting."""
ALARM: Final = 1.3
"""When steps got slower by this factor, the next trial comes at once."""
PROBE_STEPS, PROBE_PROMPT = 6, 24


class Knob:
    """One number of threads, moved towards what measured fastest."""

    def __init__(self, choices: list[int], start: int) -> None:
        self._choices = choices
        self._at = choices.index(start)
        self._trial: int | None = None
        self._direction = 1
        self._usual: deque[float] = deque(maxlen=16)
        self._tried: list[float] = []
        self._best: dict[int, float] = {}
        self._size = 0
        self._interval = FIRST_INTERVAL
        self._since = 0
        self._last: float | None = None
        self._nudged = 0
        self._promising = False

    @property
    def value(self) -> int:
        """Threads for the next step."""
        return self._choices[self._at if self._trial is None else self._trial]

    @property
    def settled(self) -> int:
        """Threads as they are without a trial."""
        return self._choices[self._at]

    @property
    def tries(self) -> bool:
        """Whether a trial is going on."""
        return self._trial is not None

    @property
    def promising(self) -> bool:
        """Whether the trial is for more threads, which just proved faster for steps of a kind."""
        return self.tries and self._promising

    def nudge(self, direction: int) -> None:
        """Try more threads (1) or fewer (-1) next: they proved faster for steps of another kind."""
        self._nudged, self._trial = direction, None
        self._usual.clear()  # the machine is another than it was

    def record(self, cost: float, now: float, size: int = 1) -> int:
        """A step with `value` threads took `cost` seconds per token, until `now` (monotonic).

        Steps of another size cost something else per token, and are not compared with it.

        Returns:
            1 if more threads are taken from now on, -1 if fewer, 0 if nothing has changed.
        """
        if size != self._size:
            self._size = size
            self._usual.clear()
            self._nudged = self._nudged or int(self.promising)
            self._trial = None
        idle, self._last = 0.0 if self._last is None else now - self._last, now
        if self._trial is None:
            if idle >= IDLE_SECONDS and self._at + 1 < len(self._choices):
                self._usual.clear()
                self._direction = 1
                self._since = max(self._since, self._interval - TRIAL_STEPS)
            self._usual.append(cost)
            self._since += 1
            if self._nudged and len(self._usual) >= FRESH_STEPS:
                self._promising = self._try(self._nudged) and self._nudged > 0
                self._nudged = 0
            elif len(self._usual) >= TRIAL_STEPS and self._is_time():
                self._begin_trial()
            return 0
        self._tried.append(cost)
        if len(self._tried) >= TRIAL_STEPS or cost > HOPELESS * statistics.median(self._usual):
            return self._judge(self._trial)
        return 0

    def _is_time(self) -> bool:
        if self._since >= self._interval:
            return True
        best = self._best.get(self._size)
        if len(self._usual) < TRIAL_STEPS or not best or self._since < FIRST_INTERVAL:
            return False
        return statistics.median(list(self._usual)[-TRIAL_STEPS:]) > ALARM * best

    def _begin_trial(self) -> None:
        self._since = 0
        self._promising = False
        for direction in (self._direction, -self._direction):
            if self._try(direction):
                return

    def _try(self, direction: int) -> bool:
        if not 0 <= self._at + direction < len(self._choices):
            return False
        self._trial, self._tried, self._since = self._at + direction, [], 0
        self._direction = -direction
        return True

    def _judge(self, trial: int) -> int:
        # The first step after a change wakes threads up; it does not count.
        usual = statistics.median(self._usual)
        tried = statistics.median(self._tried[1:] or self._tried)
        moved = 0
        if tried < GAIN * usual:
            moved = trial - self._at
            self._at, self._interval = trial, FIRST_INTERVAL
            self._usual.clear()
        else:
            self._interval = min(2 * self._interval, LONGEST_INTERVAL)
        self._best[self._size] = min(tried, usual)
        self._trial = None
        return moved


class Threads:
    """The numbers of one context: for steps that write, that also read, and that read in tiles."""

    def __init__(self, context: Context, fixed: int = 0) -> None:
        self._context = context
        counts = [fixed] if fixed else thread_counts(os.cpu_count() or 1)
        writing, reading = (fixed, fixed) if fixed else measure(context, counts)
        self._knobs: dict[Kind, Knob] = {
            "writing": Knob(counts, writing),
            "reading": Knob(counts, reading),
            "tiled": Knob(counts, reading),
        }
        self._set = 0
        self.prepare("writing")

    @property
    def at(self) -> int:
        """Threads of the step that was prepared last."""
        return self._set

    def prepare(self, kind: Kind, *, steady: bool = False) -> None:
        """Before a step: set its threads.

        The library has one number for single tokens and one for batches; a step here is of one
        kind, however many tokens it has, so both get the same.

        Args:
            kind: Of the step.
            steady: Whether nothing may be tried now but what is promising.
        """
        knob = self._knobs[kind]
        value = knob.value if knob.promising or not steady else knob.settled
        if value != self._set:
            self._context.set_threads(value, value)
            self._set = value
            metrics.threads.set(value)

    def record(self, kind: Kind, *, tokens: int, seconds: float, steady: bool = False) -> None:
        """After a step.

        What makes more or fewer threads faster (a neighbour that has gone or come) is mostly the
        same for all steps, and steps that read are few: what one kind has found, the others try.
        """
        knob = self._knobs[kind]
        if steady and knob.tries and not knob.promising:
            return
        size = tokens if tokens < TILE_ROWS else tokens // TILE_ROWS * TILE_ROWS
        moved = knob.record(seconds / tokens, time.monotonic(), size)
        for other in self._knobs.values():
            if moved and other is not knob:
                other.nudge(moved)


def thread_counts(cores: int) -> list[int]:
    """Numbers worth trying: powers of two, three quarters of the cores, and all of them."""
    powers = {2**n for n in range(cores.bit_length()) if 2**n <= cores}
    return sorted(powers | {cores, max(1, cores * 3 // 4)})


def measure(context: Context, counts: list[int]) -> tuple[int, int]:
    """The fastest numbers of threads for writing and for reading, on a few steps each."""
    if len(counts) == 1:
        return counts[0], counts[0]
    step_times(context, 1, 1)  # the first step also pages the file in
    writing: dict[int, float] = {}
    reading: dict[int, float] = {}
    quickest: float | None = None
    for count in counts:
        context.set_threads(count, count)
        began = time.perf_counter()
        # What takes longer than the quickest number until now is out before it is done: where
        # others use the machine, threads wait for each other for seconds.
        with time_limit(context, quickest) as passed:
            per_token = step_times(context, PROBE_STEPS, 1)
            per_prompt = step_times(context, 2, PROBE_PROMPT)
        if not passed.is_set():
            took = time.perf_counter() - began
            quickest = took if quickest is None else min(quickest, took)
            writing[count], reading[count] = statistics.median(per_token), min(per_prompt)
    return min(writing, key=writing.__getitem__), min(reading, key=reading.__getitem__)


@contextmanager
def time_limit(context: Context, seconds: float | None) -> Iterator[threading.Event]:
    """Abort the context's steps after so long; tells whether it came to that."""
    passed = threading.Event()

    def stop() -> None:
        passed.set()
        context.abort()

    timer = threading.Timer(seconds or 0.0, stop)
    if seconds is not None:
        timer.start()
    try:
        yield passed
    finally:
        timer.cancel()
        if seconds is not None:
            timer.join()
        context.clear_abort()


def step_times(context: Context, steps: int, tokens: int) -> list[float]:
    """Seconds of each of `steps` steps of `tokens` tokens; nothing is left in the cells."""
    batch = Batch(tokens)
    taken = []
    for step in range(steps):
        batch.clear()
        batch.add(0, [0] * tokens, step * tokens, wanted_from=tokens - 1)
        started = time.perf_counter()
        if context.decode(batch) != 0:
            break  # out of time: what was measured until now is all there is
        context.logits(1)
        taken.append(time.perf_counter() - started)
    context.cut(0, 0)
    return taken

"""How training behaves on a machine on which people write: it steps back.

It runs at a low priority, and it pauses while somebody is being answered. Both cost it time only.
It never pauses longer than it has worked, so it ends in at most twice its own time.
"""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from feedback.writer import reading
from shared.errors import StoreError
from training.trainer import Tell

NICENESS = 10
BUSY_SECONDS = 10.0
"""Somebody who was answered this short a time ago is likely to write again."""
LOOK_SECONDS = 1.0


def step_back() -> None:
    """Lower this process's priority, where the system knows such a thing; once is enough."""
    if hasattr(os, "nice") and os.nice(0) < NICENESS:
        os.nice(NICENESS - os.nice(0))


def seconds_since_answer(history: Path) -> float:
    """Since the newest answer on this machine; infinite without one."""
    if not history.is_file():
        return float("inf")
    with contextlib.suppress(StoreError), reading(history) as db:
        newest = db.execute("SELECT max(created_at) FROM answer").fetchone()[0]
        if newest is not None:
            return max(0.0, time.time() - newest / 1000)
    return float("inf")


@dataclass
class Considerate:
    """Passes words on, and pauses there while people write: work in progress speaks often."""

    history: Path
    tell: Tell
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _paused: float = 0.0
    _began: float = field(default=-1.0)

    def __call__(self, words: str) -> None:
        """Say it, then wait for a quiet moment."""
        self.tell(words)
        if self._began < 0:
            self._began = self.clock()
        if self._must_wait():
            self.tell("Somebody is writing; training waits.")
        while self._must_wait():
            before = self.clock()
            self.sleep(LOOK_SECONDS)
            self._paused += self.clock() - before

    def _must_wait(self) -> bool:
        worked = self.clock() - self._began - self._paused
        return self._paused < worked and seconds_since_answer(self.history) < BUSY_SECONDS

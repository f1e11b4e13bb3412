"""How much memory a change of model takes at most: the old and the new one are there together.

Resident memory of this process, pages of model files counted in; looked at often enough to see what
stays for a tenth of a second.
"""

import ctypes
import gc
import logging
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from shared import metrics

log = logging.getLogger(__name__)

GROUP: Final = Path("/sys/fs/cgroup")
"""Where a process in a container finds its own control group (version 2)."""
EVERY_SECONDS: Final = 0.05


def available() -> int:
    """Bytes that this process may still take, its container's limit counted in."""
    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError, KeyError):  # no limit ("max"), or no control groups
        limit = int((GROUP / "memory.max").read_text(encoding="ascii"))
        lines = (GROUP / "memory.stat").read_text(encoding="ascii").splitlines()
        # Not `memory.current`: that counts the files' pages in, which can go at any time.
        free = min(free, limit - int(dict(line.split() for line in lines)["anon"]))
    return free


def give_back() -> None:
    """Hand what a freed model has left behind back to the system (tens of milliseconds).

    Its objects refer to each other in circles, which Python would keep for minutes, and glibc keeps
    what threads that have ended had allocated: without this each swap of the demo model under load
    left 4 to 14 MB, with it 0.3.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:  # musl has none
        trim(ctypes.c_size_t(0))


class SwapMemory:
    """Watches one change of model, from before the new file is opened."""

    def __init__(self, release: str) -> None:
        self._release = release
        self._process = psutil.Process()
        self._started = time.monotonic()
        self.before = self.peak = self._resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="inkloop-memory", daemon=True)
        self._thread.start()

    def end(self, *, swapped: bool) -> None:
        """The old model is free, or the new one was refused; tells what it took."""
        self._over.set()
        self._thread.join()
        after = self._resident()
        self.peak = max(self.peak, after)
        if not swapped:
            return
        metrics.swap_memory.labels("before").set(self.before)
        metrics.swap_memory.labels("peak").set(self.peak)
        metrics.swap_memory.labels("after").set(after)
        metrics.swaps.inc()
        log.info(
            "Changed to %s in %.1f s: %.0f MB before, %.0f MB at most, %.0f MB after.",
            self._release,
            time.monotonic() - self._started,
            self.before / 1e6,
            self.peak / 1e6,
            after / 1e6,
        )

    def _watch(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.peak = max(self.peak, self._resident())

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)

"""How often one person may send something."""

import threading
import time
from collections import deque

from shared.errors import RateLimited

MANY_PEOPLE = 10_000


class RateLimit:
    """At most `times` calls in any `seconds` per person; safe from any thread."""

    def __init__(self, *, times: int, seconds: float) -> None:
        self._times = times
        self._seconds = seconds
        self._calls: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def take(self, who: str) -> None:
        """Count one call.

        Raises:
            RateLimited: Naming the limit, and how long to wait.
        """
        moment = time.monotonic()
        with self._lock:
            if len(self._calls) > MANY_PEOPLE:
                self._forget(moment)
            calls = self._calls.setdefault(who, deque())
            while calls and moment - calls[0] >= self._seconds:
                calls.popleft()
            if len(calls) >= self._times:
                wait = round(self._seconds - (moment - calls[0])) + 1
                raise RateLimited(
                    f"That is more than {self._times} in {self._seconds:.0f} seconds.",
                    fix=f"Wait {wait} seconds.",
                )
            calls.append(moment)

    def _forget(self, moment: float) -> None:
        recent = {who: c for who, c in self._calls.items() if moment - c[-1] < self._seconds}
        self._calls = recent

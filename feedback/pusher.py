"""Pushes flags to the Hub from within a server: one thread, never in anybody's way.

Nothing waits for it and nothing is lost without it. When a push fails it is tried again for ever,
more and more rarely; what only a person can mend (a token, a name) is said once and tried seldom.
The pace keeps far below the Hub's limit of commits per hour.
"""

import contextlib
import logging
import random
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from feedback.outbox import Outbox
from feedback.records import Record, now
from feedback.repos import Repos, each, erase_built, erasing_is_due
from feedback.shipping import Shipped, is_due, left_behind, ship
from feedback.writer import reading
from shared.errors import HubError, StoreError
from shared.home import Home
from shared.settings import Settings

log = logging.getLogger(__name__)

CLOSING_SECONDS = 2.0
"""For the last push when the server ends; what does not make it waits for the next start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the Hub is asked. All in seconds but `rows`."""

    every: float = 60.0
    rows: int = 200
    """So many new flags do not wait for that, and neither does one with a correction."""
    gap: float = 30.0
    """Between two pushes at least: the Hub takes some 128 commits an hour."""
    first_retry: float = 5.0
    last_retry: float = 900.0


PACE = Pace()


class PushState(Record):
    """What an operator wants to know; kept in the outbox, where commands can read it."""

    repo: str
    """Where flags go; empty when erasures alone are carried out elsewhere."""
    pushed_at: datetime | None = None
    """When flags were last pushed."""
    problem: str = ""
    """Why the last attempt failed; empty when it did not."""
    retry_at: datetime | None = None


_DONE = {"problem": "", "retry_at": None}


class Pusher:
    """The thread that pushes the flags of one outbox, and of those left behind by others."""

    def __init__(self, home: Home, outbox: Outbox, repos: Repos, pace: Pace) -> None:
        """Start; flags that wait from an earlier process go at once.

        Args:
            home: Whose flags.
            outbox: Where they wait.
            repos: Where they go, and what else they have to leave when they are erased.
            pace: How often.
        """
        self._home = home
        self._outbox = outbox
        self._repos = repos
        self._pace = pace
        self._state = PushState(repo=repos.raw.repo if repos.raw else "")
        self._woken = threading.Condition()
        self._closing = False
        self._urgent = True
        self._fresh = 0
        self._failures = 0
        self._looked_at = self._asked_at = time.monotonic() - pace.every
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._work, name="flag pusher", daemon=True)
        self._thread.start()

    @classmethod
    def wanted(cls, home: Home, outbox: Outbox, settings: Settings) -> "Pusher | None":
        """A pusher where the settings name a dataset and allow to go out.

        Raises:
            HubError: If a name cannot be a dataset's.
            SettingsError: If one dataset would be private and public.
        """
        repos = Repos.of(settings)
        return cls(home, outbox, repos, PACE) if repos else None

    @property
    def state(self) -> PushState:
        """How it is going."""
        return self._state

    def tell(self, *, urgent: bool = False) -> None:
        """A flag was sent, taken back or erased; an urgent one does not wait for others."""
        with self._woken:
            self._fresh += 1
            self._urgent = self._urgent or urgent or self._fresh >= self._pace.rows
            self._woken.notify()

    def close(self, seconds: float = CLOSING_SECONDS) -> None:
        """Push what waits, unless it fails or takes longer; the next start pushes it then."""
        with self._woken:
            self._closing = True
            self._woken.notify()
        self._thread.join(seconds)

    def _work(self) -> None:
        while self._wait():
            self._look()
        if not self._failures:
            self._look()

    def _wait(self) -> bool:
        """Sleep until it is time; false when the server ends."""
        with self._woken:
            while not self._closing and (seconds := self._due() - time.monotonic()) > 0:
                self._woken.wait(seconds)
            self._urgent, self._fresh = False, 0
            return not self._closing

    def _due(self) -> float:
        if self._failures:
            return self._retry_at
        every = 0.0 if self._urgent else self._looked_at + self._pace.every
        return max(every, self._asked_at + self._pace.gap)

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        try:
            shipped = self._round()
        except HubError as error:
            self._failed(error)
        except Exception as error:
            # Whatever it is, flags are pushed later.
            # After closing, the file may belong to another process already.
            if not self._closing:
                log.debug("A push has failed.", exc_info=error)
            self._failed(HubError(f"{type(error).__name__}: {error}"))
        else:
            self._succeeded(shipped)

    def _round(self) -> Shipped:
        shipped: list[Shipped] = []
        # One after the other, whatever becomes of the first: each dataset has its own setting.
        each([lambda: shipped.append(self._ship()), self._erase_built])
        return shipped[0]

    def _ship(self) -> Shipped:
        if (raw := self._repos.raw) is None:
            return Shipped()
        with left_behind(self._home.feedback, self._outbox.path) as others:
            if not others and not is_due(self._home, self._outbox, raw):
                return Shipped()
            self._asked_at = time.monotonic()
            return ship(self._home, [self._outbox, *others], raw)

    def _erase_built(self) -> None:
        if erasing_is_due(self._home, self._repos):
            self._asked_at = time.monotonic()
            erase_built(self._home, self._repos)

    def _succeeded(self, shipped: Shipped) -> None:
        if self._failures:
            log.warning("The Hub is reached again.")
        elif not shipped:
            return
        self._failures = 0
        self._note(self._state.model_copy(update=_DONE | {"pushed_at": now()}))

    def _failed(self, error: HubError) -> None:
        if self._closing:
            return
        seconds = self._retry_seconds(error)
        self._failures += 1
        self._retry_at = time.monotonic() + seconds
        if str(error) != self._state.problem:
            level = logging.ERROR if error.lasting else logging.WARNING
            log.log(level, "Flags wait on this machine: %s", error)
        retry_at = now() + timedelta(seconds=seconds)
        self._note(self._state.model_copy(update={"problem": str(error), "retry_at": retry_at}))

    def _retry_seconds(self, error: HubError) -> float:
        pace = self._pace
        longest = pace.last_retry
        doubled = min(longest, pace.first_retry * 2 ** min(self._failures, 20))
        usual = longest if error.lasting else doubled
        return max(error.wait, usual * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret

    def _note(self, state: PushState) -> None:
        self._state = state
        text = state.model_dump_json()
        with contextlib.suppress(StoreError):
            self._outbox.writer.run(
                lambda db: (
                    db.execute(
                        "INSERT OR REPLACE INTO meta(key,value) VALUES('push',?)", (text,)
                    ).rowcount
                )
            )


def read_state(path: Path) -> PushState | None:
    """How pushing goes in the process that holds an outbox; None where nothing was pushed yet."""
    with reading(path) as db:
        row = db.execute("SELECT value FROM meta WHERE key='push'").fetchone()
    return None if row is None else PushState.model_validate_json(row["value"])

"""Who may enter `/admin`: reviewers by name and password, tried slowly.

Not Gradio's own login: that one sets a cookie which other sites may use, answers thirty tries in a
moment, and blocks the whole server while it is slowed down. Here the cookie is bound to this site
and to `/admin`, wrong tries are answered one after the other, and an address that was wrong too
often has to wait. One stranger cannot lock a reviewer out; very many at once can only delay one.
"""

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

COOKIE = "inkloop_admin"
HOURS = 12
NAMES_SECONDS = 5.0
TRIES = 5
"""Wrong tries of one address before it has to wait."""
WAIT_SECONDS = 60.0
WRONG_SECONDS = 0.5
"""Each wrong answer takes this long, and all are answered one after the other."""
MOST_WAITING = 20
MOST_ADDRESSES = 10_000


class Tries:
    """Remembers wrong tries by address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 is now."""
        times = self._wrong.get(address)
        if not times or len(times) < TRIES:
            return 0.0
        return max(0.0, times[0] + WAIT_SECONDS - self._clock())

    def note_wrong(self, address: str) -> None:
        """Count one wrong try."""
        times = self._wrong.setdefault(address, deque(maxlen=TRIES))
        times.append(self._clock())
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def forget(self, address: str) -> None:
        """Begin again after the right password."""
        self._wrong.pop(address, None)


class Refused(Exception):
    """Not let in, and why in words."""

    def __init__(self, why: str, *, status: int) -> None:
        super().__init__(why)
        self.status = status


class Known(Protocol):
    """Who there is (`feedback.reviewers.Reviewers`)."""

    def check(self, name: str, password: str) -> str | None:
        """The reviewer's name, or None; slow, and as slow for whoever is not known."""
        ...

    def names(self) -> list[str]:
        """Everybody who may review."""
        ...


class Door:
    """The reviewers, and who of them is inside."""

    def __init__(self, known: Known, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._known = known
        self._clock = clock
        self._tries = Tries(clock)
        self._inside: dict[str, tuple[str, float]] = {}
        """Token to whose it is and when it ends."""
        self._names: tuple[float, frozenset[str]] = (-NAMES_SECONDS, frozenset())
        self._one = asyncio.Lock()
        self._waiting = 0

    async def enter(self, name: str, password: str, *, address: str) -> str:
        """A token for the cookie.

        Raises:
            Refused: If the password is wrong, or was wrong too often.
        """
        if self._waiting >= MOST_WAITING:
            raise Refused("Many are trying at once. Wait a moment.", status=429)
        self._waiting += 1
        try:
            async with self._one:
                return await self._try(name, password, address)
        finally:
            self._waiting -= 1

    def who(self, token: str | None) -> str | None:
        """The reviewer behind a cookie; None is nobody."""
        name, ends = self._inside.get(token or "", ("", 0.0))
        if ends < self._clock() or name not in self._may_review():
            return None
        return name

    def leave(self, token: str | None) -> None:
        """Make a cookie worthless."""
        self._inside.pop(token or "", None)

    async def _try(self, name: str, password: str, address: str) -> str:
        if seconds := self._tries.wait(address):
            raise Refused(f"Too many tries. Wait {max(1, round(seconds))} s.", status=429)
        known = await asyncio.to_thread(self._known.check, name, password)
        if known is None:
            self._tries.note_wrong(address)
            await asyncio.sleep(WRONG_SECONDS)
            raise Refused("Name or password is wrong.", status=400)
        self._tries.forget(address)
        return self._let_in(known)

    def _let_in(self, name: str) -> str:
        now = self._clock()
        self._inside = {token: one for token, one in self._inside.items() if one[1] > now}
        token = secrets.token_urlsafe(32)
        self._inside[token] = name, now + HOURS * 3600
        self._names = (now - NAMES_SECONDS, frozenset())
        return token

    def _may_review(self) -> frozenset[str]:
        """Whoever is removed is out within seconds; a page asks this fifty times."""
        asked_at, names = self._names
        if self._clock() - asked_at >= NAMES_SECONDS:
            names = frozenset(self._known.names())
            self._names = (self._clock(), names)
        return names

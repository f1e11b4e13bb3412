"""Who may enter `/admin`: one password, tried slowly.

Not Gradio's own login: that one sets a cookie which other sites may use, answers thirty tries in a
moment, and blocks the whole server while it is slowed down. Here the cookie is bound to this site
and to `/admin`, wrong tries are answered one after the other, and an address that was wrong too
often has to wait. One stranger cannot lock a reviewer out; very many at once can only delay one.
"""

import asyncio
import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable

COOKIE = "inkloop_admin"
REVIEWER = "admin"
"""The name of whoever knows the password; decisions carry it."""
HOURS = 12
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


class Door:
    """The password, and who is inside."""

    def __init__(self, password: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._password = password.encode()
        self._clock = clock
        self._tries = Tries(clock)
        self._inside: dict[str, float] = {}
        """Token to when it ends."""
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
        if token is None or self._inside.get(token, 0.0) < self._clock():
            return None
        return REVIEWER

    def leave(self, token: str | None) -> None:
        """Make a cookie worthless."""
        self._inside.pop(token or "", None)

    async def _try(self, name: str, password: str, address: str) -> str:
        if seconds := self._tries.wait(address):
            raise Refused(f"Too many tries. Wait {max(1, round(seconds))} s.", status=429)
        # Both are always compared, in a time that tells nothing about where they differ.
        right = hmac.compare_digest(password.encode("utf-8", "replace"), self._password)
        known = hmac.compare_digest(name.strip().encode("utf-8", "replace"), REVIEWER.encode())
        if not (right and known):
            self._tries.note_wrong(address)
            await asyncio.sleep(WRONG_SECONDS)
            raise Refused("Name or password is wrong.", status=400)
        self._tries.forget(address)
        return self._let_in()

    def _let_in(self) -> str:
        now = self._clock()
        self._inside = {token: end for token, end in self._inside.items() if end > now}
        token = secrets.token_urlsafe(32)
        self._inside[token] = now + HOURS * 3600
        return token

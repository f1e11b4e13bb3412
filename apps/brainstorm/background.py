"""Judging goes on when nobody looks: a task of the server's, which pages only follow.

There is at most one for each board. Whoever opens the board meanwhile follows the same task; Stop
ends it for all. What it has done so far is on the board at any time, so nothing is kept here but
the last line of progress and, if it failed unseen, why.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from apps.brainstorm.board import Board, Card
from shared.errors import BadRequest
from shared.texts import say

Place = tuple[str, str]
"""Owner and id of the board."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The board while the model is at work."""

    board: Board
    coming: tuple[Card, ...] = ()
    """Cards that are not on the board yet."""
    status: str = ""


class Errands:
    """What is being done on all boards; of one event loop, which is the server's."""

    def __init__(self) -> None:
        self._running: dict[Place, Errand] = {}

    def begin(self, place: Place, steps: AsyncGenerator[Seen, None]) -> "Errand":
        """Let the steps be taken whether or not somebody follows.

        Raises:
            BadRequest: If something is being done on this board.
        """
        known = self._running.get(place)
        if known is not None and not known.done:
            raise BadRequest(
                say("The judge is at this board."), fix=say("Wait for it, or press Stop.")
            )
        self._running[place] = errand = Errand(steps)
        return errand

    def find(self, place: Place) -> "Errand | None":
        """What is being done on a board, or failed when nobody looked."""
        known = self._running.get(place)
        if known is not None and known.done and not known.unseen:
            del self._running[place]
            return None
        return known

    def stop(self, place: Place) -> None:
        """End it, if there is something; what was done stays."""
        if known := self._running.get(place):
            known.stop()


class Errand:
    """One task and how far it is."""

    def __init__(self, steps: AsyncGenerator[Seen, None]) -> None:
        self._seen: Seen | None = None
        self._news = asyncio.Event()
        self._error: Exception | None = None
        self._followed = 0
        self.unseen = False
        """It failed when nobody followed."""
        self._task = asyncio.create_task(self._take(steps))
        self._task.add_done_callback(lambda _task: self._tell())

    @property
    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self._task.done()

    def stop(self) -> None:
        """Cancel it; the model stops within a step."""
        self._task.cancel()

    async def follow(self) -> AsyncGenerator[Seen, None]:
        """How it goes from now on; ends with it, and leaving it does not end it.

        Raises:
            Exception: What it failed with.
        """
        self._followed += 1
        try:
            while not self.done:
                # Taken before anything is shown: what comes meanwhile must not be missed.
                news = self._news
                if self._seen is not None:
                    yield self._seen
                await news.wait()
        finally:
            self._followed -= 1
        self.unseen = False
        if self._error is not None:
            raise self._error

    async def _take(self, steps: AsyncGenerator[Seen, None]) -> None:
        try:
            async with aclosing(steps):
                async for self._seen in steps:
                    self._tell()
        except Exception as error:  # noqa: BLE001 - whoever follows is to hear of it
            self._error = error
            self.unseen = self._followed == 0

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

"""From the scheduler's thread into whichever event loop waits for the answer."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Outlet(Generic[T]):
    """A one-way street for one reader: `post` from any thread, `take` in the reader's loop.

    The loop is woken at most once between two `take`s, however many items arrive.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._items: deque[T] = deque()
        self._armed = False

    def post(self, item: T) -> None:
        """Hand over one item; a reader whose loop is gone gets nothing."""
        self._items.append(item)
        if self._armed:
            return
        self._armed = True
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:  # the loop was closed: nobody is left to read
            self._items.clear()

    async def take(self) -> list[T]:
        """Everything that arrived; waits until there is something."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            # In this order: an item posted after the reset wakes us again, one before is taken now.
            self._armed = False
            items: list[T] = []
            while self._items:
                items.append(self._items.popleft())
            if items:
                return items

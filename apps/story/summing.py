"""Summing up what left the model's window, while the reader reads.

It begins when a scene is there and ends at once when the reader goes on, so that no scene waits for
a summary; what could not be finished is begun again after the next scene. Where the model fails,
the digest stays.
"""

import asyncio

from apps.story.desk import StoryDesk
from shared.errors import InkloopError


class Summing:
    """At most one summary at a time for each reader; of one event loop, which is the server's."""

    def __init__(self, desk: StoryDesk) -> None:
        self._desk = desk
        self._running: dict[str, asyncio.Task[None]] = {}

    def begin(self, owner: str, story_id: str, passage_id: str) -> None:
        """Sum up in the background, unless something is being summed up for this reader."""
        if owner in self._running:
            return
        task = asyncio.create_task(self._work(owner, story_id, passage_id))
        self._running[owner] = task
        task.add_done_callback(lambda _task: self._running.pop(owner, None))

    def stop(self, owner: str) -> None:
        """Make way for the reader's next scene."""
        if task := self._running.get(owner):
            task.cancel()

    async def rest(self, owner: str) -> None:
        """Wait until nothing is being summed up for this reader."""
        if task := self._running.get(owner):
            await asyncio.wait([task])

    async def _work(self, owner: str, story_id: str, passage_id: str) -> None:
        try:
            await self._desk.sum_up_unasked(owner, story_id, passage_id)
        except InkloopError:
            # Nobody asked for it, so nobody is told: the digest stands where it stood.
            return

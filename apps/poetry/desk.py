"""A person at their poem: it is kept, and every line that was written anew can be taken back.

A poem that is stopped keeps its finished lines.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from apps.poetry.poem import Poem, wanted
from apps.poetry.writing import Poet, Writing
from apps.revisions import Revisions
from shared.errors import NotFound


class PoemDesk:
    """The poems of all owners; `owner` is always the one who asks."""

    def __init__(self, path: Path, poet: Poet, *, keep_days: int) -> None:
        self._kept = Revisions(path, "poem", keep_days=keep_days)
        self._poet = poet

    def sweep(self) -> None:
        """Forget the poems that nobody has changed for long."""
        self._kept.sweep()

    def poem(self, owner: str) -> Poem | None:
        """The poem as it is; None before the first."""
        return Poem.read(self._kept.latest(owner))

    def undo(self, owner: str) -> Poem | None:
        """The poem before the last step."""
        return Poem.read(self._kept.undo(owner))

    async def write(
        self, owner: str, form: str, subject: str, mood: str, tries: int
    ) -> AsyncGenerator[Writing, None]:
        """Write a poem; raises BadRequest if a field is empty or too long."""
        asked = wanted(form, subject, mood)
        latest = Writing(asked)
        try:
            async with aclosing(self._poet.write(owner, asked, tries)) as steps:
                async for latest in steps:
                    yield latest
        except (asyncio.CancelledError, GeneratorExit):
            whole = latest.poem.model_copy(update={"lines": latest.poem.lines[:-1]})
            self._keep(owner, latest.poem if latest.whole else whole)
            raise
        self._keep(owner, latest.poem)

    async def rewrite(self, owner: str, index: int) -> AsyncGenerator[Writing, None]:
        """Write one line of the poem anew; raises NotFound without a poem."""
        poem = self.poem(owner)
        if poem is None:
            raise NotFound("There is no poem yet.", fix="Write one first.")
        async with aclosing(self._poet.rewrite(owner, poem, index)) as steps:
            async for step in steps:
                if step.whole:
                    self._keep(owner, step.poem)
                yield step

    def _keep(self, owner: str, poem: Poem) -> None:
        if poem.lines:
            self._kept.change(owner, lambda _: poem.model_dump_json())

"""A story with all its passages, and how one finds one's way in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.story.tale import Link, Passage, Story
from shared.errors import NotFound
from shared.texts import say


@dataclass(frozen=True, slots=True)
class Book:
    """A story with all its passages, oldest first."""

    story: Story
    passages: tuple[Passage, ...]
    place: str
    """Where the reader was last; empty before the first scene."""
    tip: str = ""
    """The farthest passage of the way that the reader is on: redo goes towards it."""
    links: tuple[Link, ...] = ()
    summaries: Mapping[str, str] = field(default_factory=dict)
    """Last passage that left the window to what is told of all that left."""
    summed_by_model: frozenset[str] = frozenset()
    """Those of the summaries that a model wrote and no reader changed."""

    def passage(self, passage_id: str) -> Passage:
        """One passage of this story.

        Raises:
            NotFound: If this story has no such passage.
        """
        for passage in self.passages:
            if passage.id == passage_id:
                return passage
        raise NotFound(say("This story has no such passage."), fix=say("Choose one from its map."))

    def path(self, passage_id: str) -> list[Passage]:
        """From the first scene to this one."""
        step: Passage | None = self.passage(passage_id)
        found: list[Passage] = []
        while step is not None:
            found.append(step)
            step = self.passage(step.parent_id) if step.parent_id else None
        return found[::-1]

    def next_on_the_way(self, passage_id: str) -> str:
        """Where redo leads from a passage; empty at the tip and off the way."""
        ids = [passage.id for passage in self.path(self.tip)] if self.tip else []
        at = ids.index(passage_id) + 1 if passage_id in ids else len(ids)
        return ids[at] if at < len(ids) else ""

    def below(self, passage_id: str) -> set[str]:
        """A passage and everything that was told from it."""
        found = {passage_id}
        for passage in self.passages:
            if passage.parent_id in found:
                found.add(passage.id)
        return found

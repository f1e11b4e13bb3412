"""A story as its exports see it: numbered scenes, each with the ways that lead on.

A way that nobody took leads nowhere and is left out, except in JSON. Every scene can be reached
from a start: the story's first telling.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.story.book import Book
from apps.story.tale import Passage
from shared.texts import later, say

STEP_NAMES = {
    "begin": later("Another beginning"),
    "end": later("The end"),
    "choice": "",
    "action": "",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A way on, with the scene that it leads to."""

    said: str
    target: str


@dataclass(frozen=True, slots=True)
class Scene:
    """One passage as an author would number it."""

    id: str
    """“scene-1”, “scene-2”, …: safe as a file name, an anchor and a passage name."""
    number: int
    said: str
    text: str
    ways: tuple[Way, ...]
    ended: bool

    @property
    def paragraphs(self) -> list[str]:
        """The text in paragraphs, without empty ones."""
        return [part.strip() for part in self.text.split("\n") if part.strip()]


def scenes(book: Book) -> list[Scene]:
    """All passages in the order in which they were told; the first one is the start."""
    ids = {passage.id: f"scene-{at}" for at, passage in enumerate(book.passages, 1)}
    return [
        Scene(
            id=ids[passage.id],
            number=at,
            said=passage.said,
            text=passage.scene,
            ways=tuple(Way(said, ids[target]) for said, target in _ways(book, passage)),
            ended=passage.ended,
        )
        for at, passage in enumerate(book.passages, 1)
    ]


def _ways(book: Book, passage: Passage) -> list[tuple[str, str]]:
    """What was said here and where it led; a second telling of the same is numbered."""
    found = [
        (child.said or say(STEP_NAMES[child.step]), child.id)
        for child in book.passages
        if child.parent_id == passage.id
    ]
    found += [(link.said, link.target_id) for link in book.links if link.passage_id == passage.id]
    if passage is book.passages[0]:
        others = [each for each in book.passages[1:] if each.parent_id is None]
        found += [(say(STEP_NAMES["begin"]), other.id) for other in others]
    return _numbered(found)


def _numbered(found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    seen: dict[str, int] = {}
    named = []
    for said, target in found:
        seen[said] = seen.get(said, 0) + 1
        named.append((said if seen[said] == 1 else f"{said} ({seen[said]})", target))
    return named

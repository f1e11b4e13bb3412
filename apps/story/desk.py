"""What surrounds the reading: notes, the model's view of them, files in and out.

One method per thing that a reader does at the side; the page only wires them.
"""

import dataclasses
import re

from apps.context import Ask
from apps.story import memory, notes
from apps.story.book import Book
from apps.story.export.epub import to_epub
from apps.story.export.ink import to_ink
from apps.story.export.markdown import to_markdown
from apps.story.export.play import to_html
from apps.story.export.twee import to_twee
from apps.story.export.whole import from_json, to_json
from apps.story.tale import Passage
from apps.story.telling import DEADLINE_SECONDS, Storyteller
from apps.ui.keep import TextFile, binary
from shared.engine.types import Request, Sampling
from shared.errors import BadRequest, EngineClosed
from shared.formats import story as form
from shared.messages import Message
from shared.texts import later, say

STATE = Sampling(temperature=0.3, max_tokens=256)
CHAPTER = Sampling(temperature=0.5, max_tokens=120)
_NAME = re.compile(r"[^\w-]+")

FORMATS = (
    later("Playable page (HTML)"),
    later("Twine (Twee 3)"),
    later("Ink"),
    later("E-book (EPUB)"),
    later("This path (Markdown)"),
    later("JSON"),
)


class StoryDesk:
    """The side panel's work on one reader's stories."""

    def __init__(self, teller: Storyteller) -> None:
        self._teller = teller
        self._store = teller.store

    async def seen(self, owner: str, story_id: str, passage_id: str) -> memory.Remembered:
        """What the model would be shown with the reader's next step."""
        book = self._store.open(owner, story_id)
        path = book.path(passage_id)
        return await memory.remembered(self._teller.engine(), book.story, path, "", book.summaries)

    async def read_state(self, owner: str, story_id: str, passage_id: str) -> notes.Notes:
        """Let the model say what holds, and add it to the notes; what the reader wrote stays.

        Raises:
            EngineClosed: If the model's answer cannot be used.
        """
        book = self._store.open(owner, story_id)
        seen = await self.seen(owner, story_id, passage_id)
        asked = (*seen.messages, Message("user", form.STATE))
        text = await self._ask(owner, asked, STATE, schema=True)
        try:
            found = form.parse_state(text)
        except (ValueError, KeyError, TypeError) as error:
            raise EngineClosed(
                say("The model said nothing useful."), fix=say("Try again.")
            ) from error
        old = book.story.notes
        new = dataclasses.replace(
            old,
            place=found.place or old.place,
            people=_joined(old.people, found.people),
            things=_joined(old.things, found.things),
            facts=_joined(old.facts, found.facts),
        )
        self._store.note(owner, story_id, new)
        return new

    async def sum_up(self, owner: str, story_id: str, passage_id: str) -> str:
        """Let the model sum up what left the window; the reader may change it.

        Raises:
            BadRequest: If everything is still in view.
            EngineClosed: If the model wrote nothing.
        """
        book = self._store.open(owner, story_id)
        path = book.path(passage_id)
        dropped = (await self.seen(owner, story_id, passage_id)).dropped
        if not dropped:
            raise BadRequest(
                say("The model still reads every scene."), fix=say("Go on with the story.")
            )
        text = await self._chapter(owner, book, path[: 1 + dropped])
        if not text:
            raise EngineClosed(
                say("The model wrote nothing."), fix=say("Write the summary yourself.")
            )
        self._store.summarise(owner, story_id, path[dropped].id, text, by_model=True)
        return text

    async def sum_up_unasked(self, owner: str, story_id: str, passage_id: str) -> str:
        """Let the model sum up what left the window, if nobody has yet; empty if it is not kept.

        It is kept only where it speaks of what happened: a small model may tell anything, and the
        digest is always true.
        """
        book = self._store.open(owner, story_id)
        path = book.path(passage_id)
        dropped = (await self.seen(owner, story_id, passage_id)).dropped
        if not dropped or path[dropped].id in book.summaries:
            return ""
        text = await self._chapter(owner, book, path[: 1 + dropped])
        if not memory.speaks_of(text, path[: 1 + dropped]):
            return ""
        if path[dropped].id in self._store.open(owner, story_id).summaries:
            return ""  # The reader wrote one meanwhile.
        self._store.summarise(owner, story_id, path[dropped].id, text, by_model=True)
        return text

    async def _chapter(self, owner: str, book: Book, told: list[Passage]) -> str:
        """What the model says of these scenes; the summary of the oldest rolls into it."""
        engine = self._teller.engine()
        seen = await memory.remembered(engine, book.story, told, "", book.summaries)
        asked = (*seen.messages, Message("user", form.CHAPTER))
        return " ".join((await self._ask(owner, asked, CHAPTER)).split())

    def told_by_model(
        self, owner: str, story_id: str, passage_id: str, seen: memory.Remembered
    ) -> bool:
        """Whether what is told of the scenes that left is the model's summary, unchanged."""
        book = self._store.open(owner, story_id)
        gone = book.path(passage_id)[1 : 1 + seen.dropped]
        summed = [passage.id for passage in gone if passage.id in book.summaries]
        return bool(summed) and summed[-1] in book.summed_by_model

    async def summarise(self, owner: str, story_id: str, passage_id: str, text: str) -> None:
        """Keep the reader's summary of what left the window; empty goes back to the digest."""
        path = self._store.open(owner, story_id).path(passage_id)
        dropped = (await self.seen(owner, story_id, passage_id)).dropped
        if dropped:
            self._store.summarise(owner, story_id, path[dropped].id, " ".join(text.split()))

    def file(self, owner: str, story_id: str, passage_id: str, kind: str) -> TextFile:
        """The story as a file of one of `FORMATS`.

        Raises:
            NotFound: If the story or the passage does not exist, or is somebody else's.
        """
        book = self._store.open(owner, story_id)
        name = _NAME.sub("-", book.story.title).strip("-")[:60] or "story"
        writer = self._teller.engine().info().release
        if kind == FORMATS[0]:
            return TextFile(f"{name}.html", to_html(book, writer=writer), "text/html;charset=utf-8")
        if kind == FORMATS[1]:
            return TextFile(f"{name}.twee", to_twee(book))
        if kind == FORMATS[2]:
            return TextFile(f"{name}.ink", to_ink(book))
        if kind == FORMATS[3]:
            return binary(f"{name}.epub", to_epub(book, writer=writer), "application/epub+zip")
        if kind == FORMATS[4]:
            return TextFile(f"{name}.md", to_markdown(book, passage_id))
        return TextFile(f"{name}.json", to_json(book), "application/json")

    def take_in(self, owner: str, data: bytes) -> Book:
        """Put the story of a JSON file on the owner's shelf.

        Raises:
            BadRequest: If it is no such file.
        """
        book = from_json(data)
        self._store.add_book(owner, book)
        return book

    async def _ask(
        self, owner: str, messages: tuple[Message, ...], sampling: Sampling, *, schema: bool = False
    ) -> str:
        request = Request(
            messages=messages,
            sampling=sampling,
            schema=form.STATE_SCHEMA if schema else None,
            app="story",
            owner=owner,
            shared_messages=1,
            deadline_seconds=DEADLINE_SECONDS,
        )
        name = "story-state" if schema else ""
        ask = Ask(app="story", request=request, prompt_version=form.VERSION, schema_name=name)
        return (await self._teller.context.whole_answer(ask)).text


def _joined(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """The old lines, then the new ones that are not among them."""
    known = {line.casefold() for line in old}
    fresh = tuple(line for line in new if line.casefold() not in known)
    return (*old, *fresh)[: notes.MAX_LINES]

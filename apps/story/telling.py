"""Telling a story: a scene as prose, then the ways on, each an answer of its own.

What is told is written down as soon as it is whole. When the reader stops a scene, its finished
sentences are kept as a passage whose ways on come from the genre's list.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

from apps.checks import an_id, one_line
from apps.context import Ask, Context
from apps.story import gentle, memory, ways
from apps.story.book import Book
from apps.story.store import StoryStore
from apps.story.tale import (
    MAX_FLAVOUR,
    Choice,
    Manner,
    Passage,
    Step,
    Story,
    whole_sentences,
)
from apps.ui.stream import Progress, growing
from shared.engine.ask import require
from shared.engine.types import Engine, Request, Sampling, Waiting
from shared.errors import BadRequest, EngineClosed
from shared.formats import story as form
from shared.formats import usual
from shared.formats.alike import alike
from shared.ids import new_id
from shared.messages import Message
from shared.texts import say

DEADLINE_SECONDS = 300.0
TRIES = 3
"""How often a scene is asked for that stays empty, and choices that are too much alike."""
SCENE = usual.SCENE
CHOICES = dataclasses.replace(usual.CHOICES, max_tokens=memory.CHOICES_TOKENS)
AGAIN = dataclasses.replace(CHOICES, temperature=1.0)
"""For a second try a little wilder: the first was too much alike."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How far the next passage is."""

    story_id: str
    passage_id: str
    """Known from the first moment; nothing is stored under it before the scene is there."""
    doing: Literal["scene", "choices", "done"]
    said: str = ""
    scene: str = ""
    waiting: Waiting | None = None
    answer_id: str = ""
    """Of the scene."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The next passage before it is told."""

    story: Story
    path: Sequence[Passage]
    step: Step
    said: str = ""
    summaries: Mapping[str, str] = field(default_factory=dict)
    known: bool = False
    """Whether the story is written down already."""
    id: str = field(default_factory=new_id)

    def passage(self, scene: str, answer_id: str, reminder: str) -> Passage:
        """The passage with what the model wrote."""
        ended = form.is_ending(scene)
        if self.step == "end" and not ended:
            scene, ended = f"{scene}\n\n{form.THE_END}", True
        return Passage(
            id=self.id,
            story_id=self.story.id,
            parent_id=self.path[-1].id if self.path else None,
            step=self.step,
            said=self.said,
            scene=scene,
            answer_id=answer_id,
            ended=ended,
            reminder=reminder,
        )


class Storyteller:
    """Tells and remembers; every method checks that the story is the owner's."""

    def __init__(self, ctx: Context, store: StoryStore) -> None:
        self.store = store
        self.context = ctx

    def engine(self) -> Engine:
        """Whoever writes the stories now."""
        return self.context.engine_for("story")

    def begin(
        self, owner: str, title: str, genre: str = "", tone: str = "", manner: Manner | None = None
    ) -> AsyncGenerator[Telling, None]:
        """Tell the first passage of a new story.

        Raises:
            BadRequest: At once, if a field is empty or too long.
        """
        story = Story(
            id=new_id(),
            title=one_line(title, name=say("title")),
            genre=one_line(genre, name=say("genre"), fewest=0, most=MAX_FLAVOUR),
            tone=one_line(tone, name=say("tone"), fewest=0, most=MAX_FLAVOUR),
            manner=manner or Manner(),
        )
        return self._tell(owner, Turn(story=story, path=(), step="begin"))

    def choose(
        self, owner: str, story_id: str, passage_id: str, choice: int
    ) -> AsyncGenerator[Telling, None]:
        """Go one of the ways, counted from 0.

        Raises:
            NotFound: If story or passage is unknown or somebody else's.
            BadRequest: If the passage has no such way.
        """
        book = self._open(owner, story_id, passage_id)
        offered = self.choices_of(book, book.passage(passage_id))
        # A program may send anything; True would count as 1.
        if type(choice) is not int or not 0 <= choice < len(offered):
            raise BadRequest(
                say("There is no choice {choice} here.", choice=repr(choice)),
                fix=say("Send 0 to {last}.", last=len(offered) - 1),
            )
        return self._go_on(owner, book, passage_id, "choice", offered[choice].text)

    def act(
        self, owner: str, story_id: str, passage_id: str, action: str
    ) -> AsyncGenerator[Telling, None]:
        """Do something of one's own; raises like `choose`."""
        said = one_line(action, name=say("action"))
        book = self._open(owner, story_id, passage_id)
        return self._go_on(owner, book, passage_id, "action", said)

    def end(self, owner: str, story_id: str, passage_id: str) -> AsyncGenerator[Telling, None]:
        """Tell the last scene; raises like `choose`."""
        return self._go_on(owner, self._open(owner, story_id, passage_id), passage_id, "end", "")

    def again(self, owner: str, story_id: str, passage_id: str) -> AsyncGenerator[Telling, None]:
        """Tell a passage anew beside the first telling; raises NotFound like `choose`."""
        book = self.store.open(owner, an_id(story_id, name="story_id"))
        old = book.passage(passage_id)
        path = book.path(passage_id)[:-1]
        return self._tell(owner, _turn(book, path, old.step, old.said))

    def told(self, owner: str, story_id: str, passage_id: str, choice: int) -> str:
        """The passage that a choice led to already; empty when it has to be told first.

        Raises:
            NotFound: If story or passage is unknown or somebody else's.
        """
        book = self.store.open(owner, an_id(story_id, name="story_id"))
        offered = self.choices_of(book, book.passage(passage_id))
        return offered[choice].told if choice in range(len(offered)) else ""

    def choices_of(self, book: Book, passage: Passage) -> tuple[Choice, ...]:
        """The ways on from a passage, with where they led; stock ones where there are no others."""
        if passage.ended:
            return ()
        taken = [step.said for step in book.path(passage.id)]
        offered = passage.choices or ways.filled((), book.story.genre, taken)
        return ways.told(offered, book, passage)

    def _open(self, owner: str, story_id: str, passage_id: str) -> Book:
        book = self.store.open(owner, an_id(story_id, name="story_id"))
        if book.passage(passage_id).ended:
            raise BadRequest(
                say("The story ends here."),
                fix=say("Go back to an earlier passage, or begin a new story."),
            )
        return book

    def _go_on(
        self, owner: str, book: Book, passage_id: str, step: Step, said: str
    ) -> AsyncGenerator[Telling, None]:
        return self._tell(owner, _turn(book, book.path(passage_id), step, said))

    async def _tell(self, owner: str, turn: Turn) -> AsyncGenerator[Telling, None]:
        engine = self.engine()
        require(engine, "schema", what_for=say("A story with choices"))
        yield self._telling(turn, "scene")
        seen = await memory.remembered(engine, turn.story, turn.path, turn.said, turn.summaries)
        newest = memory.question(turn.story, turn.step, turn.said)
        asked = (*seen.messages, form.with_notes(newest, notes=seen.reminder))
        async with aclosing(self._scene(owner, turn, asked, seen.reminder)) as scene:
            async for telling in scene:
                yield telling
        passage = self.store.open(owner, turn.story.id).passage(turn.id)
        if not passage.ended:
            yield self._telling(turn, "choices", passage.scene, passage.answer_id)
            question = (*asked, Message("assistant", passage.scene), Message("user", form.CHOICES))
            choices, answer_id = await self._choices(owner, turn, question)
            self.store.add_choices(turn.id, choices, answer_id)
        yield self._telling(turn, "done", passage.scene, passage.answer_id)

    async def _scene(
        self, owner: str, turn: Turn, asked: tuple[Message, ...], reminder: str
    ) -> AsyncGenerator[Telling, None]:
        latest = Progress("", "")
        scenes = dataclasses.replace(SCENE, max_tokens=memory.scene_tokens(turn.story))
        try:
            # A small model sometimes ends before its first word, or says the last scene again.
            for attempt in range(TRIES):
                ask = self._ask(owner, asked, scenes)
                async with aclosing(growing(self.context.answer(ask))) as answer:
                    async for latest in answer:
                        yield dataclasses.replace(
                            self._telling(
                                turn, "scene", _shown(turn, latest.text), latest.answer_id
                            ),
                            waiting=latest.waiting,
                        )
                if _good(turn, latest.text, last=attempt == TRIES - 1):
                    break
        except (asyncio.CancelledError, GeneratorExit):
            kept = _shown(turn, whole_sentences(latest.text))
            self._keep(owner, turn.passage(kept, latest.answer_id, reminder), turn)
            raise
        scene = _shown(turn, latest.text)
        if latest.finished and latest.finished.numbers.finish_reason != "stop":
            scene = whole_sentences(scene) or scene
        if not scene:
            raise EngineClosed(say("The model wrote nothing."), fix=say("Choose again."))
        self._keep(owner, turn.passage(scene, latest.answer_id, reminder), turn)

    def _keep(self, owner: str, passage: Passage, turn: Turn) -> None:
        if not passage.scene:
            return
        if not turn.path and not turn.known:
            self.store.begin(owner, turn.story)
        self.store.add(passage)

    async def _choices(
        self, owner: str, turn: Turn, asked: tuple[Message, ...]
    ) -> tuple[tuple[Choice, ...], str]:
        best: list[str] = []
        answer_id = ""
        for attempt in range(TRIES):
            sampling = CHOICES if attempt == 0 else AGAIN
            answer = await self.context.whole_answer(
                self._ask(owner, asked, sampling, form.CHOICES_SCHEMA)
            )
            offered = _read(answer.text)
            if turn.story.manner.children:
                offered = [text for text in offered if not gentle.harsh(text)]
            texts = ways.distinct(offered)
            if not answer_id or len(texts) > len(best):
                best, answer_id = texts, answer.answer_id
            if len(texts) >= ways.FEWEST and len(texts) == len(offered):
                break
        return ways.filled(best, turn.story.genre, [step.said for step in turn.path]), answer_id

    def _ask(
        self,
        owner: str,
        messages: tuple[Message, ...],
        sampling: Sampling,
        schema: Mapping[str, Any] | None = None,
    ) -> Ask:
        return Ask(
            app="story",
            request=Request(
                messages=messages,
                sampling=sampling,
                schema=schema,
                app="story",
                owner=owner,
                shared_messages=1,
                deadline_seconds=DEADLINE_SECONDS,
            ),
            prompt_version=form.VERSION,
            schema_name="story-choices" if schema else "",
        )

    def _telling(
        self,
        turn: Turn,
        doing: Literal["scene", "choices", "done"],
        scene: str = "",
        answer_id: str = "",
    ) -> Telling:
        return Telling(turn.story.id, turn.id, doing, turn.said, scene, answer_id=answer_id)


def _read(text: str) -> list[str]:
    """The choices of an answer; none when it was cut short by its deadline."""
    try:
        return form.parse_choices(text)
    except (ValueError, KeyError, TypeError):
        return []


def _turn(book: Book, path: Sequence[Passage], step: Step, said: str) -> Turn:
    return Turn(
        story=book.story,
        path=path,
        step=step,
        said=said,
        summaries=book.summaries,
        known=True,
    )


def _shown(turn: Turn, text: str) -> str:
    """What the reader sees: for children whole sentences only, and none with a harsh word."""
    if turn.story.manner.children:
        return gentle.softened(whole_sentences(text))
    return text.strip()


def _good(turn: Turn, text: str, *, last: bool) -> bool:
    """Whether the scene can stay: not empty, not the scene before once more, not harsh."""
    if not text.strip() or last:
        return last
    repeated = bool(turn.path) and alike(text, turn.path[-1].scene)
    return not repeated and not (turn.story.manner.children and gentle.harsh(text))

"""Asking the model for ideas and for a better idea; judging is in `apps.brainstorm.judging`.

Ideas that repeat a title of the board are asked for again; one that repeats a title over a new text
takes its first words as title. All answers are JSON under a schema, so they can always be read.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from apps.alike import alike
from apps.brainstorm.board import checked_body, checked_title
from apps.brainstorm.judging import DEADLINE_SECONDS, Judge
from apps.checks import MAX_LINE, one_line
from apps.context import Ask, Context, Finished
from apps.ui.stream import growing
from shared.engine.ask import require
from shared.engine.types import Request, Sampling, Waiting
from shared.errors import BadRequest, EngineClosed
from shared.formats import brainstorm as form
from shared.formats.brainstorm import Idea
from shared.messages import Message

MOST_IDEAS = 10
IDEA_TOKENS = 64
"""Room for one idea: a title of some words and one or two sentences, as JSON."""
PROMPT_TOKENS = 320
"""What is left for the question when ideas are counted out to a small window."""
TRIES = 7
BOLDER = 0.2
"""A model that only repeats itself is asked again at a higher temperature, up to 1.5."""
MOST_TITLES = 500
"""Every idea is compared with every title while it is written, for all who wait."""
SHOWN_TITLES, SHOWN_TITLE = 20, 60
"""How many titles are named as "not again", and how much of each: a window is small."""


@dataclass(frozen=True, slots=True)
class Found:
    """An idea and the answer that holds it."""

    idea: Idea
    answer_id: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """How far the ideas are."""

    found: tuple[Found, ...]
    waiting: Waiting | None = None


class Thinker:
    """Finds and refines ideas; keeps nothing."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.judge = Judge(ctx)

    async def brainstorm(
        self,
        owner: str,
        topic: str,
        n: int,
        method: str,
        existing: Sequence[str],
        *,
        told: str = "",
    ) -> AsyncGenerator[Thinking, None]:
        """Find `n` ideas whose titles are new; yields them as they come.

        `told` is what a method of the person's own says.

        Raises:
            BadRequest: If topic, number, method or titles are outside their limits.
        """
        topic = one_line(topic, name="topic")
        checked_number(n)
        if not told:
            checked_method(method)
        taken = checked_titles(existing)
        self._require()
        yield Thinking(())
        harvest = Harvest(taken)
        most = max(1, (self._window() - PROMPT_TOKENS) // IDEA_TOKENS)
        for attempt in range(TRIES - 1 + -(-n // most)):
            missing = min(n - len(harvest.kept), most)
            if missing <= 0:
                break
            question = form.ask_ideas(topic, missing, method, shortened(harvest.titles()), told)
            ask = self._ask(
                owner,
                question,
                form.ideas_schema(missing),
                Sampling(
                    temperature=min(0.8 + BOLDER * attempt, 1.5),
                    max_tokens=missing * IDEA_TOKENS + 32,
                ),
                "ideas",
            )
            async with aclosing(self._round(ask, harvest, n)) as steps:
                async for step in steps:
                    yield step
        harvest.fill(n)
        if not harvest.kept:
            raise EngineClosed("The model found no new idea.", fix="Try another method or topic.")
        yield Thinking(tuple(harvest.kept))

    async def _round(self, ask: Ask, harvest: "Harvest", n: int) -> AsyncGenerator[Thinking, None]:
        ideas: list[Idea] = []
        async with aclosing(growing(self._ctx.answer(ask))) as answer:
            async for step in answer:
                ideas = ideas_in(step.text)
                fresh = harvest.fresh(ideas, step.answer_id)
                yield Thinking((*harvest.kept, *fresh)[:n], step.waiting)
                if step.finished:
                    harvest.take(ideas, step.answer_id, n)

    async def refine(
        self, owner: str, title: str, body: str, instruction: str = ""
    ) -> tuple[str, Idea]:
        """A better version of an idea, with its answer's id.

        Raises:
            BadRequest: If a field is empty or too long.
        """
        title, body = checked_title(title), checked_body(body)
        wish = one_line(instruction, name="wish", fewest=0, most=MAX_LINE)
        self._require()
        question = form.ask_refine(title, body, wish)
        sampling = Sampling(temperature=0.7, max_tokens=160)
        ask = self._ask(owner, question, form.IDEA_SCHEMA, sampling, "idea")
        answer, idea = await self._idea(ask)
        if alike(f"{idea.title} {idea.body}", f"{title} {body}"):
            answer, idea = await self._idea(ask)
        return answer.answer_id, idea

    async def _idea(self, ask: Ask) -> tuple[Finished, Idea]:
        answer = await self._ctx.whole_answer(ask)
        try:
            return answer, form.parse_idea(answer.text)
        except ValueError:
            raise _unfinished() from None

    def _window(self) -> int:
        return self._ctx.engine_for("brainstorm").info().context_tokens

    def _require(self) -> None:
        require(self._ctx.engine_for("brainstorm"), "schema", what_for="The idea board")

    def _ask(
        self,
        owner: str,
        question: Message,
        schema: Mapping[str, Any],
        sampling: Sampling,
        schema_name: str,
    ) -> Ask:
        return Ask(
            app="brainstorm",
            request=Request(
                messages=(Message("system", form.SYSTEM), question),
                sampling=sampling,
                schema=schema,
                app="brainstorm",
                owner=owner,
                shared_messages=1,
                deadline_seconds=DEADLINE_SECONDS,
            ),
            prompt_version=form.VERSION,
            schema_name=schema_name,
        )


class Harvest:
    """Ideas that were found, and those whose title was there already."""

    def __init__(self, taken: Sequence[str]) -> None:
        self.kept: list[Found] = []
        self._taken = list(taken)
        self._repeats: list[Found] = []

    def titles(self) -> list[str]:
        """All titles that must not come again."""
        return [*self._taken, *(found.idea.title for found in self.kept)]

    def fresh(self, ideas: Sequence[Idea], answer_id: str) -> list[Found]:
        """Those of the ideas that are new, also among themselves."""
        titles, new = self.titles(), list[Found]()
        for idea in ideas:
            if not any(alike(idea.title, title) for title in titles):
                titles.append(idea.title)
                new.append(Found(idea, answer_id))
        return new

    def take(self, ideas: Sequence[Idea], answer_id: str, n: int) -> None:
        """Keep what is new, up to `n` in all, and remember the rest."""
        new = self.fresh(ideas, answer_id)
        chosen = [found.idea for found in new]
        self._repeats += [Found(idea, answer_id) for idea in ideas if idea not in chosen]
        self.kept = [*self.kept, *new][:n]

    def fill(self, n: int) -> None:
        """Use repeats that have a text of their own under a title made from it."""
        for found in self._repeats:
            if len(self.kept) >= n:
                return
            if any(alike(found.idea.body, other.idea.body) for other in self.kept):
                continue
            title = " ".join(found.idea.body.split()[:6]).rstrip(".,;:")[:80]
            renamed = Idea(title=title, body=found.idea.body)
            self.kept += self.fresh([renamed], found.answer_id)


def ideas_in(text: str) -> list[Idea]:
    """The ideas that are complete in an answer that may still be growing."""
    ideas: list[Idea] = []
    decoder = json.JSONDecoder()
    at = text.find("{", text.find("["))
    while at > 0:
        try:
            row, at = decoder.raw_decode(text, at)
            ideas.append(Idea.model_validate(row))
        except ValueError:
            break
        at = text.find("{", at)
    return ideas


def shortened(titles: Sequence[str]) -> list[str]:
    """The newest titles, each cut, as they are named to the model."""
    return [title[:SHOWN_TITLE] for title in titles[-SHOWN_TITLES:]]


def checked_number(n: object) -> None:
    """Raises BadRequest unless it is a whole number from 1 to 10."""
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= MOST_IDEAS:
        raise BadRequest(f"{n!r} ideas cannot be asked for.", fix=f"Send 1 to {MOST_IDEAS}.")


def checked_method(method: object) -> None:
    """Raises BadRequest unless it is one of the presets."""
    if method not in form.METHODS:
        raise BadRequest(
            f"There is no method {method!r}.", fix=f"The methods are {', '.join(form.METHODS)}."
        )


def checked_titles(existing: Sequence[object] | None) -> list[str]:
    """Titles that must not come again; raises BadRequest for anything but a list of texts."""
    if existing is not None and not isinstance(existing, list | tuple):
        raise BadRequest("The existing titles are not a list.", fix="Send a list of texts.")
    if existing is not None and len(existing) > MOST_TITLES:
        raise BadRequest(
            f"{len(existing):,} existing titles are too many.", fix=f"Send up to {MOST_TITLES}."
        )
    return [one_line(title, name="existing title", fewest=0) for title in existing or ()]


def _unfinished() -> EngineClosed:
    return EngineClosed("The model did not finish its answer.", fix="Try again.")

"""Asking the model for ideas and for a better idea; judging is in `apps.brainstorm.judging`.

What is asked until enough ideas are new is in `shared.formats.ideas`. All answers are JSON under a
schema, so they can always be read.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from apps.brainstorm.board import checked_body, checked_title
from apps.brainstorm.judging import DEADLINE_SECONDS, Judge
from apps.checks import MAX_LINE, one_line
from apps.context import Ask, Context, Finished
from apps.ui.stream import growing
from shared.engine.ask import require
from shared.engine.types import Request, Sampling, Waiting
from shared.errors import BadRequest, EngineClosed
from shared.formats import brainstorm as form
from shared.formats import usual
from shared.formats.alike import alike
from shared.formats.brainstorm import Idea
from shared.formats.ideas import Found, Hunt, Wanted
from shared.messages import Message
from shared.texts import say

MOST_IDEAS = 10
MOST_TITLES = 500
"""Every idea is compared with every title while it is written, for all who wait."""


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
        """Find `n` ideas whose titles and texts are new; yields them as they come.

        `told` is what a method of the person's own says.

        Raises:
            BadRequest: If topic, number, method or titles are outside their limits.
        """
        topic = one_line(topic, name=say("topic"))
        checked_number(n)
        if not told:
            checked_method(method)
        taken = checked_titles(existing)
        self._require()
        yield Thinking(())
        wanted = Wanted(topic=topic, n=n, method=method, told=told, taken=tuple(taken))
        hunt = Hunt(wanted, window=self._window())
        while (asked := hunt.next_round()) is not None:
            ask = self._ask(owner, asked.question, asked.schema, asked.sampling, "ideas")
            async with aclosing(self._round(ask, hunt)) as steps:
                async for step in steps:
                    yield step
        found = hunt.found()
        if not found:
            raise EngineClosed(
                say("The model found no new idea."), fix=say("Try another method or topic.")
            )
        yield Thinking(tuple(found))

    async def _round(self, ask: Ask, hunt: Hunt) -> AsyncGenerator[Thinking, None]:
        async with aclosing(growing(self._ctx.answer(ask))) as answer:
            async for step in answer:
                coming = hunt.coming(step.text, step.answer_id)
                yield Thinking(tuple(coming), step.waiting)
                if step.finished:
                    hunt.take(step.text, step.answer_id)

    async def refine(
        self, owner: str, title: str, body: str, instruction: str = ""
    ) -> tuple[str, Idea]:
        """A better version of an idea, with its answer's id.

        Raises:
            BadRequest: If a field is empty or too long.
        """
        title, body = checked_title(title), checked_body(body)
        wish = one_line(instruction, name=say("wish"), fewest=0, most=MAX_LINE)
        self._require()
        question = form.ask_refine(title, body, wish)
        sampling = replace(usual.REFINED, max_tokens=160)
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
        require(self._ctx.engine_for("brainstorm"), "schema", what_for=say("The idea board"))

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


def checked_number(n: object) -> None:
    """Raises BadRequest unless it is a whole number from 1 to 10."""
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= MOST_IDEAS:
        raise BadRequest(
            say("{number} ideas cannot be asked for.", number=repr(n)),
            fix=say("Send {fewest} to {most}.", fewest=1, most=MOST_IDEAS),
        )


def checked_method(method: object) -> None:
    """Raises BadRequest unless it is one of the presets."""
    if method not in form.METHODS:
        raise BadRequest(
            say("There is no method {method}.", method=repr(method)),
            fix=say("The methods are {known}.", known=", ".join(form.METHODS)),
        )


def checked_titles(existing: Sequence[object] | None) -> list[str]:
    """Titles that must not come again; raises BadRequest for anything but a list of texts."""
    if existing is not None and not isinstance(existing, list | tuple):
        raise BadRequest(
            say("The existing titles are not a list."), fix=say("Send a list of texts.")
        )
    if existing is not None and len(existing) > MOST_TITLES:
        raise BadRequest(
            say("{count} existing titles are too many.", count=f"{len(existing):,}"),
            fix=say("Send up to {most}.", most=MOST_TITLES),
        )
    return [one_line(title, name=say("existing title"), fewest=0) for title in existing or ()]


def _unfinished() -> EngineClosed:
    return EngineClosed(say("The model did not finish its answer."), fix=say("Try again."))

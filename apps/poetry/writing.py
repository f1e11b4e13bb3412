"""Writing poems: a draft whose number of lines is bound, then only the lines that fail are mended.

A draft that says a line twice is written anew from there (`shared.formats.verse`).

A failing line is tried several times behind the lines that stand before it, which are bound to what
they are (read, not written), and the try that fits the form best is kept if it is better. Where a
rhyme fails, half of the tries are bound to end in a word that rhymes. What a person may flag is one
answer: the mended poem is at last written out once more with every line bound, as a fair copy.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from apps.context import Ask, Context
from apps.poetry import binding
from apps.poetry.poem import Poem
from apps.poetry.sounds import Own
from apps.ui.stream import growing
from shared.engine.ask import require
from shared.engine.types import Request, Waiting
from shared.errors import BadRequest, EngineClosed, QueueFull
from shared.formats import poetry as form
from shared.formats import verse
from shared.formats.alike import alike
from shared.formats.poetry import FORMS
from shared.formats.usual import POEM
from shared.messages import Message
from shared.texts import say

DEADLINE_SECONDS = 300.0
LINE_TOKENS = 26
LINE_ROOM = 160
"""Tokens for one bound line: a bound line may have to go the long way to its rhyme."""
MOST_TRIES = 8
USUAL_TRIES = 4
"""Tries of a line that are written side by side."""
REWRITES = 3
"""Rounds of tries when a person asks for another line."""
ROUNDS = 5
"""Rounds in which a line may come out no better before it is left as it is."""
PATIENCE_SECONDS = 45.0
"""How long a poem is mended; what is there then is kept."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How far the poem is."""

    poem: Poem
    status: str = ""
    waiting: Waiting | None = None
    whole: bool = False
    """Whether the poem is as good as it will get."""
    mending: bool = False
    """Whether it has all its lines, of which some are tried anew."""


@dataclass(frozen=True, slots=True)
class Job:
    """One poem to be written or mended, and what holds for all of its answers."""

    owner: str
    poem: Poem
    own: Mapping[str, Own]
    """How the person says words."""
    wish: str = ""
    """What is to be different from the poem as it is; empty for a new poem."""

    def now(self, poem: Poem) -> "Job":
        """The same with the poem further on."""
        return replace(self, poem=poem)


class Poet:
    """Writes poems; keeps nothing."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def write(
        self,
        owner: str,
        poem: Poem,
        tries: int = USUAL_TRIES,
        *,
        own: Mapping[str, Own] | None = None,
        wish: str = "",
    ) -> AsyncGenerator[Writing, None]:
        """Write what `poem` asks for, then mend what fails.

        Args:
            owner: Who waits.
            poem: What is asked for; with a wish, also the lines that are to be revised.
            tries: How often a failing line is tried at once, up to 8; 0 takes the draft as it is.
            own: How the person says words.
            wish: What is to be different: "darker", "simpler words".

        Raises:
            EngineClosed: If the model writes nothing.
        """
        job = Job(owner, poem, own or {}, wish)
        status = say("Writing it anew …") if wish else say("Writing …")
        yield Writing(poem, status)
        latest = Writing(poem)
        async with aclosing(self._draft(job, status)) as steps:
            async for latest in steps:
                yield latest
        draft = latest.poem
        if not draft.lines:
            raise EngineClosed(say("The model wrote nothing."), fix=say("Try again."))
        if tries > 0 and self._can_bind():
            async with aclosing(self._mended(job.now(draft), min(tries, MOST_TRIES))) as mending:
                async for latest in mending:
                    yield latest
        yield Writing(await self._fair(job, latest.poem, draft), whole=True)

    async def rewrite(
        self, owner: str, poem: Poem, index: int, *, own: Mapping[str, Own] | None = None
    ) -> AsyncGenerator[Writing, None]:
        """Write one line anew, `index` counted from 0; the others stay as they are.

        Raises:
            BadRequest: If the poem has no such line.
            AbilityMissing: If the model cannot be bound to a pattern.
            EngineClosed: If every try was the line that is there.
        """
        if not 0 <= index < len(poem.lines):
            raise BadRequest(
                say("The poem has no such line."),
                fix=say("It has {count}.", count=len(poem.lines)),
            )
        require(self._ctx.engine_for("poetry"), "pattern", what_for=say("Writing one line anew"))
        yield Writing(poem, say("Writing line {number} anew …", number=index + 1))
        job = Job(owner, poem, own or {})
        best: Poem | None = None
        for boldness in range(REWRITES):
            found = await self._tries(job, index, USUAL_TRIES, boldness)
            fresh = [line for line in found if not alike(line, poem.lines[index])]
            if fresh:
                best = await asyncio.to_thread(_best, job, index, fresh)
                if not best.report(job.own).lines[index].problems:
                    break
        if best is None:
            raise EngineClosed(
                say("The model had no other idea for this line."), fix=say("Try once more.")
            )
        yield Writing(await self._fair(job, best, poem), whole=True)

    async def _draft(self, job: Job, status: str) -> AsyncGenerator[Writing, None]:
        """The poem as it is written, and anew from the first line that was said before."""
        poem = job.poem
        drafting = verse.Drafting(poem.kind, poem.initials())
        while (asked := drafting.next_round()) is not None:
            pattern = asked.pattern if self._can_bind() else None
            ask = self._ask(job, pattern, self._tokens(poem), temperature=asked.temperature)
            latest = Writing(poem)
            async with aclosing(self._follow(ask, poem, status)) as steps:
                async for latest in steps:
                    yield latest
            if pattern is None:
                return
            drafting.take(latest.poem.text())

    async def _mended(self, job: Job, tries: int) -> AsyncGenerator[Writing, None]:
        poem = binding.with_refrains(job.poem)
        left = Counter[int]()
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            index = await asyncio.to_thread(_weakest, job.now(poem), left)
            if index is None:
                break
            problem = poem.report(job.own).lines[index].problems
            why = problem[0] if problem else say("another line is to rhyme with it")
            status = say("Line {number}: {why}. Trying others …", number=index + 1, why=why)
            yield Writing(poem, status, mending=True)
            found = await self._tries(job.now(poem), index, tries, left[index])
            better = await asyncio.to_thread(
                _best, job.now(poem), index, [poem.lines[index], *found]
            )
            if better.lines == poem.lines:
                left[index] += 1
            # Until the fair copy is made there is no answer that holds these lines.
            poem = binding.with_refrains(better).model_copy(update={"answer_id": ""})
        yield Writing(poem, mending=True)

    async def _tries(self, job: Job, index: int, tries: int, boldness: int) -> list[str]:
        """Other ways to write one line: some side by side, then one that is bound to rhyme."""
        room = await self._room(job.poem, index)
        free = binding.free(job.poem, index)
        temperature = min(0.8 + 0.1 * boldness, 1.3)
        asks = [self._ask(job, free, room, temperature=temperature) for _ in range(tries)]
        found = await self._lines(asks, index)
        lines = [job.poem.lines[index], *found]
        bound = await asyncio.to_thread(binding.rhymed, job.poem, index, job.own, lines)
        if bound:
            found += await self._lines([self._ask(job, bound, room, temperature=0.5)], index)
        return list(dict.fromkeys(found))

    async def _room(self, poem: Poem, index: int) -> int:
        before = "\n".join(poem.lines[:index])
        return await self._ctx.engine_for("poetry").count_tokens(before) + LINE_ROOM

    async def _lines(self, asks: Sequence[Ask], index: int) -> list[str]:
        """What these answers, which nobody is shown, say in one line."""
        answers = await asyncio.gather(
            *(self._ctx.whole_answer(replace(ask, draft=True)) for ask in asks),
            return_exceptions=True,
        )
        for answer in answers:
            # With a full queue fewer tries will do; everything else is not for us to hide.
            if isinstance(answer, BaseException) and not isinstance(answer, QueueFull):
                raise answer
        texts = [form.parse(a.text) for a in answers if not isinstance(a, BaseException)]
        return [lines[index] for lines in texts if len(lines) > index]

    async def _fair(self, job: Job, poem: Poem, before: Poem) -> Poem:
        """The poem as one answer, which can be flagged."""
        if poem.lines == before.lines:
            return before
        engine = self._ctx.engine_for("poetry")
        tokens = await engine.count_tokens(poem.text()) + LINE_TOKENS
        ask = self._ask(job, verse.literal(poem.lines), tokens)
        answer = await self._ctx.whole_answer(ask)
        return poem.model_copy(update={"answer_id": answer.answer_id})

    async def _follow(self, ask: Ask, poem: Poem, status: str) -> AsyncGenerator[Writing, None]:
        async with aclosing(growing(self._ctx.answer(ask))) as answer:
            async for step in answer:
                lines = form.parse(step.text)[: poem.kind.lines[1]]
                update = {"lines": tuple(lines), "answer_id": step.answer_id}
                yield Writing(poem.model_copy(update=update), status, step.waiting)

    def _can_bind(self) -> bool:
        # A server elsewhere may not know patterns; there the prompt alone asks for the form.
        return "pattern" in self._ctx.engine_for("poetry").info().abilities

    def _tokens(self, poem: Poem) -> int:
        most = len(poem.initials()) or poem.kind.lines[1]
        window = self._ctx.engine_for("poetry").info().context_tokens
        return max(32, min(most * LINE_TOKENS + 16, window // 2))

    def _ask(
        self,
        job: Job,
        pattern: str | None,
        max_tokens: int,
        *,
        temperature: float = POEM.temperature,
    ) -> Ask:
        known = job.poem.form in FORMS
        # What is to stay of a poem that is revised stands in the question already.
        dry = 0.0 if job.wish else POEM.dry_multiplier
        return Ask(
            app="poetry",
            request=Request(
                messages=_messages(job),
                sampling=replace(
                    POEM, temperature=temperature, dry_multiplier=dry, max_tokens=max_tokens
                ),
                pattern=pattern,
                app="poetry",
                owner=job.owner,
                shared_messages=1,
                deadline_seconds=DEADLINE_SECONDS,
            ),
            prompt_version=form.VERSION,
            schema_name=f"poem-{job.poem.form}" if pattern and known else "",
        )


def _messages(job: Job) -> tuple[Message, ...]:
    poem = job.poem
    told = poem.kind.hint if poem.made_form or poem.form in form.RULED else ""
    asked = form.ask(poem.form, poem.subject, poem.mood, told)
    messages = (Message("system", form.SYSTEM), asked)
    if not job.wish:
        return messages
    return (*messages, Message("assistant", poem.text()), form.ask_again(job.wish))


def _weakest(job: Job, left: Counter[int]) -> int | None:
    """The first line with a problem that was not given up; its rhyme partner after that."""
    found = job.poem.report(job.own)
    for index, line in enumerate(found.lines):
        if set(line.failed) - {"lines", "refrain"}:
            if left[index] < ROUNDS:
                return index
            if line.partner is not None and left[line.partner] < ROUNDS:
                return line.partner
    return None


def _best(job: Job, index: int, lines: list[str]) -> Poem:
    """The poem with the line that fits best; of equals the first."""
    poems = [job.poem.with_line(index, line) for line in lines]
    return max(poems, key=lambda poem: _merit(job, poem, index))


def _merit(job: Job, poem: Poem, index: int) -> tuple[int, int, float]:
    found = binding.with_refrains(poem).report(job.own)
    others = [line for at, line in enumerate(poem.lines) if at != index]
    doubled = any(alike(poem.lines[index], other) for other in others)
    amiss = sum(len(line.problems) for line in found.lines)
    return -amiss - doubled, -len(found.lines[index].problems), found.score

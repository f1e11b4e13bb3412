"""Writing poems: the right number of lines is bound by a pattern, the rest is tried and measured.

One line is written anew by binding all others to what they are: they are read, not written, so the
model sees what comes before, and the answer on record is the whole poem as it stands on the page.
"""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from apps.context import Ask, Context
from apps.poetry.poem import Poem, initials
from apps.ui.stream import growing
from shared.engine.ask import require
from shared.engine.types import Request, Sampling, Waiting
from shared.errors import BadRequest, EngineClosed
from shared.formats import poetry as form
from shared.formats.poetry import FORMS
from shared.messages import Message

DEADLINE_SECONDS = 300.0
LINE_TOKENS = 26
MOST_TRIES = 4
REWRITES = 3
"""How often a line is tried until it has no problem."""
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


@dataclass(frozen=True, slots=True)
class Writing:
    """How far the poem is."""

    poem: Poem
    status: str = ""
    waiting: Waiting | None = None
    whole: bool = False
    """Whether the poem is as good as it will get."""


class Poet:
    """Writes poems; keeps nothing."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def write(self, owner: str, poem: Poem, tries: int = 1) -> AsyncGenerator[Writing, None]:
        """Write what `poem` asks for; of several tries the one that fits the form best is kept.

        Raises:
            EngineClosed: If the model writes nothing.
        """
        yield Writing(poem, "Writing …")
        best: Poem | None = None
        tries = max(1, min(tries, MOST_TRIES))
        for number in range(tries):
            status = "Writing …" if tries == 1 else f"Writing, try {number + 1} of {tries} …"
            ask = self._ask(owner, poem, self._pattern(poem), self._tokens(poem))
            latest = Writing(poem)
            async with aclosing(self._follow(ask, poem, status)) as steps:
                async for latest in steps:
                    yield latest
            best = _better(best, latest.poem)
            if best.report().ok:
                break
        if best is None or not best.lines:
            raise EngineClosed("The model wrote nothing.", fix="Try again.")
        yield Writing(best, whole=True)

    async def rewrite(self, owner: str, poem: Poem, index: int) -> AsyncGenerator[Writing, None]:
        """Write one line anew, `index` counted from 0; the others stay as they are.

        Raises:
            BadRequest: If the poem has no such line.
            AbilityMissing: If the model cannot be bound to a pattern.
        """
        if not 0 <= index < len(poem.lines):
            raise BadRequest("The poem has no such line.", fix=f"It has {len(poem.lines)}.")
        require(self._ctx.engine_for("poetry"), "pattern", what_for="Writing one line anew")
        yield Writing(poem, f"Writing line {index + 1} anew …")
        tokens = await self._ctx.engine_for("poetry").count_tokens(poem.text()) + 2 * LINE_TOKENS
        pattern = _around(poem, index)
        best: Poem | None = None
        for number in range(REWRITES):
            ask = self._ask(owner, poem, pattern, tokens, temperature=0.9 + 0.1 * number)
            answer = await self._ctx.whole_answer(ask)
            found = _written(poem, answer.text, answer.answer_id)
            if len(found.lines) == len(poem.lines) and found.lines != poem.lines:
                best = _better(best, found, line=index)
            if best and not best.report().lines[index].problems:
                break
        if best is None:
            raise EngineClosed("The model had no other idea for this line.", fix="Try once more.")
        yield Writing(best, whole=True)

    async def _follow(self, ask: Ask, poem: Poem, status: str) -> AsyncGenerator[Writing, None]:
        async with aclosing(growing(self._ctx.answer(ask))) as answer:
            async for step in answer:
                found = _written(poem, step.text, step.answer_id)
                yield Writing(found, status, step.waiting)

    def _pattern(self, poem: Poem) -> str | None:
        # A server elsewhere may not know patterns; there the prompt alone asks for the form.
        if "pattern" not in self._ctx.engine_for("poetry").info().abilities:
            return None
        letters = initials(poem.form, poem.subject)
        return _acrostic(letters) if letters else form.pattern(FORMS[poem.form])

    def _tokens(self, poem: Poem) -> int:
        most = len(initials(poem.form, poem.subject)) or FORMS[poem.form].lines[1]
        window = self._ctx.engine_for("poetry").info().context_tokens
        return max(32, min(most * LINE_TOKENS + 16, window // 2))

    def _ask(
        self,
        owner: str,
        poem: Poem,
        pattern: str | None,
        max_tokens: int,
        *,
        temperature: float = 0.8,
    ) -> Ask:
        question = form.ask(poem.form, poem.subject, poem.mood)
        return Ask(
            app="poetry",
            request=Request(
                messages=(Message("system", form.SYSTEM), question),
                sampling=Sampling(
                    temperature=temperature, repeat_penalty=1.05, max_tokens=max_tokens
                ),
                pattern=pattern,
                app="poetry",
                owner=owner,
                shared_messages=1,
                deadline_seconds=DEADLINE_SECONDS,
            ),
            prompt_version=form.VERSION,
            schema_name=f"poem-{poem.form}" if pattern else "",
        )


def _written(poem: Poem, text: str, answer_id: str) -> Poem:
    lines = form.parse(text)[: FORMS[poem.form].lines[1]]
    return poem.model_copy(update={"lines": tuple(lines), "answer_id": answer_id})


def _better(best: Poem | None, other: Poem, *, line: int | None = None) -> Poem:
    """The one that fits its form better; of equals the first."""
    return other if best is None or _fit(other, line) > _fit(best, line) else best


def _fit(poem: Poem, line: int | None) -> tuple[int, float]:
    found = poem.report()
    problems = len(found.lines[line].problems) if line is not None else 0
    return -problems, found.score if poem.lines else -1.0


def _literal(line: str) -> str:
    return _SPECIAL.sub(r"\\\1", line)


def _around(poem: Poem, index: int) -> str:
    """All lines as they are but one, which keeps only an acrostic's first letter."""
    letters = initials(poem.form, poem.subject)
    free = _begun(letters[index]) if index < len(letters) else form.LINE
    lines = [_literal(line) for line in poem.lines]
    return "\\n".join([*lines[:index], free, *lines[index + 1 :]])


def _acrostic(letters: Sequence[str]) -> str:
    return "\\n".join(_begun(letter) for letter in letters)


def _begun(letter: str) -> str:
    """A line that begins with a letter."""
    return _literal(letter.upper()[:1]) + r"[^\n\r]{1,89}"

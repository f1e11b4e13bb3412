"""A person at their poem: every draft is kept, their way to say words, and the forms they made.

A poem that is stopped keeps its finished lines.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from pydantic import TypeAdapter

from apps.checks import one_line
from apps.poetry import own_forms
from apps.poetry.poem import MAX_TEXT, OWN_SUBJECT, Poem, checked_lines, wanted
from apps.poetry.report import Report
from apps.poetry.sounds import Own, words_in
from apps.poetry.writing import Poet, Writing
from apps.revisions import Revisions
from shared.errors import BadRequest, NotFound
from shared.formats.poetry import Form
from shared.texts import say

MAX_WISH = 200
MAX_WORD = 40
MOST_WORDS = 500
"""Words of one's own pronunciation."""
_SPOKEN = TypeAdapter(dict[str, Own])


class PoemDesk:
    """The poems of all owners; `owner` is always the one who asks."""

    def __init__(self, path: Path, poet: Poet, *, keep_days: int) -> None:
        self._kept = Revisions(path, "poem", keep_days=keep_days)
        self._spoken = Revisions(path, "spoken", keep_days=keep_days)
        self._forms = Revisions(path, "forms", keep_days=keep_days)
        self._poet = poet

    def sweep(self) -> None:
        """Forget what nobody has changed for long."""
        for kept in (self._kept, self._spoken, self._forms):
            kept.sweep()

    def poem(self, owner: str) -> Poem | None:
        """The poem as it is; None before the first."""
        return Poem.read(self._kept.latest(owner))

    def undo(self, owner: str) -> Poem | None:
        """The poem before the last step."""
        return Poem.read(self._kept.undo(owner))

    def drafts(self, owner: str) -> list[Poem]:
        """What the poem has been, newest first."""
        found = (Poem.read(text) for text in self._kept.history(owner))
        return [poem for poem in found if poem is not None]

    def restore(self, owner: str, number: int) -> Poem:
        """Take an earlier draft up again; `number` as in `drafts`."""
        drafts = self.drafts(owner)
        if not 0 <= number < len(drafts):
            raise NotFound(say("There is no such draft."), fix=say("Reload the page."))
        self._keep(owner, drafts[number])
        return drafts[number]

    def report(self, owner: str, poem: Poem) -> Report:
        """The poem held against its form, as its owner speaks."""
        return poem.report(self.spoken(owner))

    def forms(self, owner: str) -> dict[str, Form]:
        """The forms that the owner made."""
        return own_forms.load(self._forms.latest(owner))

    def add_form(self, owner: str, name: str, notation: str, metre: str) -> Form:
        """Make a form, or make one of one's own anew; raises BadRequest if it cannot be read."""
        form = own_forms.read_form(name, notation, metre)

        def add(text: str) -> str:
            forms = {**own_forms.load(text), form.name: form}
            if len(forms) > own_forms.MOST_FORMS:
                raise BadRequest(
                    say("You have many forms."), fix=say("Give a new one an old one's name.")
                )
            return own_forms.dump(forms)

        self._forms.change(owner, add)
        return form

    def spoken(self, owner: str) -> dict[str, Own]:
        """How the owner says words."""
        return _read_spoken(self._spoken.latest(owner))

    def say(self, owner: str, word: str, stress: str, rhymes: str = "") -> None:
        """Remember how a word is spoken; an empty stress forgets it.

        Raises:
            BadRequest: If the stress is not 1 to 8 marks x and /, or a word is none.
        """
        word = _one_word(word, say("word"))
        own = _own(stress, _one_word(rhymes, say("rhyming word")) if rhymes.strip() else "")

        def change(text: str) -> str:
            words = {known: how for known, how in _read_spoken(text).items() if known != word}
            if own is not None:
                words[word] = own
            if len(words) > MOST_WORDS:
                raise BadRequest(
                    say("You have many words."), fix=say("Let the dictionary say some again.")
                )
            return _SPOKEN.dump_json(words).decode()

        self._spoken.change(owner, change)

    def put(self, owner: str, form: str, text: str) -> Poem:
        """Take up a poem of one's own; an acrostic spells what its lines begin with."""
        lines = checked_lines(text)
        spelled = "".join(line.strip()[:1] for line in lines)
        kind = form.strip().casefold()
        subject = spelled if kind == "acrostic" and len(spelled) > 2 else OWN_SUBJECT
        poem = wanted(form, subject, "", self.forms(owner))
        poem = poem.model_copy(update={"lines": tuple(lines)})
        self._keep(owner, poem)
        return poem

    def put_line(self, owner: str, index: int, line: str) -> Poem:
        """Put one's own words in the place of a line; it is no answer of a model any more."""
        poem = self._poem(owner)
        if not 0 <= index < len(poem.lines):
            raise BadRequest(
                say("The poem has no such line."),
                fix=say("It has {count}.", count=len(poem.lines)),
            )
        tidy = one_line(line, name=say("line"))
        poem = poem.with_line(index, tidy).model_copy(update={"answer_id": ""})
        if len(poem.text()) > MAX_TEXT:
            raise BadRequest(
                say("The poem grows too long."),
                fix=say("It takes {most} characters.", most=f"{MAX_TEXT:,}"),
            )
        self._keep(owner, poem)
        return poem

    async def write(
        self, owner: str, form: str, subject: str, mood: str, tries: int
    ) -> AsyncGenerator[Writing, None]:
        """Write a poem; raises BadRequest if a field is empty or too long."""
        asked = wanted(form, subject, mood, self.forms(owner))
        own = self.spoken(owner)
        writing = self._poet.write(owner, asked, tries, own=own)
        async with aclosing(self._follow(owner, writing, Writing(asked))) as steps:
            async for step in steps:
                yield step

    async def revise(self, owner: str, wish: str, tries: int) -> AsyncGenerator[Writing, None]:
        """Write the poem again as the person wishes; raises NotFound without a poem."""
        poem = self._poem(owner)
        asked = one_line(wish, name=say("wish"), most=MAX_WISH)
        writing = self._poet.write(owner, poem, tries, own=self.spoken(owner), wish=asked)
        async with aclosing(self._follow(owner, writing, Writing(poem, whole=True))) as steps:
            async for step in steps:
                yield step

    async def rewrite(self, owner: str, index: int) -> AsyncGenerator[Writing, None]:
        """Write one line of the poem anew; raises NotFound without a poem."""
        poem = self._poem(owner)
        own = self.spoken(owner)
        async with aclosing(self._poet.rewrite(owner, poem, index, own=own)) as steps:
            async for step in steps:
                if step.whole:
                    self._keep(owner, step.poem)
                yield step

    async def _follow(
        self, owner: str, steps: AsyncGenerator[Writing, None], latest: Writing
    ) -> AsyncGenerator[Writing, None]:
        """Hand on the steps; what is there is kept, whichever way this ends."""
        try:
            async with aclosing(steps):
                async for latest in steps:
                    yield latest
        except (asyncio.CancelledError, GeneratorExit):
            # While lines are mended the poem is complete; while it is drafted its last line is not.
            drafted = latest.whole or latest.mending
            whole = latest.poem.model_copy(update={"lines": latest.poem.lines[:-1]})
            self._keep(owner, latest.poem if drafted else whole)
            raise
        self._keep(owner, latest.poem)

    def _poem(self, owner: str) -> Poem:
        poem = self.poem(owner)
        if poem is None:
            raise NotFound(say("There is no poem yet."), fix=say("Write one first."))
        return poem

    def _keep(self, owner: str, poem: Poem) -> None:
        if poem.lines and poem != self.poem(owner):
            self._kept.change(owner, lambda _: poem.model_dump_json())


def _read_spoken(text: str) -> dict[str, Own]:
    return _SPOKEN.validate_json(text) if text else {}


def _one_word(text: str, name: str) -> str:
    words = words_in(one_line(text, name=name, most=MAX_WORD))
    if len(words) != 1:
        raise BadRequest(say("The {name} is not one word.", name=name), fix=say("Name one word."))
    return words[0]


def _own(stress: str, rhymes: str) -> Own | None:
    marks = "".join(stress.split()).replace("X", "x")
    if not marks:
        return None
    if set(marks) - {"x", "/"} or len(marks) > 8:
        raise BadRequest(
            say("“{marks}” does not say how the word is stressed.", marks=marks[:20]),
            fix=say("Write x for each light and / for each heavy syllable: x/x."),
        )
    return Own(stress=marks, rhymes=rhymes)

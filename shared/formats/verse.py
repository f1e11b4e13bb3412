"""Drafting a poem: what is asked, and asked anew from the first line that was said before.

A pattern binds the number of lines; an acrostic's also their first letters. What returns because
its form wants it is written in here and not left to a model. This is the way of the poetry app and
of the demo model's report alike; who answers is not its business.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.formats.poetry import CHARACTER, Form, parse, pattern
from shared.formats.usual import BOLDER, POEM

DRAFTS = 5
"""How often a poem is asked for, all or in part, before a repeated line is left to stand."""
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Round:
    """One question to the model: how its answer is bound and how boldly it is drawn."""

    pattern: str
    temperature: float


class Drafting:
    """One poem on its way: take its rounds to a model until there is none left."""

    def __init__(self, form: Form, letters: str = "") -> None:
        """A poem in `form`, whose lines begin with `letters` where there are any."""
        self.lines: list[str] = []
        self._form = form
        self._letters = letters
        self._rounds = 0

    def next_round(self) -> Round | None:
        """What to ask now; None when no line is there twice, or nothing better is to be had."""
        stands = first_repeat(self._form, self.lines) if self._rounds else 0
        if stands is None or self._rounds >= DRAFTS:
            return None
        temperature = POEM.temperature + BOLDER * self._rounds
        self._rounds += 1
        return Round(whole(self._form, self._letters, self.lines[:stands]), temperature)

    def take(self, text: str) -> None:
        """Note what a whole answer says, with the refrains where they belong."""
        self.lines = with_refrains(self._form, parse(text)[: self._form.lines[1]])


def whole(form: Form, letters: str = "", stands: Sequence[str] = ()) -> str:
    """A pattern for the whole poem, of which the first lines may stand already."""
    before = [literal([line]) for line in stands]
    if letters:
        return "\\n".join([*before, *map(begun, letters[len(before) :])])
    return "\\n".join([*before, pattern(form, after=len(before))])


def literal(lines: Sequence[str]) -> str:
    """These lines and nothing else."""
    return "\\n".join(_SPECIAL.sub(r"\\\1", line) for line in lines)


def begun(letter: str) -> str:
    """A line that begins with a letter."""
    return literal([letter.upper()[:1]]) + CHARACTER + "{1,89}"


def with_refrains(form: Form, lines: Sequence[str]) -> list[str]:
    """The lines with every returning one written as it stood first."""
    written = list(lines)
    for first, *again in form.refrains:
        for index in again:
            if index < len(written):
                written[index] = written[first]
    return written


def first_repeat(form: Form, lines: Sequence[str]) -> int | None:
    """The first line (from 0) that was said before, case and punctuation aside; None without one.

    A refrain may return, and so may a single word.
    """
    returning = {index: group[0] for group in form.refrains for index in group}
    said: dict[tuple[str, ...], int] = {}
    for index, line in enumerate(lines):
        words = tuple(_WORD.findall(line.casefold()))
        place = returning.get(index, index)
        if len(words) > 1 and said.setdefault(words, place) != place:
            return index
    return None


def initials(form: Form, subject: str) -> str:
    """The letters that an acrostic's lines begin with; empty for all other forms.

    A subject with more letters than the form has lines gives its longest word that fits.
    """
    if not form.spells:
        return ""
    most = form.lines[1]
    letters = _letters(subject)
    if len(letters) <= most:
        return letters
    fitting = [_letters(word)[:most] for word in subject.split()]
    return max(fitting, key=len)


def _letters(text: Sequence[str]) -> str:
    return "".join(letter for letter in text if letter.isalpha())

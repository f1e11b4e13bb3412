"""A poem held against its form: syllables, rhyme, and in words what is amiss in each line.

A count is compared with everything a line may be spoken as (fire has one syllable or two), so a
line is only blamed when no usual way of speaking it fits. What rests on a guess is marked.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from apps.poetry import spelling
from apps.poetry.sounds import Sound, rhyme, sounds, words_in
from shared.formats.poetry import Form

REFRAINS: dict[str, tuple[tuple[int, ...], ...]] = {
    "villanelle": ((0, 5, 11, 17), (2, 8, 14, 18)),
}
"""Lines (from 0) that are the same line come back."""


@dataclass(slots=True, kw_only=True)
class LineReport:
    """What is to be said about one line."""

    text: str
    syllables: int
    wanted: int | None
    stress: str
    """x and / per syllable; empty where a word is not known."""
    rhyme: str
    """Letter of the group that the line rhymes with; x where it need not; empty without rhyme."""
    problems: list[str] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    """Words whose sound is a guess."""


@dataclass(frozen=True, slots=True)
class Report:
    """All lines, and how much of what the form asks for is there."""

    lines: tuple[LineReport, ...]
    score: float
    """Share of the form's demands that are met, 0 to 1."""

    @property
    def ok(self) -> bool:
        """Whether nothing is amiss."""
        return not any(line.problems for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {"ok": self.ok, "score": self.score, "lines": [asdict(line) for line in self.lines]}


class _Reader:
    """Reads one poem; counts the form's demands as it goes."""

    def __init__(self, lines: Sequence[str], form: Form, initials: str) -> None:
        self.form = form
        self.initials = initials
        self.spoken = [words_in(line) for line in lines]
        known = sounds(word for words in self.spoken for word in words)
        self.sounds = [[known[word] for word in words] for words in self.spoken]
        self.lines = [self._line(i, text) for i, text in enumerate(lines)]
        self.asked = self.met = 0

    def read(self) -> Report:
        self._count_lines()
        for index in range(len(self.lines)):
            self._syllables(index)
            self._initial(index)
        self._rhymes()
        self._refrains()
        score = round(self.met / self.asked, 2) if self.asked else 1.0
        return Report(tuple(self.lines), score)

    def _line(self, index: int, text: str) -> LineReport:
        heard = self.sounds[index]
        wanted = _at(self.form.syllables, index)
        count = _count(heard, wanted)
        usual = count == sum(sound.usual for sound in heard)
        known = all(sound.certain for sound in heard)
        return LineReport(
            text=text,
            syllables=count,
            wanted=wanted,
            stress="".join(sound.stress for sound in heard) if usual and known else "",
            rhyme="",
            uncertain=[sound.word for sound in heard if not sound.certain],
        )

    def _check(self, holds: bool, index: int, problem: str) -> None:
        self.asked += 1
        self.met += holds
        if not holds and self.lines:
            self.lines[index].problems.append(problem)

    def _count_lines(self) -> None:
        fewest, most = self.form.lines
        size = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        name = f"a {self.form.name}" if self.form.name[0] not in "aeiou" else f"an {self.form.name}"
        count = len(self.lines)
        self._check(
            fewest <= count <= most,
            -1,
            f"the poem has {_number(count, 'line')}; {name} has {size}",
        )

    def _syllables(self, index: int) -> None:
        line = self.lines[index]
        if line.wanted is None:
            return
        guess = " (a guess)" if line.uncertain else ""
        self._check(
            line.syllables == line.wanted,
            index,
            f"{_number(line.syllables, 'syllable')}{guess}, {line.wanted} wanted",
        )

    def _initial(self, index: int) -> None:
        if index >= len(self.initials):
            return
        wanted = self.initials[index]
        first = next((letter for letter in self.lines[index].text if letter.isalnum()), "")
        self._check(
            first.casefold() == wanted.casefold(), index, f"should begin with “{wanted.upper()}”"
        )

    def _rhymes(self) -> None:
        groups: dict[str, list[int]] = {}
        for index, letter in enumerate(self.form.rhyme[: len(self.lines)]):
            if letter == "x":
                self.lines[index].rhyme = "x"
            else:
                groups.setdefault(letter, []).append(index)
        for letter, members in groups.items():
            self._group(letter, members)

    def _group(self, letter: str, members: list[int]) -> None:
        # Held against the line that most others rhyme with, so that one stray first line does not
        # put all the others in the wrong.
        model = max(members, key=lambda one: sum(self._paired(one, other) for other in members))
        self.lines[model].rhyme = letter
        for index in members:
            if index == model:
                continue
            paired = self._paired(index, model)
            self._check(paired, index, self._no_rhyme(index, model))
            if paired:
                self.lines[index].rhyme = letter

    def _paired(self, one: int, other: int) -> bool:
        if one == other or self._returns(one, other):
            return True
        left, right = self._last(one), self._last(other)
        if left is None or right is None:
            return False
        if left.certain and right.certain:
            return rhyme(left, right)
        # One of them is a guess: without a dictionary only the letters can be compared.
        return left.word != right.word and _spelled(left) == _spelled(right)

    def _last(self, index: int) -> Sound | None:
        return self.sounds[index][-1] if self.sounds[index] else None

    def _no_rhyme(self, index: int, model: int) -> str:
        left, right = self._last(index), self._last(model)
        if left is None or right is None:
            return f"has no word to rhyme with line {model + 1}"
        if left.word == right.word:
            return f"ends on the same word as line {model + 1} (“{left.word}”)"
        guess = "" if left.certain and right.certain else " (a guess)"
        return f"“{left.word}” does not rhyme with “{right.word}” in line {model + 1}{guess}"

    def _returns(self, one: int, other: int) -> bool:
        refrains = REFRAINS.get(self.form.name, ())
        same = self.spoken[one] == self.spoken[other]
        return same and any(one in lines and other in lines for lines in refrains)

    def _refrains(self) -> None:
        for first, *again in REFRAINS.get(self.form.name, ()):
            for index in again:
                if index < len(self.lines):
                    same = self.spoken[index] == self.spoken[first]
                    self._check(same, index, f"should repeat line {first + 1}")


def report(lines: Sequence[str], form: Form, *, initials: str = "") -> Report:
    """Hold a poem against its form.

    Args:
        lines: Without empty ones; indentation does not matter.
        form: What is asked for.
        initials: Letters that the lines are to begin with (acrostic); may be empty.
    """
    return _Reader(lines, form, initials).read()


def _count(heard: Sequence[Sound], wanted: int | None) -> int:
    fewest, most = sum(s.fewest for s in heard), sum(s.most for s in heard)
    if wanted is not None and fewest <= wanted <= most:
        return wanted
    return sum(sound.usual for sound in heard)


def _at(numbers: Sequence[int], index: int) -> int | None:
    return numbers[index] if index < len(numbers) else None


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _spelled(sound: Sound) -> str:
    return re.sub(r"(.)\1+", r"\1", spelling.ending(sound.word))

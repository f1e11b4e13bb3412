"""A poem held against its form: what is amiss in each line, in words.

A count is compared with everything a line may be spoken as (fire has one syllable or two), so a
line is only blamed when no usual way of speaking it fits. What rests on a guess is marked.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from apps.poetry import metre
from apps.poetry.names import a_form, metre_name
from apps.poetry.report import LineReport, Report, WordReport
from apps.poetry.sounds import WORD, Own, Sound, kinship, sounds, words_in
from shared.formats.poetry import Form
from shared.texts import later, say, say_count

_PAUSE = re.compile(r"[,;:.!?()—–…]|--| - ")
_MERIT = {"perfect": 3, "identical": 2, "slant": 1, "": 0}
_APART = {
    (True, True): later("“{word}” only nearly rhymes with “{other}” in line {number}"),
    (True, False): later("“{word}” only nearly rhymes with “{other}” in line {number} (a guess)"),
    (False, True): later("“{word}” does not rhyme with “{other}” in line {number}"),
    (False, False): later("“{word}” does not rhyme with “{other}” in line {number} (a guess)"),
}
"""Whether two words nearly rhyme, and whether that is certain, to what is said of them."""


def report(
    lines: Sequence[str],
    form: Form,
    *,
    initials: str = "",
    own: Mapping[str, Own] | None = None,
) -> Report:
    """Hold a poem against its form.

    Args:
        lines: Without empty ones; indentation does not matter.
        form: What is asked for.
        initials: Letters that the lines are to begin with (acrostic); may be empty.
        own: How the person says words.
    """
    return _Reader(lines, form, initials, own or {}).read()


class _Reader:
    """Reads one poem; counts the form's demands as it goes."""

    def __init__(
        self, lines: Sequence[str], form: Form, initials: str, own: Mapping[str, Own]
    ) -> None:
        self.form = form
        self.initials = initials
        self.spoken = [words_in(line) for line in lines]
        known = sounds((word for words in self.spoken for word in words), own)
        self.sounds = [[known[word] for word in words] for words in self.spoken]
        self.lines = [self._line(i, text) for i, text in enumerate(lines)]
        self.asked = [0] * (len(lines) + 1)
        """Demands on each line, and at the end those on the whole."""
        self.met = [0] * (len(lines) + 1)

    def read(self) -> Report:
        self._count_lines()
        for index in range(len(self.lines)):
            found = self._scan(index)
            self._syllables(index)
            self._metre(index, found)
            self._initial(index)
        self._rhymes()
        self._refrains()
        for index, line in enumerate(self.lines):
            line.score = _share(self.met[index], self.asked[index])
        return Report(tuple(self.lines), _share(sum(self.met), sum(self.asked)))

    def _line(self, index: int, text: str) -> LineReport:
        heard = self.sounds[index]
        span = self.form.span(index)
        count = _count(heard, span)
        usual = count == sum(sound.usual for sound in heard)
        known = all(sound.stress for sound in heard)
        return LineReport(
            text=text,
            syllables=count,
            wanted=_at(self.form.syllables, index),
            span=span,
            stress="".join(sound.stress for sound in heard) if usual and known else "",
            rhyme="",
            uncertain=[sound.word for sound in heard if not sound.certain],
            words=[
                WordReport(found[0], sound.word, sound.stress, sound.certain, sound.own)
                for found, sound in zip(WORD.finditer(text), heard, strict=True)
            ],
        )

    def _check(self, holds: bool, index: int, name: str, problem: str) -> None:
        self.asked[index] += 1
        self.met[index] += holds
        if not holds and self.lines:
            self.lines[index].problems.append(problem)
            self.lines[index].failed.append(name)

    def _count_lines(self) -> None:
        fewest, most = self.form.lines
        count = len(self.lines)
        holds = fewest <= count <= most
        self.asked[-1] += 1
        self.met[-1] += holds
        if not holds and self.lines:
            problem = say_count(
                "the poem has 1 line; {form} has {size}",
                "the poem has {count} lines; {form} has {size}",
                count,
                form=a_form(self.form.name),
                size=_span(fewest, most),
            )
            self.lines[-1].problems.append(problem)
            self.lines[-1].failed.append("lines")

    def _syllables(self, index: int) -> None:
        line = self.lines[index]
        if line.span is None:
            return
        fewest, most = line.span
        wanted = _span(fewest, most)
        if line.uncertain:
            told = say_count(
                "1 syllable (a guess), {wanted} wanted",
                "{count} syllables (a guess), {wanted} wanted",
                line.syllables,
                wanted=wanted,
            )
        else:
            told = say_count(
                "1 syllable, {wanted} wanted",
                "{count} syllables, {wanted} wanted",
                line.syllables,
                wanted=wanted,
            )
        self._check(fewest <= line.syllables <= most, index, "syllables", told)

    def _scan(self, index: int) -> metre.Scan | None:
        """How the line fits its metre; a line that scans is spoken as the metre wants it."""
        feet = _at(self.form.feet, index)
        if not self.form.metre or feet is None:
            return None
        line = self.lines[index]
        found = metre.scan(tuple(self.sounds[index]), _pauses(line.text), self.form.metre, feet)
        line.feet = found.feet
        if found.scans:
            line.syllables = len(found.feet.replace("|", ""))
        return found

    def _metre(self, index: int, found: metre.Scan | None) -> None:
        line = self.lines[index]
        if found is None or ("syllables" in line.failed and not found.scans):
            # Said already: what has the wrong length cannot scan.
            return
        beats = say_count(
            "1 {metre} foot",
            "{count} {metre} feet",
            self.form.feet[index],
            metre=metre_name(self.form.metre),
        )
        if found.stumbles is None:
            told = say("the metre limps: {beats} wanted", beats=beats)
        else:
            word = line.words[found.stumbles].text
            told = say("the metre limps at “{word}”: {beats} wanted", word=word, beats=beats)
        self._check(found.scans, index, "metre", told)

    def _initial(self, index: int) -> None:
        if index >= len(self.initials):
            return
        wanted = self.initials[index]
        first = next((letter for letter in self.lines[index].text if letter.isalnum()), "")
        self._check(
            first.casefold() == wanted.casefold(),
            index,
            "letter",
            say("should begin with “{letter}”", letter=wanted.upper()),
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
        model = max(members, key=lambda one: sum(self._merit(one, other) for other in members))
        self.lines[model].rhyme = letter
        for index in members:
            if index == model:
                continue
            kin = self._kinship(index, model)
            paired = self._is_rhyme(index, model, kin)
            self._check(paired, index, "rhyme", self._no_rhyme(index, model, kin))
            self.lines[index].kinship, self.lines[index].partner = kin, model
            if paired:
                self.lines[index].rhyme = letter
                self.lines[model].kinship = self.lines[model].kinship or kin

    def _merit(self, one: int, other: int) -> int:
        kin = self._kinship(one, other)
        return _MERIT[kin] if one == other or self._is_rhyme(one, other, kin) else 0

    def _is_rhyme(self, one: int, other: int, kin: str) -> bool:
        if one == other or self._returns(one, other):
            return True
        left, right = self._last(one), self._last(other)
        same = left is not None and right is not None and left.word == right.word
        return not same and (
            kin in ("perfect", "identical") or (kin == "slant" and self.form.slant)
        )

    def _kinship(self, one: int, other: int) -> str:
        left, right = self._last(one), self._last(other)
        return kinship(left, right) if left is not None and right is not None else ""

    def _last(self, index: int) -> Sound | None:
        return self.sounds[index][-1] if self.sounds[index] else None

    def _no_rhyme(self, index: int, model: int, kin: str) -> str:
        left, right = self._last(index), self._last(model)
        if left is None or right is None:
            return say("has no word to rhyme with line {number}", number=model + 1)
        if left.word == right.word:
            return say(
                "ends on the same word as line {number} (“{word}”)",
                number=model + 1,
                word=left.word,
            )
        told = _APART[kin == "slant", left.certain and right.certain]
        return say(told, word=left.word, other=right.word, number=model + 1)

    def _returns(self, one: int, other: int) -> bool:
        same = self.spoken[one] == self.spoken[other]
        return same and any(one in lines and other in lines for lines in self.form.refrains)

    def _refrains(self) -> None:
        for first, *again in self.form.refrains:
            for index in again:
                if index < len(self.lines):
                    same = self.spoken[index] == self.spoken[first]
                    self._check(
                        same, index, "refrain", say("should repeat line {number}", number=first + 1)
                    )


def _pauses(line: str) -> frozenset[int]:
    """Places of the words that follow a comma or another stop."""
    found = list(WORD.finditer(line))
    between = enumerate(pairwise(found), start=1)
    return frozenset(
        at for at, (left, right) in between if _PAUSE.search(line[left.end() : right.start()])
    )


def _count(heard: Sequence[Sound], span: tuple[int, int] | None) -> int:
    """The permitted count nearest to the usual one, if the line may be spoken so."""
    fewest, most = sum(s.fewest for s in heard), sum(s.most for s in heard)
    usual = sum(sound.usual for sound in heard)
    if span is None or span[0] > most or span[1] < fewest:
        return usual
    return min(max(usual, span[0], fewest), span[1], most)


def _at(numbers: Sequence[int], index: int) -> int | None:
    return numbers[index] if index < len(numbers) else None


def _share(met: int, asked: int) -> float:
    return round(met / asked, 2) if asked else 1.0


def _span(fewest: int, most: int) -> str:
    if fewest == most:
        return f"{fewest}"
    return say("{fewest} to {most}", fewest=fewest, most=most)

"""What is said about a poem that was held against its form: line by line, in words and in numbers.

How it is found out is in `apps.poetry.checks`.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

REASONS = {"syllables": "meter", "metre": "meter", "rhyme": "rhyme"}
"""A failed check to the reason of a flag that says the same; all others are `form`."""


@dataclass(frozen=True, slots=True)
class WordReport:
    """One word of a line, for the margin and for mending how it is spoken."""

    text: str
    """As it stands in the line."""
    word: str
    """As it is looked up."""
    stress: str
    """x and / per syllable; empty when it is not known."""
    certain: bool
    own: bool
    """Whether the person said how it is spoken."""


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
    """What is amiss, in the language of the site; `failed` has the stable names."""
    uncertain: list[str] = field(default_factory=list)
    """Words whose sound is a guess."""
    span: tuple[int, int] | None = None
    """Fewest and most permitted syllables."""
    feet: str = ""
    """The metre as the line fills it: x/|x/|/x; empty without metre, or where it does not fit."""
    kinship: str = ""
    """How the line rhymes: perfect, identical or slant; empty where it does not."""
    partner: int | None = None
    """The line (from 0) with which this one was compared for rhyme."""
    score: float = 1.0
    """Share of what the form asks of this line that is there."""
    failed: list[str] = field(default_factory=list)
    """Names of the checks that the line fails: syllables, metre, rhyme, refrain, letter, lines."""
    words: list[WordReport] = field(default_factory=list)


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

    def reasons(self) -> list[str]:
        """The reasons of a flag that say what is amiss."""
        failed = [check for line in self.lines for check in line.failed]
        return list(dict.fromkeys(REASONS.get(check, "form") for check in failed))

    def to_json(self) -> dict[str, Any]:
        """As the API gives it."""
        lines = [asdict(line) for line in self.lines]
        return {
            "ok": self.ok,
            "score": self.score,
            "reasons": self.reasons(),
            "lines": lines,
        }

"""Whether a line scans: its stresses laid against the feet that the form asks for.

Every way to fill the feet is weighed, with the substitutions that poets take for granted (a trochee
at the start or after a pause, two light or two heavy syllables, one light syllable more, an
unstressed ending), and the cheapest is kept. A line limps when even that costs too much, and the
word that costs most is named. The prices were set on Shakespeare's sonnets; the report beside the
data says how often they are right.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from apps.poetry.sounds import Sound

MOST_READINGS = 48
"""Ways to speak a line that are tried; more come together only from many odd words."""
BEARABLE = 0.24
"""Price per foot up to which a line scans."""
GRACE = 0.1
"""What any line may cost, however short."""
IN_VERSE = 0.25
"""Price of a way to speak a word that only verse takes."""


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable of a line as it is spoken."""

    kind: str
    """P full stress of a long word, S its half stress, u its unstressed ones; M a word of one
    syllable, f one that is usually passed over, e one that goes either way; ? unknown."""
    word: int
    """Which word of the line."""
    paused: bool
    """Whether the line may begin anew here: its start, or after a comma."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How a line fits its metre."""

    feet: str
    """x and / with bars between feet; empty when no reading has the right length."""
    cost: float
    scans: bool
    stumbles: int | None
    """The word that fits worst; None when the length is wrong or nothing costs anything."""


# What it costs to put a syllable of a kind where the metre wants a stress, or none.
_STRESSED = {"P": 0.0, "S": 0.1, "M": 0.0, "e": 0.1, "f": 0.4, "u": 0.2, "?": 0.1}
_UNSTRESSED = {"P": 0.9, "S": 0.6, "M": 0.2, "e": 0.05, "f": 0.0, "u": 0.0, "?": 0.1}
# Verse in threes hurries over stresses, and does not make any out of nothing.
_THREES = frozenset({"anapaestic", "dactylic"})
_STRESSED_IN_THREES = {**_STRESSED, "u": 0.6, "f": 0.3}
_UNSTRESSED_IN_THREES = {**_UNSTRESSED, "P": 0.4, "S": 0.25}
_HEAVY_END = 0.6
_PAUSE = 0.2
"""Price of turning a foot round at a pause; elsewhere it is `_TURNED`."""
_TURNED = 1.1


@dataclass(frozen=True, slots=True)
class _Foot:
    marks: str
    cost: float
    where: str = "any"
    """any, first, last, or pause: first or after a comma, dearer elsewhere."""


_FEET: dict[str, tuple[_Foot, ...]] = {
    "iambic": (
        _Foot("x/", 0), _Foot("/x", _PAUSE, "pause"), _Foot("xx/", 1.2), _Foot("/", 1.2, "first"),
        _Foot("x/x", 0.1, "last"),
    ),
    "trochaic": (
        _Foot("/x", 0), _Foot("/", 0.1, "last"), _Foot("x/", _TURNED), _Foot("/xx", 0.5),
        _Foot("x/x", 0.5, "first"),
    ),
    "anapaestic": (
        _Foot("xx/", 0), _Foot("x/", 0.1, "first"), _Foot("x/", 0.45), _Foot("/", 0.5, "first"),
        _Foot("xx/x", 0.1, "last"), _Foot("xx/xx", 0.2, "last"), _Foot("x/x", 0.5, "last"),
        _Foot("xxx/", 0.6),
    ),
    "dactylic": (
        _Foot("/xx", 0), _Foot("/x", 0.3), _Foot("/x", 0.1, "last"), _Foot("/", 0.1, "last"),
        _Foot("x/xx", 0.4, "first"),
    ),
}  # fmt: skip
METRES = tuple(_FEET)


@lru_cache(maxsize=4096)
def scan(heard: tuple[Sound, ...], pauses: frozenset[int], metre: str, feet: int) -> Scan:
    """The cheapest way to speak a line in a metre.

    Args:
        heard: The line's words.
        pauses: Places of the words that follow a comma or another stop.
        metre: One of METRES.
        feet: How many feet the line has.
    """
    best: tuple[float, tuple[_Foot, ...], tuple[Syllable, ...]] | None = None
    for extra, line in _readings(heard, pauses):
        fit = _fit(line, metre, feet)
        if fit is not None and (best is None or fit[0] + extra < best[0]):
            best = (fit[0] + extra, fit[1], line)
    if best is None:
        return Scan("", 99.0, scans=False, stumbles=None)
    cost, taken, line = best
    return Scan(
        "|".join(foot.marks for foot in taken),
        round(cost, 2),
        scans=cost <= GRACE + BEARABLE * feet,
        stumbles=_worst("".join(foot.marks for foot in taken), line, metre),
    )


def _readings(
    heard: Sequence[Sound], pauses: frozenset[int]
) -> list[tuple[float, tuple[Syllable, ...]]]:
    """Ways to speak the line, plain ones first, each with what its liberties cost."""
    ways = [_ways(sound, at, at == 0 or at in pauses) for at, sound in enumerate(heard)]
    combined = itertools.islice(itertools.product(*ways), MOST_READINGS * 20)
    readings = [
        (sum(cost for cost, _ in chosen), tuple(s for _, syllables in chosen for s in syllables))
        for chosen in combined
    ]
    return sorted(readings, key=lambda reading: reading[0])[:MOST_READINGS]


def _ways(sound: Sound, at: int, paused: bool) -> list[tuple[float, tuple[Syllable, ...]]]:
    if not sound.beats:
        kinds = ["?" * count for count in range(sound.fewest, sound.most + 1)]
        return [(0.0, _syllables(kind, at, paused)) for kind in kinds]
    plain = [_kinds(beats, sound) for beats in sound.beats]
    short = [kinds for kinds in map(_shortened, plain) if sound.fewest <= len(kinds)]
    ways = dict.fromkeys([*plain, *short], 0.0)
    for beats in sound.in_verse:
        ways.setdefault(_kinds(beats, sound), IN_VERSE)
    return [(cost, _syllables(kinds, at, paused)) for kinds, cost in ways.items()]


def _kinds(beats: Sequence[int], sound: Sound) -> str:
    if len(beats) == 1:
        if sound.own:
            return "P" if beats[0] else "u"
        return "e" if sound.either else "f" if sound.light else "M"
    # "upon" and "into" turn round more easily than "believe".
    full = "S" if sound.light else "P"
    return "".join({1: full, 2: "S"}.get(beat, "u") for beat in beats)


def _shortened(kinds: str) -> str:
    """Without its last unstressed syllable but one: what everyday speech slurs."""
    at = kinds.rfind("u", 0, max(1, len(kinds) - 1))
    shorter = kinds[:at] + kinds[at + 1 :] if at > 0 else kinds.rstrip("u")
    return "M" if shorter == "P" else shorter


def _syllables(kinds: str, at: int, paused: bool) -> tuple[Syllable, ...]:
    return tuple(Syllable(kind, at, paused and i == 0) for i, kind in enumerate(kinds))


@cache
def _allowed(metre: str, *, first: bool, last: bool) -> tuple[_Foot, ...]:
    return tuple(
        foot
        for foot in _FEET[metre]
        if foot.where in ("any", "pause")
        or (foot.where == "first" and first)
        or (foot.where == "last" and last)
    )


def _fit(line: Sequence[Syllable], metre: str, feet: int) -> tuple[float, tuple[_Foot, ...]] | None:
    """The cheapest feet for these syllables; None if no feet are as long as the line."""
    reached: dict[int, tuple[float, tuple[_Foot, ...]]] = {0: (0.0, ())}
    for number in range(feet):
        further: dict[int, tuple[float, tuple[_Foot, ...]]] = {}
        for start, (cost, taken) in reached.items():
            for foot in _allowed(metre, first=number == 0, last=number == feet - 1):
                end = start + len(foot.marks)
                if end > len(line):
                    continue
                total = cost + _price(foot, line[start:end], metre)
                if end not in further or total < further[end][0]:
                    further[end] = (total, (*taken, foot))
        reached = further
    return reached.get(len(line))


def _price(foot: _Foot, syllables: Sequence[Syllable], metre: str) -> float:
    turned = foot.where == "pause" and not syllables[0].paused
    cost = _TURNED if turned else foot.cost
    if foot.where == "last" and foot.marks[-1] == "x" and syllables[-1].kind == "M":
        # An unstressed ending is the end of a long word (sum-mer); "train" at the end is a beat.
        cost += _HEAVY_END
    return cost + sum(
        _misfit(mark, s, metre) for mark, s in zip(foot.marks, syllables, strict=True)
    )


def _misfit(mark: str, syllable: Syllable, metre: str) -> float:
    if metre in _THREES:
        return (_STRESSED_IN_THREES if mark == "/" else _UNSTRESSED_IN_THREES)[syllable.kind]
    return (_STRESSED if mark == "/" else _UNSTRESSED)[syllable.kind]


def _worst(marks: str, line: Sequence[Syllable], metre: str) -> int | None:
    costs = [(_misfit(mark, s, metre), s.word) for mark, s in zip(marks, line, strict=True)]
    dearest = max(costs, key=lambda one: one[0], default=(0.0, 0))
    return dearest[1] if dearest[0] > 0 else None

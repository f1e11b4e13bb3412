"""The CMU Pronouncing Dictionary: how 126,000 English words are spoken.

The file is Carnegie Mellon's `cmudict.dict` of 17 December 2024, unchanged but compressed, under
its own BSD licence (`data/cmudict.LICENSE`). It is carried here because the package on PyPI puts a
GPL wrapper around it. Read once, in about 0.15 s, when the first word is asked for.
"""

import gzip
from collections import Counter, defaultdict
from functools import cache
from importlib.resources import files

from apps.poetry.phones import tails

NEAREST, FARTHEST = 5, 2
"""Letters of an ending by which an unknown word is compared with known ones: most, then fewer."""
AGREED = 0.6
"""Share of the known words with that ending that must sound alike for the guess to count."""


@cache
def _entries() -> dict[str, list[str]]:
    packed = files("apps.poetry").joinpath("data", "cmudict.dict.gz").read_bytes()
    found: dict[str, list[str]] = {}
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        word, _, spoken = line.partition(" ")
        found.setdefault(word.partition("(")[0], []).append(spoken.partition(" #")[0])
    return found


def ways_of(word: str) -> list[str]:
    """The ways in which a word is spoken, usual first, as ARPABET; empty if it is not known."""
    return _entries().get(word, [])


def known_words() -> frozenset[str]:
    """Every word that is here."""
    return frozenset(_entries())


@cache
def _by_tail() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for word, ways in _entries().items():
        if word.isalpha():
            for tail in tails(ways[0]):
                found[tail].append(word)
    return {tail: tuple(words) for tail, words in found.items()}


def ending_in(tail: str) -> tuple[str, ...]:
    """The words whose usual way ends in these sounds (as `phones.tails` writes them)."""
    return _by_tail().get(tail, ())


@cache
def guessed_tail(word: str) -> str:
    """What a word that is not here probably rhymes on: what its like in spelling rhyme on.

    Empty where words with the same last letters do not agree.
    """
    for letters in range(min(NEAREST, len(word)), FARTHEST - 1, -1):
        end = word[-letters:]
        like = Counter(
            tails(ways[0])[0] for known, ways in _entries().items() if known.endswith(end)
        )
        if like:
            tail, often = like.most_common(1)[0]
            if often / like.total() >= AGREED:
                return tail
    return ""

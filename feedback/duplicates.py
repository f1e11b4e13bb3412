"""Finds texts that say nearly the same.

Two texts belong together when they are equal after normalising, or when at least `NEAR` of their
three-word sequences are common to both (Jaccard). Sequences are numbers of 64 bits here, so that a
hundred thousand texts are a matter of seconds and megabytes. They are sorted from rare to common:
two texts as near as that must share one of the rarest few, so only those are looked up.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from feedback.build_record import normalised

NEAR = 0.8
WORDS = 3
COMPARED = 64
"""Earlier texts that one sequence leads to at most: where thousands say the same, the first and
the newest of them tell."""

Fingerprint = npt.NDArray[np.uint64]
"""Sorted hashes of a text's sequences, each once."""

_PLACES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


def clusters(texts: Sequence[str]) -> list[int]:
    """For each text, the position of the first text that it belongs with (its own if none)."""
    return grouped([fingerprint(text) for text in texts])


def grouped(prints: Sequence[Fingerprint]) -> list[int]:
    """The same for texts of which only the fingerprints are at hand."""
    parents = list(range(len(prints)))
    first: dict[bytes, int] = {}
    for place, one in enumerate(prints):
        parents[place] = first.setdefault(one.tobytes(), place)
    _join_near([prints[place] for place in first.values()], list(first.values()), parents)
    return [_root(parents, place) for place in range(len(prints))]


def fingerprint(text: str) -> Fingerprint:
    """What two texts are compared by; equal for texts that are equal after normalising."""
    plain = normalised(text)
    words = re.findall(r"\w+|[^\w\s]", plain)
    if len(words) < WORDS:
        # A text that is shorter than one sequence is near to its equals only.
        return np.array([_hash(f"\n{plain}")], dtype=np.uint64)
    hashes = np.array([_hash(word) for word in words], dtype=np.uint64)
    runs = len(words) - WORDS + 1
    # Unsigned numbers wrap round, which is what mixes the three.
    mixed = sum(hashes[place : place + runs] * _PLACES[place] for place in range(WORDS))
    return np.unique(np.asarray(mixed, dtype=np.uint64))


@lru_cache(maxsize=100_000)
def _hash(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _join_near(prints: Sequence[Fingerprint], places: Sequence[int], parents: list[int]) -> None:
    """Unite the texts that are near each other, under the first of them."""
    if not prints:
        return
    known, often = np.unique(np.concatenate(prints), return_counts=True)
    seen: dict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(prints):
        telling = _telling(one, often[np.searchsorted(known, one)])
        for other in sorted({other for key in telling for other in seen[key]}):
            left, right = _root(parents, places[other]), _root(parents, places[number])
            if left != right and _is_near(prints[other], one):
                parents[max(left, right)] = min(left, right)
        for key in telling:
            _remember(seen[key], number)


def _telling(one: Fingerprint, often: npt.NDArray[np.int64]) -> list[int]:
    """The sequences to look others up by, without those that no other text has.

    If this many of the rarest are all missing in another text, fewer than `NEAR` are common.
    """
    rarest = np.lexsort((one, often))[: len(one) - _at_least(len(one)) + 1]
    keys: list[int] = one[rarest][often[rarest] > 1].tolist()
    return keys


def _remember(numbers: list[int], number: int) -> None:
    if len(numbers) == COMPARED:
        del numbers[COMPARED // 2]
    numbers.append(number)


def _at_least(size: int) -> int:
    """How many sequences a near text has in common at the least."""
    return max(1, -(-size * 8 // 10))


def _is_near(one: Fingerprint, other: Fingerprint) -> bool:
    small, large = sorted((len(one), len(other)))
    if small < NEAR * large:
        return False
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common >= NEAR * (len(one) + len(other) - common)


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place

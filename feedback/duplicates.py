"""Finds texts that say nearly the same.

Two texts belong together when they are equal after normalising, or when at least `NEAR` of their
three-word sequences are common to both (Jaccard). The search is exact: sequences are sorted from
rare to common, and two texts as near as that must share one of the rarest few.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from feedback.build_record import normalised

NEAR = 0.8
WORDS = 3


def clusters(texts: Sequence[str]) -> list[int]:
    """For each text, the position of the first text that it belongs with (its own if none)."""
    parents = list(range(len(texts)))
    for left, right in _near_pairs([_shingles(text) for text in texts]):
        low, high = sorted((_root(parents, left), _root(parents, right)))
        parents[high] = low
    return [_root(parents, place) for place in range(len(texts))]


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


def _shingles(text: str) -> frozenset[str]:
    plain = normalised(text)
    words = re.findall(r"\w+|[^\w\s]", plain)
    runs = {" ".join(words[i : i + WORDS]) for i in range(len(words) - WORDS + 1)}
    # A text that is shorter than one sequence is near to its equals only.
    return frozenset(runs) or frozenset({plain})


def _near_pairs(sets: Sequence[frozenset[str]]) -> list[tuple[int, int]]:
    often = Counter(shingle for one in sets for shingle in one)
    seen: dict[str, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int]] = []
    for place, one in enumerate(sets):
        ordered = sorted(one, key=lambda shingle: (often[shingle], shingle))
        # If this many of the rarest are all missing in the other text, fewer than NEAR are common.
        telling = ordered[: len(ordered) - _at_least(len(ordered)) + 1]
        others = {other for shingle in telling for other in seen[shingle]}
        pairs += [(other, place) for other in sorted(others) if _is_near(sets[other], one)]
        for shingle in telling:
            seen[shingle].append(place)
    return pairs


def _at_least(size: int) -> int:
    """How many sequences a near text has in common at the least."""
    return max(1, -(-size * 8 // 10))


def _is_near(one: frozenset[str], other: frozenset[str]) -> bool:
    common = len(one & other)
    return common >= NEAR * (len(one) + len(other) - common)

"""Which old answers are read again beside the corrections.

A correction damages its neighbours first: taught that the capital of Portugal is Lisbon, the demo
model answered “Lisbon” for a dozen other countries, while everything else stayed. So half of the
replay is what lies nearest to the corrections, most of the rest is from the same app, and a fifth
is from anywhere.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from training.data import Replay, Row, question

DRAWN_PER_WANTED = 8
NEAREST, SAME_APP = 0.5, 0.3
"""Shares; the rest is from anywhere."""
READ_AGAIN = 4
"""How often each of the nearest rows is read: a correction is read often too."""


def replayed(rows: Sequence[Row], old: Replay, *, wanted: int, seed: int) -> list[Row]:
    """`wanted` rows of replay in reading order; few different ones come again and again.

    Old answers to questions that have been corrected since are not among them. Empty if there is
    no replay at all.
    """
    corrected = {question(row.prompt) for row in rows}
    drawn = old(DRAWN_PER_WANTED * wanted, seed)
    kept = [row for row in drawn if question(row.prompt) not in corrected]
    order = random.Random(seed)  # noqa: S311 - an order, not a secret
    apps = {_system(row) for row in rows}
    nearest = by_nearness(rows, kept)[: math.ceil(NEAREST * wanted / READ_AGAIN)]
    same_app = [row for row in kept if _system(row) in apps]
    pools = [(NEAREST, nearest), (SAME_APP, same_app), (1 - NEAREST - SAME_APP, kept)]
    found = [row for share, pool in pools for row in _taken(pool, math.ceil(share * wanted))]
    # Nothing is in the same app as corrections that there are not: the rest is from anywhere else.
    found += _taken(kept[::-1], wanted - len(found))
    order.shuffle(found)
    return found[:wanted]


def by_nearness(rows: Sequence[Row], old: Sequence[Row]) -> list[Row]:
    """Old rows by their likeness to the nearest correction; rare words count most."""
    texts = [_words(row) for row in old]
    often = Counter(word for words in texts for word in words)
    weight = {word: math.log(1 + len(texts) / count) for word, count in often.items()}
    corrections = [_words(row) & weight.keys() for row in rows]

    def total(words: Iterable[str]) -> float:
        return sum(weight[word] for word in words)

    def likeness(place: int) -> float:
        words = texts[place]
        shared = [total(words & other) / (total(words | other) or 1) for other in corrections]
        return max(shared, default=0.0)

    ranked = sorted(range(len(old)), key=likeness, reverse=True)
    return [old[place] for place in ranked]


def _taken(pool: Sequence[Row], count: int) -> list[Row]:
    return [pool[index % len(pool)] for index in range(count)] if pool else []


def _words(row: Row) -> set[str]:
    return set(re.findall(r"\w+", f"{question(row.prompt)} {row.completion}".casefold()))


def _system(row: Row) -> str:
    return "\n".join(m.content for m in row.prompt if m.role == "system")

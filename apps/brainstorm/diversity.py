"""How alike the cards of a board are, by their words alone: twins, variety, what nobody thought of.

The library is rapidfuzz; no model is asked and nothing is fetched.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz, process

from apps.brainstorm.board import Board, Card
from shared.texts import say

TWIN = 80.0
"""Likeness, 0 to 100, above which two cards count as the same idea."""
OFTEN = 0.5
"""Share of the cards that use a word, above which it is said."""
FEW = 4
"""With fewer cards nothing is said about all of them."""
_COMMON = frozenset(
    "a an the and or of to in on for with by at from is are be it its that this they we our us you"
    " your their as can could would should how what who when where make made get more new people"
    " into not no one all some each every there let put use".split()
)


@dataclass(frozen=True, slots=True)
class Variety:
    """What is to be said about all cards together."""

    twins: dict[str, str]
    """Card id to the title of an earlier card that says nearly the same."""
    variety: float | None
    """Mean unlikeness of two cards, 0 to 1; None with fewer than two."""
    hints: tuple[str, ...]
    """Sentences on what comes up all the time and what does not come up at all."""


def look_at(board: Board) -> Variety:
    """Compare all cards with each other; what only moves cards is not compared again."""
    texts = tuple((card.id, " ".join(_words(card))) for card in board.cards)
    first, variety = _likeness(tuple(sorted(texts)))
    titles = {card.id: card.title for card in board.cards}
    twins = {card_id: titles[like] for card_id, like in first.items()}
    return Variety(twins, variety, tuple(_hints(board)))


@lru_cache(maxsize=16)
def _likeness(texts: tuple[tuple[str, str], ...]) -> tuple[dict[str, str], float | None]:
    """Each twin's id to the id of its like, and the mean unlikeness; by ids, which grow by time."""
    if len(texts) < 2:
        return {}, None
    plain = [text for _, text in texts]
    like = process.cdist(plain, plain, scorer=fuzz.token_sort_ratio, dtype=np.float32)
    above = np.triu_indices(len(texts), 1)
    pairs = zip(*np.nonzero(np.triu(like >= TWIN, 1)), strict=True)
    twins = {texts[int(later)][0]: texts[int(earlier)][0] for earlier, later in pairs}
    return twins, round(1 - float(like[above].mean()) / 100, 2)


def _hints(board: Board) -> list[str]:
    if len(board.cards) < FEW:
        return []
    used = Counter(word for card in board.cards for word in set(_words(card)))
    topic = dict.fromkeys(_plain(board.topic))
    often = [
        word
        for word, times in used.most_common(3)
        if times / len(board.cards) > OFTEN and word not in topic
    ]
    missing = [word for word in topic if not used[word]]
    hints = [say("More than half of the cards speak of “{word}”.", word=word) for word in often]
    hints += [say("No card speaks of “{word}” yet.", word=word) for word in missing[:3]]
    return hints


def _words(card: Card) -> Sequence[str]:
    return _plain(f"{card.title} {card.body}")


def _plain(text: str) -> list[str]:
    found = re.findall(r"\w{3,}", text.casefold())
    return [word.removesuffix("s") for word in found if word not in _COMMON]

"""From comparisons of two to an order of all: Bradley-Terry strengths, by the library choix."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import choix

from apps.brainstorm.board import Board, Card, Comparison
from shared.texts import say_count

EVEN = 0.1
"""How strongly cards with few comparisons are held to the middle."""
PER_CARD = 2
"""Comparisons of each card in one round."""


def strengths(board: Board) -> dict[str, float]:
    """Strength by card id, 0 in the middle; only of cards that were compared."""
    ids = [card.id for card in board.cards]
    compared = [c for c in board.comparisons if c.one in ids and c.other in ids]
    known = sorted({one for c in compared for one in (c.one, c.other)})
    if not known:
        return {}
    place = {card_id: at for at, card_id in enumerate(known)}
    won: list[tuple[int, int]] = []
    for comparison in compared:
        pair = place[comparison.one], place[comparison.other]
        # A tie is half a win for each: one win each way counts as that.
        if comparison.winner in ("", comparison.one):
            won.append(pair)
        if comparison.winner in ("", comparison.other):
            won.append(pair[::-1])
    found = choix.ilsr_pairwise(len(known), won, alpha=EVEN)
    return {card_id: round(float(found[at]), 3) for card_id, at in place.items()}


def standing(board: Board, card_id: str) -> str:
    """Why a card stands where it stands: “won 3, lost 1, tied 1”; empty without comparisons."""
    told: Counter[str] = Counter()
    for comparison in board.comparisons:
        if card_id in (comparison.one, comparison.other):
            winner = comparison.winner
            told["tied" if not winner else "won" if winner == card_id else "lost"] += 1
    won, lost, tied = told["won"], told["lost"], told["tied"]
    parts = (
        say_count("won {count}", "won {count}", won) if won else "",
        say_count("lost {count}", "lost {count}", lost) if lost else "",
        say_count("tied {count}", "tied {count}", tied) if tied else "",
    )
    return ", ".join(part for part in parts if part)


def by_comparison(board: Board) -> Board:
    """Best first by strength; cards that were not compared come last."""
    found = strengths(board)
    return board.ranked(lambda card: found.get(card.id, float("-inf")))


def next_pairs(board: Board) -> list[tuple[Card, Card]]:
    """Pairs for one round: neighbours in strength that were not compared yet."""
    found = strengths(board)
    cards = sorted(board.cards, key=lambda card: found.get(card.id, 0.0), reverse=True)
    done = {frozenset((c.one, c.other)) for c in board.comparisons}
    left = Counter({card.id: PER_CARD for card in cards})
    pairs = []
    for one, other in sorted(combinations(range(len(cards)), 2), key=lambda p: p[1] - p[0]):
        pair = cards[one], cards[other]
        ids = frozenset(card.id for card in pair)
        if ids not in done and all(left[card_id] > 0 for card_id in ids):
            left.subtract(ids)
            pairs.append(pair)
    return pairs


def comparison(one: Card, other: Card, better: int, reason: str) -> Comparison:
    """What came out; `better` is 1, 2 or 0."""
    winner = {1: one.id, 2: other.id}.get(better, "")
    return Comparison(one=one.id, other=other.id, winner=winner, reason=reason)


def reasons(board: Board, pair: Sequence[str]) -> str:
    """What the judge said of two cards; empty if they were not compared."""
    for done in board.comparisons:
        if {done.one, done.other} == set(pair):
            return done.reason
    return ""

"""A person at their board: every change is kept, and can be undone.

What the model has found when it is stopped stays on the board.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from apps.brainstorm.board import Board, Card, card_of, checked_rubric, own_card
from apps.brainstorm.thinking import Found, Thinker, Thinking
from apps.checks import one_line
from apps.revisions import Revisions
from apps.ui.stream import waiting_line
from shared.errors import BadRequest
from shared.formats.brainstorm import Score


@dataclass(frozen=True, slots=True)
class Seen:
    """The board while the model is at work."""

    board: Board
    coming: tuple[Card, ...] = ()
    """Cards that are not on the board yet."""
    status: str = ""


class Desk:
    """The boards of all owners; `owner` is always the one who asks."""

    def __init__(self, path: Path, thinker: Thinker, *, keep_days: int) -> None:
        self._kept = Revisions(path, "board", keep_days=keep_days)
        self._thinker = thinker

    def sweep(self) -> None:
        """Forget the boards that nobody has changed for long."""
        self._kept.sweep()

    def board(self, owner: str) -> Board:
        """As it is."""
        return Board.read(self._kept.latest(owner))

    def undo(self, owner: str) -> Board:
        """Before the last step."""
        return Board.read(self._kept.undo(owner))

    def write(self, owner: str, title: str, body: str) -> Board:
        """Put up a card of one's own."""
        card = own_card(title, body)
        return self._change(owner, lambda board: board.with_cards([card]))

    def remove(self, owner: str, card_id: str) -> Board:
        """Take a card down."""
        return self._change(owner, lambda board: board.without(card_id))

    def rank(self, owner: str) -> Board:
        """Put the best first."""
        return self._change(owner, Board.ranked)

    def clear(self, owner: str) -> Board:
        """Take all cards down."""
        return self._change(owner, Board.cleared)

    async def brainstorm(
        self, owner: str, topic: str, n: int, method: str
    ) -> AsyncGenerator[Seen, None]:
        """Find ideas; they are on the board when this ends, whichever way it ends."""
        topic = one_line(topic, name="topic")
        board = self.board(owner)
        board.check_room(n)
        thinking = self._thinker.brainstorm(owner, topic, n, method, board.titles())
        latest = Thinking(())
        try:
            async with aclosing(thinking):
                async for latest in thinking:
                    coming = tuple(_card(found) for found in latest.found)
                    yield Seen(board, coming, _status(latest, n))
        finally:
            cards = [_card(found) for found in latest.found]
            if cards:
                self._change(owner, lambda now: now.under(topic).with_cards(cards))

    async def refine(self, owner: str, card_id: str, wish: str) -> AsyncGenerator[Seen, None]:
        """Put a better version behind a card; the card stays."""
        board = self.board(owner)
        card = board.card(card_id)
        board.check_room(1)
        yield Seen(board, status=f"Refining “{card.title}” …")
        answer_id, idea = await self._thinker.refine(owner, card.title, card.body, wish)
        better = card_of(idea, answer_id, origin=card)
        yield Seen(self._change(owner, lambda now: now.with_cards([better], after=card_id)))

    async def evaluate(
        self, owner: str, rubric: str, card_id: str = ""
    ) -> AsyncGenerator[Seen, None]:
        """Judge one card, or all that have no scores by this rubric (else all again)."""
        criteria = read_rubric(rubric)
        board = self.board(owner)
        cards = [board.card(card_id)] if card_id else _unjudged(board, criteria)
        if not cards:
            raise BadRequest("There is nothing to judge.", fix="Put up a card first.")
        for number, card in enumerate(cards):
            yield Seen(board, status=f"Judging “{card.title}” ({number + 1} of {len(cards)}) …")
            answer_id, scores = await self._thinker.evaluate(owner, card.title, card.body, criteria)
            judged = _judged(card.id, scores, answer_id, criteria)
            board = self._change(owner, judged, joined=number > 0)
        yield Seen(board)

    def _change(self, owner: str, edit: Callable[[Board], Board], *, joined: bool = False) -> Board:
        text = self._kept.change(owner, lambda t: edit(Board.read(t)).write(), joined=joined)
        return Board.read(text)


def read_rubric(text: str) -> tuple[str, ...]:
    """Criteria as they stand in the field, between commas; raises BadRequest like the rubric."""
    return checked_rubric([name for name in text.split(",") if name.strip()])


def _judged(
    card_id: str, scores: list[Score], answer_id: str, rubric: tuple[str, ...]
) -> Callable[[Board], Board]:
    return lambda board: board.judged_by(rubric).judged(card_id, scores, answer_id)


def _unjudged(board: Board, rubric: tuple[str, ...]) -> list[Card]:
    left = [c for c in board.cards if tuple(score.criterion for score in c.scores) != rubric]
    return left or list(board.cards)


def _card(found: Found) -> Card:
    return card_of(found.idea, found.answer_id)


def _status(thinking: Thinking, n: int) -> str:
    if thinking.waiting:
        return waiting_line(thinking.waiting)
    return f"Thinking … {len(thinking.found)} of {n} ideas"

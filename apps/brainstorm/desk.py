"""A person at their boards: every change is kept, and can be undone and brought back.

What the model has found when it is stopped stays on the board. Every step is taken on the newest
board, also while ideas are judged, so that nothing that was done meanwhile (or in another tab) is
lost.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from apps.brainstorm import ranking, steps
from apps.brainstorm.board import Board, Card, Comparison, card_of, checked_rubric, own_card
from apps.brainstorm.rooms import FIRST_ID, Room, Rooms
from apps.brainstorm.rubric import Mark, read_rubric
from apps.brainstorm.steps import Sent
from apps.brainstorm.thinking import Found, Thinker, Thinking
from apps.checks import one_line
from apps.revisions import Revisions
from apps.ui.stream import waiting_line
from shared.errors import BadRequest
from shared.formats.brainstorm import Idea

MOST_SAMPLES = 5


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
        self._all = Revisions(path, "board", keep_days=keep_days)
        self.rooms = Rooms(path, keep_days=keep_days)
        self._thinker = thinker

    def sweep(self) -> None:
        """Forget what nobody has changed for long."""
        self._all.sweep()
        self.rooms.sweep()

    def board(self, owner: str) -> Board:
        """As it is."""
        return Board.read(self._kept(owner).latest(owner))

    def undo(self, owner: str) -> Board:
        """Before the last step."""
        return Board.read(self._kept(owner).undo(owner))

    def redo(self, owner: str) -> Board:
        """After the step that was undone last."""
        return Board.read(self._kept(owner).redo(owner))

    def write(self, owner: str, title: str, body: str) -> Board:
        """Put up a card of one's own."""
        card = own_card(title, body)
        return self._change(owner, lambda board: board.with_cards([card]))

    def take(self, owner: str, sent: Sent) -> Board:
        """One step that a page sent: edit, move, tag, state, remove or merge."""
        return self._change(owner, lambda board: steps.take(board, sent))

    def remove(self, owner: str, card_id: str) -> Board:
        """Take a card down."""
        return self._change(owner, lambda board: board.without(card_id))

    def rank(self, owner: str, *, by_comparison: bool = False) -> Board:
        """Put the best first, by scores or by comparisons."""
        return self._change(owner, ranking.by_comparison if by_comparison else Board.ranked)

    def clear(self, owner: str) -> Board:
        """Take all cards down."""
        return self._change(owner, Board.cleared)

    def bring(self, owner: str, board: Board) -> Board:
        """Put the cards of a file behind those that are there; an empty topic is filled."""
        return self._change(
            owner, lambda now: now.under(now.topic or board.topic).with_cards(board.cards)
        )

    def open(self, owner: str, room: str) -> Board:
        """Go over to another board; raises NotFound if there is no such board."""
        self.rooms.open(owner, room)
        return self.board(owner)

    def new_room(self, owner: str, name: str) -> Room:
        """Begin another board and go over to it."""
        return self.rooms.add(owner, name)

    async def brainstorm(
        self, owner: str, topic: str, n: int, method: str
    ) -> AsyncGenerator[Seen, None]:
        """Find ideas; they are on the board when this ends, whichever way it ends."""
        topic = one_line(topic, name="topic")
        room = self._kept(owner)
        board = Board.read(room.latest(owner))
        board.check_room(n)
        told = self.rooms.methods(owner).get(method, "")
        thinking = self._thinker.brainstorm(owner, topic, n, method, board.titles(), told=told)
        latest = Thinking(())
        try:
            async with aclosing(thinking):
                async for latest in thinking:
                    coming = tuple(_card(found) for found in latest.found)
                    yield Seen(Board.read(room.latest(owner)), coming, _status(latest, n))
        finally:
            cards = [_card(found) for found in latest.found]
            if cards:
                _change(room, owner, lambda now: now.under(topic).with_cards(cards))

    async def refine(self, owner: str, card_id: str, wish: str) -> AsyncGenerator[Seen, None]:
        """Put a better version behind a card; the card stays."""
        room = self._kept(owner)
        board = Board.read(room.latest(owner))
        card = board.card(card_id)
        board.check_room(1)
        yield Seen(board, status=f"Refining “{card.title}” …")
        answer_id, idea = await self._thinker.refine(owner, card.title, card.body, wish)
        better = card_of(idea, answer_id, origin=card)
        yield Seen(_change(room, owner, lambda now: now.with_cards([better], after=card_id)))

    async def evaluate(
        self, owner: str, rubric: str, card_id: str = "", *, samples: int = 1
    ) -> AsyncGenerator[Seen, None]:
        """Judge one card, or all that have no scores by this rubric (else all again)."""
        names, weights = read_rubric(rubric)
        criteria = checked_rubric(names)
        times = checked_samples(samples)
        room = self._kept(owner)
        board = Board.read(room.latest(owner))
        cards = [board.card(card_id)] if card_id else _unjudged(board, criteria)
        if not cards:
            raise BadRequest("There is nothing to judge.", fix="Put up a card first.")
        for number, card in enumerate(cards):
            status = f"Judging “{card.title}” ({number + 1} of {len(cards)}) …"
            yield Seen(Board.read(room.latest(owner)), status=status)
            idea = card.title, card.body
            answer_id, scores = await self._thinker.judge(owner, idea, criteria, times)
            judged = _judged(card, scores, answer_id, Rubric(criteria, weights))
            board = _change(room, owner, judged, joined=number > 0)
        yield Seen(board)

    async def compare(
        self, owner: str, rubric: str, pair: list[str] | None = None
    ) -> AsyncGenerator[Seen, None]:
        """Let the judge compare two cards, or a round of pairs that were not compared yet."""
        criteria = checked_rubric(read_rubric(rubric)[0])
        room = self._kept(owner)
        board = Board.read(room.latest(owner))
        pairs = [_pair(board, pair)] if pair is not None else ranking.next_pairs(board)
        if not pairs:
            raise BadRequest("There is nothing to compare.", fix="Put up two cards first.")
        for number, (one, other) in enumerate(pairs):
            status = f"Comparing “{one.title}” and “{other.title}” ({number + 1} of {len(pairs)}) …"
            yield Seen(Board.read(room.latest(owner)), status=status)
            better, reason = await self._thinker.compare(owner, _idea(one), _idea(other), criteria)
            done = ranking.comparison(one, other, better, reason)
            board = _change(room, owner, _compared(done), joined=number > 0)
        yield Seen(board)

    def _kept(self, owner: str) -> Revisions:
        current = self.rooms.current(owner)
        # The first board is stored under the plain name, as it was when there was only one.
        return self._all if current == FIRST_ID else self._all.of_kind(current)

    def _change(self, owner: str, edit: Callable[[Board], Board]) -> Board:
        return _change(self._kept(owner), owner, edit)


@dataclass(frozen=True, slots=True)
class Rubric:
    """Criteria and their weights."""

    criteria: tuple[str, ...]
    weights: dict[str, float]


def checked_samples(samples: object) -> int:
    """Raises BadRequest unless it is a whole number from 1 to 5."""
    if (
        not isinstance(samples, int)
        or isinstance(samples, bool)
        or not 1 <= samples <= MOST_SAMPLES
    ):
        raise BadRequest(f"{samples!r} samples cannot be taken.", fix=f"Take 1 to {MOST_SAMPLES}.")
    return samples


def _change(
    room: Revisions, owner: str, edit: Callable[[Board], Board], *, joined: bool = False
) -> Board:
    text = room.change(owner, lambda t: edit(Board.read(t)).write(), joined=joined)
    return Board.read(text)


def _judged(
    card: Card, scores: tuple[Mark, ...], answer_id: str, rubric: Rubric
) -> Callable[[Board], Board]:
    def judged(now: Board) -> Board:
        now = now.judged_by(rubric.criteria, rubric.weights)
        # Scores of words that were changed meanwhile belong to nothing.
        same = any(c.id == card.id and _idea(c) == _idea(card) for c in now.cards)
        return now.judged(card.id, scores, answer_id) if same else now

    return judged


def _compared(done: Comparison) -> Callable[[Board], Board]:
    return lambda now: now.compared(done)


def _pair(board: Board, ids: list[str]) -> tuple[Card, Card]:
    if len(set(ids)) != 2:
        raise BadRequest("Comparing takes two cards.", fix="Choose exactly two.")
    return board.card(ids[0]), board.card(ids[1])


def _unjudged(board: Board, rubric: tuple[str, ...]) -> list[Card]:
    left = [c for c in board.cards if tuple(score.criterion for score in c.scores) != rubric]
    return left or list(board.cards)


def _idea(card: Card) -> Idea:
    # A card may be longer than what a model is asked to write; it is not checked again.
    return Idea.model_construct(title=card.title, body=card.body)


def _card(found: Found) -> Card:
    return card_of(found.idea, found.answer_id)


def _status(thinking: Thinking, n: int) -> str:
    if thinking.waiting:
        return waiting_line(thinking.waiting)
    return f"Thinking … {len(thinking.found)} of {n} ideas"

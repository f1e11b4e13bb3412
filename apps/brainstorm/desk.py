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
from apps.brainstorm.background import Errands, Seen
from apps.brainstorm.board import Board, Card, Comparison, card_of, checked_rubric, own_card
from apps.brainstorm.rooms import FIRST_ID, Room, Rooms
from apps.brainstorm.rubric import Mark, checked_scale, read_rubric, scale_text
from apps.brainstorm.steps import Sent
from apps.brainstorm.thinking import Thinker, Thinking
from apps.checks import one_line
from apps.revisions import Revisions
from apps.ui.stream import waiting_line
from shared.errors import BadRequest
from shared.formats.brainstorm import SCALE, Idea, Scale
from shared.formats.ideas import Found
from shared.texts import say

MOST_SAMPLES = 5


class Desk:
    """The boards of all owners; `owner` is always the one who asks.

    `room` is the id of the board that is meant, which must be the owner's; empty is the one that
    they opened last. A page names the one that it shows: another tab may have opened another.
    """

    def __init__(self, path: Path, thinker: Thinker, *, keep_days: int) -> None:
        self._all = Revisions(path, "board", keep_days=keep_days)
        self.rooms = Rooms(path, keep_days=keep_days)
        self._thinker = thinker
        self._errands = Errands()

    def sweep(self) -> None:
        """Forget what nobody has changed for long."""
        self._all.sweep()
        self.rooms.sweep()

    def board(self, owner: str, room: str = "") -> Board:
        """As it is."""
        return Board.read(self._kept(owner, room).latest(owner))

    def undo(self, owner: str, room: str = "") -> Board:
        """Before the last step."""
        return Board.read(self._kept(owner, room).undo(owner))

    def redo(self, owner: str, room: str = "") -> Board:
        """After the step that was undone last."""
        return Board.read(self._kept(owner, room).redo(owner))

    def write(self, owner: str, title: str, body: str, room: str = "") -> Board:
        """Put up a card of one's own."""
        card = own_card(title, body)
        return self._change(owner, room, lambda board: board.with_cards([card]))

    def take(self, owner: str, sent: Sent, room: str = "") -> Board:
        """One step that a page sent: edit, move, tag, state, remove or merge."""
        return self._change(owner, room, lambda board: steps.take(board, sent))

    def remove(self, owner: str, card_id: str, room: str = "") -> Board:
        """Take a card down."""
        return self._change(owner, room, lambda board: board.without(card_id))

    def rank(self, owner: str, room: str = "", *, by_comparison: bool = False) -> Board:
        """Put the best first, by scores or by comparisons."""
        best_first = ranking.by_comparison if by_comparison else Board.ranked
        return self._change(owner, room, best_first)

    def clear(self, owner: str, room: str = "") -> Board:
        """Take all cards down."""
        return self._change(owner, room, Board.cleared)

    def bring(self, owner: str, board: Board, room: str = "") -> Board:
        """Put the cards of a file behind those that are there; an empty topic is filled."""
        return self._change(
            owner, room, lambda now: now.under(now.topic or board.topic).with_cards(board.cards)
        )

    def open(self, owner: str, room: str) -> Board:
        """Go over to another board; raises NotFound if there is no such board."""
        self.rooms.open(owner, room)
        return self.board(owner, room)

    def new_room(self, owner: str, name: str) -> Room:
        """Begin another board and go over to it."""
        return self.rooms.add(owner, name)

    async def brainstorm(
        self, owner: str, topic: str, n: int, method: str, room: str = ""
    ) -> AsyncGenerator[Seen, None]:
        """Find ideas; they are on the board when this ends, whichever way it ends."""
        topic = one_line(topic, name=say("topic"))
        kept = self._kept(owner, room)
        board = Board.read(kept.latest(owner))
        board.check_room(n)
        told = self.rooms.methods(owner).get(method, "")
        thinking = self._thinker.brainstorm(owner, topic, n, method, board.titles(), told=told)
        latest = Thinking(())
        try:
            async with aclosing(thinking):
                async for latest in thinking:
                    coming = tuple(_card(found) for found in latest.found)
                    yield Seen(Board.read(kept.latest(owner)), coming, _status(latest, n))
        finally:
            cards = [_card(found) for found in latest.found]
            if cards:
                _change(kept, owner, lambda now: now.under(topic).with_cards(cards))

    async def refine(
        self, owner: str, card_id: str, wish: str, room: str = ""
    ) -> AsyncGenerator[Seen, None]:
        """Put a better version behind a card; the card stays."""
        kept = self._kept(owner, room)
        board = Board.read(kept.latest(owner))
        card = board.card(card_id)
        board.check_room(1)
        yield Seen(board, status=say("Refining “{title}” …", title=card.title))
        answer_id, idea = await self._thinker.refine(owner, card.title, card.body, wish)
        better = card_of(idea, answer_id, origin=card)
        yield Seen(_change(kept, owner, lambda now: now.with_cards([better], after=card_id)))

    def evaluate(
        self, owner: str, asked: "Asked", card_id: str = "", room: str = ""
    ) -> AsyncGenerator[Seen, None]:
        """Judge one card, or all that have no scores by this rubric (else all again).

        It goes on when nobody follows any more, until it is done or stopped.
        """
        return self._in_background(
            owner, room, lambda kept: self._judge(kept, owner, asked, card_id)
        )

    def compare(
        self, owner: str, rubric: str, pair: list[str] | None = None, room: str = ""
    ) -> AsyncGenerator[Seen, None]:
        """Let the judge compare two cards, or a round of pairs that were not compared yet.

        It goes on like `evaluate`.
        """
        return self._in_background(owner, room, lambda kept: self._pairs(kept, owner, rubric, pair))

    def stop(self, owner: str, room: str = "") -> None:
        """End the judging of a board, if there is any."""
        self._errands.stop((owner, self.rooms.known(owner, room)))

    async def follow(self, owner: str, room: str = "") -> AsyncGenerator[Seen, None]:
        """The judging of a board that goes on already; ends at once if there is none."""
        errand = self._errands.find((owner, self.rooms.known(owner, room)))
        if errand is None:
            return
        async with aclosing(errand.follow()) as steps:
            async for step in steps:
                yield step

    async def _in_background(
        self, owner: str, room: str, work: Callable[[Revisions], AsyncGenerator[Seen, None]]
    ) -> AsyncGenerator[Seen, None]:
        room = self.rooms.known(owner, room)
        self._errands.begin((owner, room), work(self._kept(owner, room)))
        async with aclosing(self.follow(owner, room)) as steps:
            async for step in steps:
                yield step

    async def _judge(
        self, kept: Revisions, owner: str, asked: "Asked", card_id: str
    ) -> AsyncGenerator[Seen, None]:
        rubric = asked.rubric()
        times = checked_samples(asked.samples)
        board = Board.read(kept.latest(owner))
        cards = [board.card(card_id)] if card_id else _unjudged(board, rubric)
        if not cards:
            raise BadRequest(say("There is nothing to judge."), fix=say("Put up a card first."))
        left = ""
        for number, card in enumerate(cards):
            status = say(
                "Judging “{title}” ({number} of {count}) …",
                title=card.title,
                number=number + 1,
                count=len(cards),
            )
            yield Seen(Board.read(kept.latest(owner)), status=status)
            answer_id, scores = await self._thinker.judge.marks(
                owner, (card.title, card.body), rubric.criteria, times, rubric.scale
            )
            left = _written(kept, owner, _judged(card, scores, answer_id, rubric), onto=left)
        yield Seen(Board.read(left))

    async def _pairs(
        self, kept: Revisions, owner: str, rubric: str, pair: list[str] | None
    ) -> AsyncGenerator[Seen, None]:
        criteria = checked_rubric(read_rubric(rubric)[0])
        board = Board.read(kept.latest(owner))
        pairs = [_pair(board, pair)] if pair is not None else ranking.next_pairs(board)
        if not pairs:
            raise BadRequest(
                say("There is nothing to compare."), fix=say("Put up two cards first.")
            )
        left = ""
        for number, (one, other) in enumerate(pairs):
            status = say(
                "Comparing “{one}” and “{other}” ({number} of {count}) …",
                one=one.title,
                other=other.title,
                number=number + 1,
                count=len(pairs),
            )
            yield Seen(Board.read(kept.latest(owner)), status=status)
            judge = self._thinker.judge
            better, reason = await judge.compare(owner, _idea(one), _idea(other), criteria)
            done = ranking.comparison(one, other, better, reason)
            left = _written(kept, owner, _compared(done), onto=left)
        yield Seen(Board.read(left))

    def _kept(self, owner: str, room: str) -> Revisions:
        known = self.rooms.known(owner, room)
        # The first board is stored under the plain name, as it was when there was only one.
        return self._all if known == FIRST_ID else self._all.of_kind(known)

    def _change(self, owner: str, room: str, edit: Callable[[Board], Board]) -> Board:
        return _change(self._kept(owner, room), owner, edit)


@dataclass(frozen=True, slots=True)
class Rubric:
    """Criteria, their weights, and the scale."""

    criteria: tuple[str, ...]
    weights: dict[str, float]
    scale: Scale


@dataclass(frozen=True, slots=True)
class Asked:
    """How to judge, as it stands in the fields of the page."""

    criteria: str = ""
    samples: int = 1
    scale: str = scale_text(SCALE)

    def rubric(self) -> Rubric:
        """Checked; raises BadRequest for what cannot be read."""
        names, weights = read_rubric(self.criteria)
        return Rubric(checked_rubric(names), weights, checked_scale(self.scale))


def checked_samples(samples: object) -> int:
    """Raises BadRequest unless it is a whole number from 1 to 5."""
    if (
        not isinstance(samples, int)
        or isinstance(samples, bool)
        or not 1 <= samples <= MOST_SAMPLES
    ):
        raise BadRequest(
            say("{number} samples cannot be taken.", number=repr(samples)),
            fix=say("Take {fewest} to {most}.", fewest=1, most=MOST_SAMPLES),
        )
    return samples


def _change(room: Revisions, owner: str, edit: Callable[[Board], Board]) -> Board:
    return Board.read(_written(room, owner, edit))


def _written(room: Revisions, owner: str, edit: Callable[[Board], Board], *, onto: str = "") -> str:
    return room.change(owner, lambda text: edit(Board.read(text)).write(), onto=onto)


def _judged(
    card: Card, scores: tuple[Mark, ...], answer_id: str, rubric: Rubric
) -> Callable[[Board], Board]:
    def judged(now: Board) -> Board:
        now = now.judged_by(rubric.criteria, rubric.weights, rubric.scale)
        # Scores of words that were changed meanwhile belong to nothing.
        same = any(c.id == card.id and _idea(c) == _idea(card) for c in now.cards)
        return now.judged(card.id, scores, answer_id) if same else now

    return judged


def _compared(done: Comparison) -> Callable[[Board], Board]:
    return lambda now: now.compared(done)


def _pair(board: Board, ids: list[str]) -> tuple[Card, Card]:
    if len(set(ids)) != 2:
        raise BadRequest(say("Comparing takes two cards."), fix=say("Choose exactly two."))
    return board.card(ids[0]), board.card(ids[1])


def _unjudged(board: Board, rubric: Rubric) -> list[Card]:
    wanted = [(name, rubric.scale) for name in rubric.criteria]
    left = [c for c in board.cards if [(m.criterion, m.scale) for m in c.scores] != wanted]
    return left or list(board.cards)


def _idea(card: Card) -> Idea:
    # A card may be longer than what a model is asked to write; it is not checked again.
    return Idea.model_construct(title=card.title, body=card.body)


def _card(found: Found) -> Card:
    return card_of(found.idea, found.answer_id)


def _status(thinking: Thinking, n: int) -> str:
    if thinking.waiting:
        return waiting_line(thinking.waiting)
    return say("Thinking … {count} of {whole} ideas", count=len(thinking.found), whole=n)

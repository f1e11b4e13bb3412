"""A step on the board as a page sends it: everything in it is checked before it is taken."""

from collections.abc import Callable, Mapping, Sequence

from apps.brainstorm.board import (
    Board,
    checked_body,
    checked_state,
    checked_tag,
    checked_title,
    own_card,
)
from shared.errors import BadRequest
from shared.texts import say

Sent = Mapping[str, object]


def take(board: Board, sent: Sent) -> Board:
    """The board after the step that `sent["op"]` names.

    Raises:
        BadRequest: If there is no such step, or something in it is outside its limits.
        NotFound: If a card is not on the board.
    """
    step = _STEPS.get(str(sent.get("op", "")))
    if step is None:
        raise BadRequest(
            say("The board knows no such step."),
            fix=say("It knows {steps}.", steps=", ".join(_STEPS)),
        )
    return step(board, sent)


def _edit(board: Board, sent: Sent) -> Board:
    title, body = checked_title(sent.get("title")), checked_body(sent.get("body", ""))
    card_id = _ids(sent)[0]
    if all(card.id != card_id for card in board.cards):
        # Another tab took the card down while somebody wrote on it: the words are not lost.
        return board.with_cards([own_card(title, body)])
    return board.edited(card_id, title, body)


def _move(board: Board, sent: Sent) -> Board:
    card_id = _ids(sent)[0]
    if "state" in sent:
        board = board.put_in([card_id], checked_state(sent["state"]))
    return board.moved(card_id, str(sent.get("before", "")))


def _tag(board: Board, sent: Sent) -> Board:
    return board.tagged(_ids(sent), checked_tag(sent.get("tag")))


def _put_in(board: Board, sent: Sent) -> Board:
    return board.put_in(_ids(sent), checked_state(sent.get("state")))


def _remove(board: Board, sent: Sent) -> Board:
    return board.without(*_ids(sent))


def _merge(board: Board, sent: Sent) -> Board:
    return board.merged(_ids(sent))


_STEPS: dict[str, Callable[[Board, Sent], Board]] = {
    "edit": _edit, "move": _move, "tag": _tag, "state": _put_in, "remove": _remove,
    "merge": _merge,
}  # fmt: skip


def _ids(sent: Sent) -> Sequence[str]:
    ids = sent.get("ids")
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise BadRequest(say("No card was named."), fix=say("Choose one first."))
    return list(dict.fromkeys(ids))

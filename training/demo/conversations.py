"""Every kind of made-up conversation by name, and each conversation by number."""

from collections.abc import Callable

from shared.messages import Message
from training.demo import brainstorm, chat, code, copying, poetry, story
from training.demo.phrases import Pen

Conversation = list[Message]
Maker = Callable[..., Conversation]

APPS: dict[str, Maker] = {
    "story": story.conversation,
    "brainstorm": brainstorm.conversation,
    "poetry": poetry.conversation,
    "chat": chat.conversation,
    "code": code.conversation,
}
DRILL = "copying"
SEED = 20261120


def conversation(
    kind: str, number: int, *, unseen: bool = False, seed: int | str = SEED
) -> Conversation:
    """The conversation with this number: the same one whenever it is asked for.

    Args:
        kind: One of `APPS`, or `DRILL`.
        number: Any whole number.
        unseen: Open with words that training never opens with.
        seed: Training uses `SEED`; other seeds give conversations that it has not read.
    """
    make = copying.conversation if kind == DRILL else APPS[kind]
    return make(pen_for(kind, number, seed), unseen=unseen)


def pen_for(kind: str, number: int, seed: int | str) -> Pen:
    """The pen that writes this conversation."""
    return Pen(f"{seed}/{kind}/{number}")

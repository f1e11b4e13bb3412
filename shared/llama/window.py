"""Which messages of a long conversation still fit: whole oldest turns go, the rest stays as it is.

A turn is a user message with everything up to the next one. Messages are counted from the newest
backwards and only until the window is full, each once, so a conversation of 500 turns costs no
more than what fits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.errors import PromptTooLong
from shared.llama.render import ChatTemplate, Rendered
from shared.messages import Message


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits, and what had to go for it."""

    rendered: Rendered
    messages: list[Message]
    """Those that stayed; `rendered.ends` counts these."""
    dropped: int


def fit_prompt(template: ChatTemplate, messages: Sequence[Message], *, budget: int) -> Fitted:
    """Render what fits in `budget` tokens, generation prompt included.

    Raises:
        PromptTooLong: If the messages that must stay exceed `budget` on their own.
        BadRequest: If the template refuses the conversation.
    """
    try:
        kept, _ = fit(messages, budget=budget - template.fixed_tokens, count=template.count)
    except PromptTooLong:
        # Counts are estimates to a token or two per message; only the rendered prompt decides.
        kept = newest_only(messages)
    rendered = template.render(kept)
    while len(rendered.tokens) > budget:
        shorter = drop_oldest_turn(kept)
        if shorter is None:
            raise too_long(len(rendered.tokens), budget)
        kept = shorter
        rendered = template.render(kept)
    return Fitted(rendered, kept, len(messages) - len(kept))


def fit(
    messages: Sequence[Message], *, budget: int, count: Callable[[Message], int]
) -> tuple[list[Message], int]:
    """Drop the oldest turns until the rest fits in `budget` tokens.

    The system message and the newest message always stay: without the first the model forgets its
    task, without the second there is no question.

    Args:
        messages: Oldest first, with at most one system message, at the front.
        budget: Room for the messages in tokens, answer and generation prompt not included.
        count: Tokens that one message takes, its role markers included.

    Returns:
        The messages that stay, and how many were dropped.

    Raises:
        PromptTooLong: If the messages that must stay exceed `budget` on their own.
    """
    head = list(messages[:1]) if messages[0].role == "system" else []
    turns = _turns(messages[len(head) :])
    must = [*head, *turns[-1]]
    room = budget - sum(count(message) for message in must)
    if room < 0:
        raise too_long(budget - room, budget)
    kept = list(turns[-1])
    for turn in reversed(turns[:-1]):
        room -= sum(count(message) for message in turn)
        if room < 0:
            break
        kept = [*turn, *kept]
    return [*head, *kept], len(messages) - len(head) - len(kept)


def drop_oldest_turn(messages: Sequence[Message]) -> list[Message] | None:
    """The conversation without its oldest turn; None when only the newest is left."""
    head = list(messages[:1]) if messages[0].role == "system" else []
    turns = _turns(messages[len(head) :])
    return None if len(turns) < 2 else [*head, *(m for turn in turns[1:] for m in turn)]


def newest_only(messages: Sequence[Message]) -> list[Message]:
    """The system message, where there is one, and the newest turn."""
    head = list(messages[:1]) if messages[0].role == "system" else []
    return [*head, *_turns(messages[len(head) :])[-1]]


def too_long(needed: int, budget: int) -> PromptTooLong:
    """The refusal, with both numbers."""
    return PromptTooLong(
        f"The newest message (with the system message) takes {needed:,} tokens;"
        f" there is room for {max(budget, 0):,}.",
        fix="Shorten it, ask for a shorter answer, or raise INKLOOP_CONTEXT_TOKENS.",
    )


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    turns: list[list[Message]] = []
    for message in messages:
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns

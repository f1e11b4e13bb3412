"""What a page shows of a conversation, as plain values: rows of the log, short lines of text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.talk.conversation import Conversation, Turn, branching
from apps.talk.display import closed, parts, shown_answer, shown_question
from apps.ui.stream import Progress, waiting_line
from shared.engine.types import Numbers

Row = dict[str, Any]
Notes = Callable[[str], str]
"""From an answer to a remark below it, in Markdown; empty where there is nothing to say."""

ENDINGS = {
    "cancelled": "*Stopped here.*",
    "length": "*Cut off at the length that was set.*",
    "deadline": "*Cut off: it took too long.*",
}
"""How an answer that did not come to its own end is marked."""
PENDING = "…"


@dataclass(frozen=True, slots=True)
class Shown:
    """Which turns a page shows, row by row; held by the server, never sent by a browser."""

    conversation_id: str = ""
    turn_ids: tuple[str, ...] = ()

    def turn_id(self, row: int) -> str:
        """The turn in a row of the log; empty if the page has no such row."""
        return self.turn_ids[row] if 0 <= row < len(self.turn_ids) else ""


def shown(conversation: Conversation) -> Shown:
    """The branch that is being read."""
    return Shown(conversation.id, tuple(turn.id for turn in conversation.path()))


def rows(conversation: Conversation, notes: Notes) -> list[Row]:
    """The log of the branch that is being read."""
    return [_row(turn.role, _text(turn, notes)) for turn in conversation.path()]


def pending_row(progress: Progress | None) -> Row:
    """The answer that is on its way."""
    if progress is None or not (progress.text or progress.waiting):
        return _row("assistant", PENDING)
    if progress.text:
        return _row("assistant", shown_answer(progress.text))
    return _row("assistant", f"*{waiting_line(progress.waiting)}*" if progress.waiting else PENDING)


def version_line(conversation: Conversation) -> str:
    """Which version of what is being read; empty where there is only one of everything."""
    turn = branching(conversation)
    if turn is None:
        return ""
    versions = conversation.versions(turn)
    what = "answer" if turn.role == "assistant" else "question"
    return f"{what.capitalize()} {versions.index(turn) + 1} of {len(versions)}"


def numbers_line(numbers: Numbers) -> str:
    """What the answer cost, for the line below the log."""
    told = [f"{numbers.completion_tokens} tokens"]
    if numbers.tokens_per_second:
        told.append(f"{numbers.tokens_per_second:.1f} per second")
    if numbers.first_token_seconds is not None:
        told.append(f"first after {numbers.first_token_seconds:.1f} s")
    told += [f"seed {numbers.seed}", numbers.release]
    if numbers.dropped_turns:
        told.append(f"the oldest {numbers.dropped_turns} messages no longer fitted")
    return " · ".join(told)


def _text(turn: Turn, notes: Notes) -> str:
    if turn.role == "user":
        return shown_question(turn.text)
    remarks = [remark for remark in (notes(turn.text), ENDINGS.get(turn.finish, "")) if remark]
    shown = shown_answer(turn.text)
    return "\n\n".join([closed(shown), *remarks]) if remarks else shown


def _row(role: str, text: str) -> Row:
    return {"role": role, "content": parts(text)}

"""What a page shows of a conversation, as plain values: rows of the log, short lines of text."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.talk.conversation import Conversation, Turn, branching
from apps.talk.display import closed, parts, shown_answer, shown_question
from apps.talk.store import CUT_OFF
from apps.ui.stream import Progress, waiting_line
from feedback.records import AnswerRecord
from shared.engine.types import Numbers

Row = dict[str, Any]
Notes = Callable[[str], str]
"""From an answer to a remark below it, in Markdown; empty where there is nothing to say."""

ENDINGS = {
    "cancelled": "*Stopped here.*",
    "length": "*Cut off at the length that was set.*",
    "deadline": "*Cut off: it took too long.*",
    CUT_OFF: "*Cut off: the server was ended in the middle of it.*",
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


def heading(name: str, *, temporary: bool) -> str:
    """The name of what is being read, as HTML, and what becomes of it."""
    if temporary:
        return (
            '<p class="talk-passing" role="status"><strong>Temporary.</strong> Gone when this tab'
            " closes; written down only where you flag.</p>"
        )
    return f'<p dir="auto">{html.escape(name)}</p>'


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


NUMBERS = (
    ("completion_tokens", "tokens written"),
    ("prompt_tokens", "tokens read"),
    ("cached_tokens", "of them remembered"),
    ("first_token_seconds", "s to the first word"),
    ("tokens_per_second", "tokens per second"),
    ("finish_reason", "ended by"),
)


def numbers_table(answers: Sequence[AnswerRecord]) -> str:
    """What each answer cost, as HTML; names of models come out of files."""
    if not answers:
        return '<p class="talk-none">No answer here has numbers.</p>'
    return "".join(_numbers(place, answer) for place, answer in enumerate(answers, 1))


def _numbers(place: int, answer: AnswerRecord) -> str:
    rows = [(name, answer.numbers.get(key)) for key, name in NUMBERS]
    rows += [(name, answer.sampling.get(name)) for name in ("seed", "temperature")]
    rows += [("model", answer.model.name), ("adapter", answer.model.adapter)]
    items = "".join(
        f"<dt>{name}</dt><dd>{html.escape(_short(value))}</dd>"
        for name, value in rows
        if value is not None and value != ""
    )
    return f'<h3>Answer {place}</h3><dl class="talk-numbers">{items}</dl>'


def _short(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _text(turn: Turn, notes: Notes) -> str:
    if turn.role == "user":
        return shown_question(turn.text)
    remarks = [remark for remark in (notes(turn.text), ENDINGS.get(turn.finish, "")) if remark]
    shown = shown_answer(turn.text)
    return "\n\n".join([closed(shown), *remarks]) if remarks else shown


def _row(role: str, text: str) -> Row:
    return {"role": role, "content": parts(text)}

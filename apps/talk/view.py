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
from shared.texts import later, say, say_count

Row = dict[str, Any]
Notes = Callable[[str], str]
"""From an answer to a remark below it, in Markdown; empty where there is nothing to say."""

ENDINGS = {
    "cancelled": later("*Stopped here.*"),
    "length": later("*Cut off at the length that was set.*"),
    "deadline": later("*Cut off: it took too long.*"),
    CUT_OFF: later("*Cut off: the server was ended in the middle of it.*"),
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
        told = say(
            "<strong>Temporary.</strong> Gone when this tab closes; written down only where you"
            " flag."
        )
        return f'<p class="talk-passing" role="status">{told}</p>'
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
    place, whole = versions.index(turn) + 1, len(versions)
    if turn.role == "assistant":
        return say("Answer {place} of {whole}", place=place, whole=whole)
    return say("Question {place} of {whole}", place=place, whole=whole)


def numbers_line(numbers: Numbers) -> str:
    """What the answer cost, for the line below the log."""
    told = [say_count("1 token", "{count} tokens", numbers.completion_tokens)]
    if numbers.tokens_per_second:
        told.append(say("{rate} per second", rate=f"{numbers.tokens_per_second:.1f}"))
    if numbers.first_token_seconds is not None:
        told.append(say("first after {seconds} s", seconds=f"{numbers.first_token_seconds:.1f}"))
    told += [say("seed {seed}", seed=numbers.seed), numbers.release]
    if numbers.dropped_turns:
        told.append(
            say_count(
                "the oldest message no longer fitted",
                "the oldest {count} messages no longer fitted",
                numbers.dropped_turns,
            )
        )
    return " · ".join(told)


NUMBERS = (
    ("completion_tokens", later("tokens written")),
    ("prompt_tokens", later("tokens read")),
    ("cached_tokens", later("of them remembered")),
    ("first_token_seconds", later("s to the first word")),
    ("tokens_per_second", later("tokens per second")),
    ("finish_reason", later("ended by")),
)


def numbers_table(answers: Sequence[AnswerRecord]) -> str:
    """What each answer cost, as HTML; names of models come out of files."""
    if not answers:
        return f'<p class="talk-none">{say("No answer here has numbers.")}</p>'
    return "".join(_numbers(place, answer) for place, answer in enumerate(answers, 1))


def _numbers(place: int, answer: AnswerRecord) -> str:
    rows = [(say(name), answer.numbers.get(key)) for key, name in NUMBERS]
    rows += [
        (say("seed"), answer.sampling.get("seed")),
        (say("temperature"), answer.sampling.get("temperature")),
        (say("model"), answer.model.name),
        (say("adapter"), answer.model.adapter),
    ]
    items = "".join(
        f"<dt>{name}</dt><dd>{html.escape(_short(value))}</dd>"
        for name, value in rows
        if value is not None and value != ""
    )
    name = say("Answer {place}", place=place)
    return f'<h3>{name}</h3><dl class="talk-numbers">{items}</dl>'


def _short(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _text(turn: Turn, notes: Notes) -> str:
    if turn.role == "user":
        return shown_question(turn.text)
    remarks = [remark for remark in (notes(turn.text), say(ENDINGS.get(turn.finish, ""))) if remark]
    shown = shown_answer(turn.text)
    return "\n\n".join([closed(shown), *remarks]) if remarks else shown


def _row(role: str, text: str) -> Row:
    return {"role": role, "content": parts(text)}

"""Recognises how the rows of a set look, and brings them into one form.

Three kinds come out: conversations to learn from, pairs of a better and a worse answer, and single
answers with a verdict. Names of columns differ between publishers; which of them mean the same is
listed here and nowhere else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from shared.errors import TrainingError
from shared.messages import Message, Role, to_dict

Kind = Literal["conversation", "preference", "rated"]
Columns = Mapping[str, Any]

SPEAKERS: dict[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bing": "assistant",
    "bard": "assistant",
}
TURNS = ("messages", "conversations", "conversation")
ASKED = ("instruction", "prompt", "question", "inputs", "query")
ANSWERED = ("completion", "output", "response", "answer", "targets")
FORMS_IN_WORDS = (
    "messages (role, content), conversations (from, value), instruction/input/output,"
    " prompt/completion, prompt/chosen/rejected, prompt/completion/label"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One row in the one form. What it does not need is empty."""

    kind: Kind
    messages: tuple[Message, ...]
    """A whole conversation; of the other kinds, what was asked."""
    better: str = ""
    """The chosen answer, or the rated one."""
    worse: str = ""
    good: bool = True

    def text(self) -> str:
        """Everything in it, one paragraph per message."""
        said = [message.content for message in self.messages]
        return "\n\n".join([*said, *filter(None, (self.better, self.worse))])

    def question(self) -> str:
        """The first thing that the person said, without case and spacing."""
        said = (message.content for message in self.messages if message.role == "user")
        return " ".join(next(said, "").casefold().split())

    def answers(self) -> list[str]:
        """What the model is to say."""
        if self.kind != "conversation":
            return [self.better]
        return [message.content for message in self.messages if message.role == "assistant"]

    def as_columns(self) -> dict[str, Any]:
        """The form in which prepared rows are stored, one JSON object each."""
        turns = [to_dict(message) for message in self.messages]
        if self.kind == "conversation":
            return {"messages": turns}
        if self.kind == "preference":
            return {
                "prompt": turns,
                "chosen": [_said(self.better)],
                "rejected": [_said(self.worse)],
            }
        return {"prompt": turns, "completion": [_said(self.better)], "label": self.good}


def _said(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


class NotARow(ValueError):
    """A row does not have the form that it should have; the message says what is missing."""


def recognise(row: Columns) -> str:
    """The form of a row, judged by its columns.

    Raises:
        NotARow: If it is none that is known.
    """
    has = {key for key, value in row.items() if value is not None}
    turns = next((row[key] for key in TURNS if key in has), None)
    if {"chosen", "rejected"} <= has:
        return "preference"
    if isinstance(row.get("label"), bool) and (turns or has & set(ANSWERED)):
        return "rated"
    if turns:
        return "sharegpt" if "from" in turns[0] else "messages"
    if "instruction" in has and has & set(ANSWERED):
        return "alpaca"
    if has & set(ASKED) and has & set(ANSWERED):
        return "prompt_completion"
    raise NotARow(f"it has {_columns(row)}")


def _columns(row: Columns) -> str:
    return ", ".join(sorted(map(str, row))) or "no columns"


def to_sample(row: Columns, form: str) -> Sample:
    """Bring one row into the one form.

    Raises:
        NotARow: If it does not look like `form`.
    """
    try:
        sample = _READERS[form](row)
    except (KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
        raise NotARow(f"it has {_columns(row)}, and is not of the form {form}") from error
    if not any(answer.strip() for answer in sample.answers()):
        raise NotARow("it holds no answer")
    if not any(message.role == "user" for message in sample.messages):
        raise NotARow("nobody asks anything in it")
    return sample


def samples(rows: Iterable[Columns], *, form: str, where: str) -> Iterable[Sample]:
    """Bring rows into the one form, one at a time.

    Raises:
        TrainingError: Naming the first row that does not fit, counted from 1.
    """
    found = form
    for number, row in enumerate(rows, 1):
        try:
            found = recognise(row) if found == "auto" else found
            yield to_sample(row, found)
        except NotARow as error:
            raise TrainingError(
                f"Row {number} of {where} cannot be used: {error}.",
                fix=f"Known forms: {FORMS_IN_WORDS}.",
            ) from None


def _messages(row: Columns) -> Sample:
    return Sample("conversation", _turns(next(row[key] for key in TURNS if row.get(key))))


def _turns(raw: Iterable[Mapping[str, Any]]) -> tuple[Message, ...]:
    found = []
    for turn in raw:
        speaker = str(turn["role"] if "role" in turn else turn["from"])
        text = turn["content"] if "content" in turn else turn["value"]
        if speaker not in SPEAKERS:
            raise NotARow(f"it has a turn of {speaker!r}")
        if not isinstance(text, str):
            raise NotARow("it has a turn that is not a text")
        found.append(Message(SPEAKERS[speaker], text))
    return tuple(found)


def _alpaca(row: Columns) -> Sample:
    asked = str(row["instruction"])
    more = str(row.get("input") or "")
    question = f"{asked}\n\n{more}" if more.strip() else asked
    return Sample("conversation", (*_system(row), *_exchange(question, _answer(row))))


def _prompt_completion(row: Columns) -> Sample:
    answer = Message("assistant", _answer(row))
    return Sample("conversation", (*_system(row), *_prompt(row), answer))


def _preference(row: Columns) -> Sample:
    chosen, rejected = row["chosen"], row["rejected"]
    asked = _prompt(row)
    if not asked:  # The question is then the part that both answers begin with.
        better, worse = _turns(chosen), _turns(rejected)
        same = next(
            at for at, pair in enumerate(zip(better, worse, strict=False)) if pair[0] != pair[1]
        )
        return Sample("preference", better[:same], better[same].content, worse[same].content)
    return Sample("preference", (*_system(row), *asked), _last(chosen), _last(rejected))


def _rated(row: Columns) -> Sample:
    turns = next((row[key] for key in TURNS if row.get(key)), None)
    if turns is None:
        return Sample("rated", _prompt(row), _answer(row), good=bool(row["label"]))
    *asked, answer = _turns(turns)
    if answer.role != "assistant":
        raise NotARow("its last turn is not an answer")
    return Sample("rated", tuple(asked), answer.content, good=bool(row["label"]))


def _exchange(question: str, answer: str) -> tuple[Message, Message]:
    return Message("user", question), Message("assistant", answer)


def _system(row: Columns) -> tuple[Message, ...]:
    said = str(row.get("system_prompt") or row.get("system") or "")
    return (Message("system", said),) if said.strip() else ()


def _prompt(row: Columns) -> tuple[Message, ...]:
    asked = next((row[key] for key in (*ASKED, *TURNS) if row.get(key)), ())
    return (Message("user", asked),) if isinstance(asked, str) else _turns(asked)


def _answer(row: Columns) -> str:
    return _last(next(row[key] for key in ANSWERED if row.get(key) is not None))


def _last(raw: Any) -> str:  # noqa: ANN401 - as it stands in the file
    """An answer as a text, as one message, or as messages."""
    if isinstance(raw, str):
        return raw
    last = raw if isinstance(raw, Mapping) else raw[-1]
    return cast(str, last["content"] if "content" in last else last["value"])


_READERS: dict[str, Callable[[Columns], Sample]] = {
    "messages": _messages,
    "sharegpt": _messages,
    "alpaca": _alpaca,
    "prompt_completion": _prompt_completion,
    "preference": _preference,
    "rated": _rated,
}

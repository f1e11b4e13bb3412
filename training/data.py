"""The rows that a run reads, and where they come from: a dataset version, or a JSONL file."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.errors import TrainingError
from shared.messages import Message, from_dict, to_dict

ANSWERS = "assistant"


@dataclass(frozen=True, slots=True)
class Row:
    """What was asked and what is to be answered."""

    prompt: tuple[Message, ...]
    completion: str

    def as_columns(self) -> dict[str, list[dict[str, str]]]:
        """The form that the trainer knows; its loss then counts the completion only."""
        answer = [{"role": ANSWERS, "content": self.completion}]
        return {"prompt": [to_dict(message) for message in self.prompt], "completion": answer}


@dataclass(frozen=True, slots=True)
class Pair:
    """What was asked, the better and the worse answer."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str

    def as_columns(self) -> dict[str, list[dict[str, str]]]:
        """The form that the trainer knows."""
        return {
            "prompt": [to_dict(message) for message in self.prompt],
            "chosen": [{"role": ANSWERS, "content": self.chosen}],
            "rejected": [{"role": ANSWERS, "content": self.rejected}],
        }


@dataclass(frozen=True, slots=True)
class Thumb:
    """What was asked, one answer, and whether it was found good."""

    prompt: tuple[Message, ...]
    completion: str
    good: bool

    def as_columns(self) -> dict[str, object]:
        """The form that the trainer knows."""
        answer = [{"role": ANSWERS, "content": self.completion}]
        asked = [to_dict(message) for message in self.prompt]
        return {"prompt": asked, "completion": answer, "label": self.good}


Replay = Callable[[int, int], Sequence[Row]]
"""How many rows and a seed to rows of old good answers."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What one dataset version holds for training; held-out rows are not in it."""

    name: str
    sha256: str
    rows: tuple[Row, ...] = ()
    pairs: tuple[Pair, ...] = ()
    thumbs: tuple[Thumb, ...] = ()


def question(prompt: Sequence[Message]) -> str:
    """The last thing that the person said, without case and spacing."""
    said = [message.content for message in prompt if message.role == "user"]
    return " ".join(said[-1].casefold().split()) if said else ""


def read_jsonl(path: Path) -> list[Row]:
    """Read rows with `prompt` (text or messages) and `completion` (text or one message).

    Raises:
        TrainingError: Naming the first line that is something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise TrainingError(f"{path} is no text.", fix="JSONL in UTF-8 is read.") from error
    return [_row(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]


def _row(line: str, path: Path, number: int) -> Row:
    try:
        return row_from(json.loads(line))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise TrainingError(
            f"Line {number} of {path} is not a row of prompt and completion.",
            fix='One looks like {"prompt": "…", "completion": "…"}.',
        ) from error


def row_from(raw: dict[str, Any]) -> Row:
    """One row from its columns; raises KeyError, TypeError or ValueError on another form."""
    return Row(messages_from(raw["prompt"]), _answer(raw["completion"]))


def messages_from(raw: str | Iterable[dict[str, str]]) -> tuple[Message, ...]:
    """Messages as they are stored; a plain text is one message of the person."""
    if isinstance(raw, str):
        return (Message("user", raw),)
    return tuple(from_dict(message) for message in raw)


def _answer(raw: str | Sequence[dict[str, str]]) -> str:
    return raw if isinstance(raw, str) else raw[0]["content"]


def without_long(
    data: TrainingSet, *, longest: int, count: Callable[[tuple[Message, ...], str], int]
) -> tuple[TrainingSet, int]:
    """The set without rows over `longest` tokens, and how many were dropped."""
    rows = tuple(row for row in data.rows if count(row.prompt, row.completion) <= longest)
    pairs = tuple(
        pair
        for pair in data.pairs
        if max(count(pair.prompt, pair.chosen), count(pair.prompt, pair.rejected)) <= longest
    )
    thumbs = tuple(one for one in data.thumbs if count(one.prompt, one.completion) <= longest)
    kept = replace(data, rows=rows, pairs=pairs, thumbs=thumbs)
    return kept, _size(data) - _size(kept)


def _size(data: TrainingSet) -> int:
    return len(data.rows) + len(data.pairs) + len(data.thumbs)

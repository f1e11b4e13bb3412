"""The rows that a run reads, in the order in which it reads them.

Every step of a run holds rows of the dataset version and rows of replay in a fixed share, so a
handful of corrections is learned without the old answers being forgotten. The order is decided
here, once, from the seed; the trainer then reads it front to back.
"""

import json
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.errors import TrainingError
from shared.messages import Message, from_dict, to_dict
from training.recipe import Sft

ANSWERS = "assistant"
ONE_FAR_IN = 5
"""Of the rows that are read again, one in so many is from elsewhere than the corrections."""


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


Replay = Callable[[int, int], Sequence[Row]]
"""How many rows and a seed to rows of old good answers."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What one dataset version holds for training; held-out rows are not in it."""

    name: str
    sha256: str
    rows: tuple[Row, ...] = ()
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows in reading order, `steps` times `batch_rows` of them."""

    rows: tuple[Row, ...]
    steps: int
    from_dataset: int
    """How many rows of each step come from the dataset version."""


def plan(rows: Sequence[Row], sft: Sft, *, replay_per_row: float, seed: int, old: Replay) -> Plan:
    """Lay out what the model reads, step by step.

    Without rows of a dataset version it reads replay only.
    """
    new = _new_per_step(sft.batch_rows, replay_per_row) if rows else 0
    needed = math.ceil(sft.passes * len(rows) / new) if new else 0
    steps = max(sft.steps, needed)
    wanted = steps * (sft.batch_rows - new)
    replayed = iter(_replayed(rows, old, wanted=wanted, seed=seed) if wanted else ())
    corrected = _for_ever(rows, random.Random(seed))  # noqa: S311 - an order, not a secret
    order: list[Row] = []
    for _ in range(steps):
        step = [next(corrected) for _ in range(new)]
        step += [next(replayed) for _ in range(sft.batch_rows - new)]
        # Rows of like length share a micro batch, so little is spent on padding.
        order += sorted(step, key=_length)
    return Plan(tuple(order), steps, new)


def _length(row: Row) -> int:
    return len(row.completion) + sum(len(message.content) for message in row.prompt)


def _new_per_step(batch_rows: int, replay_per_row: float) -> int:
    return max(1, round(batch_rows / (1 + replay_per_row)))


def _for_ever(rows: Sequence[Row], order: random.Random) -> Iterator[Row]:
    """Pass after pass, each in an order of its own."""
    while True:
        once = list(rows)
        order.shuffle(once)
        yield from once


def _replayed(rows: Sequence[Row], old: Replay, *, wanted: int, seed: int) -> list[Row]:
    """Old answers without those to questions that have been corrected since.

    Most come from where the corrections come from (the same system message): what lies nearest to
    a correction is what it damages first.
    """
    corrected = {question(row.prompt) for row in rows}
    homes = {_system(row) for row in rows}
    drawn = [row for row in old(2 * wanted, seed) if question(row.prompt) not in corrected]
    near = [row for row in drawn if _system(row) in homes]
    far = [row for row in drawn if _system(row) not in homes]
    kept = _mixed(near, far, wanted)
    if not kept:
        raise TrainingError("There is no replay left to train with.", fix="Check data.replay.")
    return [kept[index % len(kept)] for index in range(wanted)]


def _mixed(near: Sequence[Row], far: Sequence[Row], wanted: int) -> list[Row]:
    """One far row in `ONE_FAR_IN`, spread evenly, as long as there are both."""
    if not near or not far:
        return [*near, *far][:wanted]
    order: list[Row] = []
    for index in range(wanted):
        source = far if index % ONE_FAR_IN == 0 else near
        order.append(source[index % len(source)])
    return order


def _system(row: Row) -> str:
    return "\n".join(m.content for m in row.prompt if m.role == "system")


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
    dropped = len(data.rows) - len(rows) + len(data.pairs) - len(pairs)
    return replace(data, rows=rows, pairs=pairs), dropped

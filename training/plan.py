"""The order in which a run reads its rows.

Every step of a run holds rows of the dataset version and rows of replay in a fixed share, so a
handful of corrections is learned without the old answers being forgotten. The order is decided
here, once, from the seed; the trainer then reads it front to back.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.errors import TrainingError
from training.data import Replay, Row
from training.mixing import replayed
from training.recipe import Sft


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

    Raises:
        TrainingError: If replay is wanted and there is none.
    """
    new = _new_per_step(sft.batch_rows, replay_per_row) if rows else 0
    needed = math.ceil(sft.passes * len(rows) / new) if new else 0
    steps = max(sft.steps, needed)
    wanted = steps * (sft.batch_rows - new)
    again = replayed(rows, old, wanted=wanted, seed=seed) if wanted else []
    if wanted and not again:
        raise TrainingError("There is no replay left to train with.", fix="Check data.replay.")
    corrected = _for_ever(rows, random.Random(seed))  # noqa: S311 - an order, not a secret
    order: list[Row] = []
    old_per_step = sft.batch_rows - new
    for number in range(steps):
        step = [next(corrected) for _ in range(new)]
        step += again[number * old_per_step : (number + 1) * old_per_step]
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

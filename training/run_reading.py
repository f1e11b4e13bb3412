"""What one part of a run reads, encoded and in order.

Rows of a dataset version are laid out beforehand, step by step, with their replay
(`training.plan`). Rows of sources lie in files; they are encoded once, kept beside the files as
Arrow, and read from there pass after pass in an order of the seed, however many they are.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import TrainingError
from shared.messages import from_dict
from training.data import Pair, Row, Thumb
from training.data_prepare import Prepared, Side
from training.recipe import Recipe, Sft
from training.run_encode import Encoder


@dataclass(frozen=True)
class Reading:
    """Rows of one part; the sets are `datasets.Dataset`."""

    train: Any
    steps: int
    """Optimiser steps; 0 leaves them to `passes` (packed rows are not known beforehand)."""
    passes: float = 0.0
    validation: Any = None
    in_order: bool = False
    """The rows are in reading order already."""
    dropped: int = 0
    """Rows over `max_tokens`, or with control tokens of the template in them."""


def planned(rows: Sequence[Row], encoder: Encoder, *, steps: int, longest: int) -> Reading:
    """Rows of a dataset version in the order of their plan."""
    from datasets import Dataset

    encoded = [
        encoder.encode([*row.prompt, _answer(row.completion)], only_last=True) for row in rows
    ]
    assert all(len(row["input_ids"]) <= longest for row in encoded)
    return Reading(Dataset.from_list(encoded), steps, in_order=True)


def conversations(prepared: Prepared, encoder: Encoder, recipe: Recipe, *, base: str) -> Reading:
    """Rows of sources, for `sft`."""
    assert recipe.sft is not None
    train, dropped = _encoded(prepared, "train", encoder, recipe, base)
    validation, _ = _encoded(prepared, "validation", encoder, recipe, base)
    if train is None:
        raise TrainingError(
            f"Every row is longer than {recipe.data.max_tokens} tokens.",
            fix="Raise data.max_tokens.",
        )
    steps = 0 if recipe.sft.packing else steps_of(recipe.sft, len(train))
    return Reading(train, steps, recipe.sft.passes, validation, dropped=dropped)


def held_out(prepared: Prepared, encoder: Encoder, recipe: Recipe, *, base: str) -> Any:  # noqa: ANN401
    """The rows that no run reads before it is over; None without any."""
    return _encoded(prepared, "test", encoder, recipe, base)[0]


def steps_of(sft: Sft, rows: int) -> int:
    """Optimiser steps for so many rows."""
    steps = max(sft.steps, math.ceil(sft.passes * rows / sft.batch_rows))
    return min(steps, sft.most_steps or steps)


def _encoded(
    prepared: Prepared, side: Side, encoder: Encoder, recipe: Recipe, base: str
) -> tuple[Any, int]:
    """One side as ids and labels, and how many rows were dropped; None for an empty side."""
    if not prepared.rows(side):
        return None, 0
    raw = _raw(prepared, side)
    longest = recipe.data.max_tokens
    kind = prepared.kind

    def encode(row: dict[str, Any]) -> dict[str, Any]:
        turns = conversation_of(row, kind)
        if not turns or encoder.forges(turns):
            return {"input_ids": [], "labels": []}
        return encoder.encode(turns)

    # The name settles the content, so a resumed run finds what was encoded before it was killed.
    mark = f"{prepared.sha256[:16]}-{base[:16]}-{side}-{longest}"
    found = raw.map(encode, remove_columns=raw.column_names, new_fingerprint=f"ids-{mark}")
    kept = found.filter(
        lambda ids: 0 < len(ids) <= longest,
        input_columns="input_ids",
        new_fingerprint=f"kept-{mark}",
    )
    return (kept if len(kept) else None), len(raw) - len(kept)


def _raw(prepared: Prepared, side: Side) -> Any:  # noqa: ANN401
    from datasets import Dataset

    return Dataset.from_json(str(prepared.file(side)), cache_dir=str(prepared.folder / "arrow"))


def conversation_of(row: dict[str, Any], kind: str) -> list[Any]:
    """A row as a conversation to write: of pairs the better answer, of rated ones the good."""
    if kind == "conversation":
        return [from_dict(turn) for turn in row["messages"]]
    if kind == "preference":
        return [from_dict(turn) for turn in (*row["prompt"], *row["chosen"])]
    return (
        [from_dict(turn) for turn in (*row["prompt"], *row["completion"])] if row["label"] else []
    )


def pairs_drawn(pairs: Sequence[Pair], count: int, *, seed: int) -> Any:  # noqa: ANN401
    """So many pairs of a dataset version, drawn again and again."""
    from datasets import Dataset

    order = random.Random(seed)  # noqa: S311 - an order, not a secret
    return Dataset.from_list([order.choice(pairs).as_columns() for _ in range(count)])


def thumbs(rated: Sequence[Thumb]) -> Any:  # noqa: ANN401
    """The rated answers of a dataset version."""
    from datasets import Dataset

    return Dataset.from_list([one.as_columns() for one in rated])


def compared(prepared: Prepared, side: Side, encoder: Encoder, recipe: Recipe) -> Any:  # noqa: ANN401
    """Pairs or rated answers of one side, without the long ones; None for an empty side."""
    if not prepared.rows(side):
        return None
    raw = _raw(prepared, side)
    raw = raw.remove_columns("source")
    longest = recipe.data.max_tokens

    def fits(row: dict[str, Any]) -> bool:
        asked = [from_dict(turn) for turn in row["prompt"]]
        answers = [row[key] for key in ("chosen", "rejected", "completion") if key in row]
        turns = [[*asked, *map(from_dict, answer)] for answer in answers]
        return not any(
            encoder.forges(one) or len(encoder.ids(one, to_answer=False)) > longest for one in turns
        )

    kept = raw.filter(fits)
    return kept if len(kept) else None


def _answer(text: str) -> Any:  # noqa: ANN401
    return from_dict({"role": "assistant", "content": text})

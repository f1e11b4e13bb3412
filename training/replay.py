"""Old good answers: read again while training so that they stay, and guarded by the gate."""

import random
from collections.abc import Sequence
from pathlib import Path

from training.data import Replay, Row, question, read_jsonl

DEMO = "demo"
_GUARD_SEED_STEP = 1_000_003
"""Guarded rows are drawn with a seed far from the one that training uses."""


def replay_for(source: str) -> Replay:
    """Rows of replay from `demo` or a JSONL file.

    Raises:
        TrainingError: If the file cannot be read.
    """
    return _demo_rows if source == DEMO else _from_file(Path(source))


def _demo_rows(count: int, seed: int) -> Sequence[Row]:
    from training.demo import replay

    return replay.rows(count, seed)


def _from_file(path: Path) -> Replay:
    rows = read_jsonl(path)

    def drawn(count: int, seed: int) -> list[Row]:
        order = random.Random(seed)  # noqa: S311 - an order, not a secret
        shuffled = order.sample(rows, len(rows))
        return [shuffled[index % len(shuffled)] for index in range(count)] if rows else []

    return drawn


def guarded_rows(source: str, *, seed: int, count: int, trained: Sequence[Row]) -> list[Row]:
    """Up to `count` rows of replay whose questions training did not read."""
    seen = {question(row.prompt) for row in trained}
    kept: dict[str, Row] = {}
    for row in replay_for(source)(count * 4, seed + _GUARD_SEED_STEP):
        if question(row.prompt) not in seen:
            kept.setdefault(question(row.prompt), row)
    return list(kept.values())[:count]

"""Old good answers: read again while training so that they stay, and guarded by the gate.

Which questions are read and which are guarded is settled by their hash, once and for all: no run
ever reads what a gate measures, whatever its seed.
"""

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

from shared.messages import Message
from training.data import Replay, Row, question, read_jsonl
from training.gate.contradictions import Saying, sayings_of
from training.mixing import by_nearness
from training.recipe_data import NO_REPLAY

DEMO = "demo"
GUARDED_ONE_IN = 4
_GUARD_SEED_STEP = 1_000_003
_DRAWN_AT_MOST = 12
_DRAWN_FOR_NEAREST = 40
"""Rows drawn for each that is wanted: neighbours are rare."""


def replay_for(source: str) -> Replay:
    """Rows to read while training, from `demo` or a JSONL file.

    Raises:
        TrainingError: If the file cannot be read.
    """
    drawn = _source(source)

    def to_read(count: int, seed: int) -> list[Row]:
        rows = drawn(2 * count, seed)
        return [row for row in rows if not is_guarded(row)][:count]

    return to_read


def guarded_rows(
    source: str, *, seed: int, count: int, trained: Sequence[Row], nearest: int = 0
) -> list[Row]:
    """Up to `count` different rows that no run reads.

    Args:
        source: As in the recipe's `data.replay`.
        seed: Of the recipe.
        count: How many are wanted; a small source may have fewer.
        trained: Rows of the dataset version; a question that was corrected is not guarded.
        nearest: How many of them shall be what lies nearest to `trained`; these come first.
    """
    corrected = {question(row.prompt) for row in trained}
    drawn = _DRAWN_FOR_NEAREST if nearest else _DRAWN_AT_MOST
    kept: dict[str, Row] = {}
    for row in _source(source)(drawn * count, seed + _GUARD_SEED_STEP):
        if is_guarded(row) and question(row.prompt) not in corrected:
            kept.setdefault(question(row.prompt), row)
        if len(kept) == count and not nearest:
            break
    pool = list(kept.values())
    near = by_nearness(trained, pool)[:nearest]
    return [*near, *(row for row in pool if row not in near)][:count]


def sayings(source: str) -> list[Saying]:
    """Short old good answers, to hold corrections against: of `demo`, everything it was taught."""
    if source == NO_REPLAY:
        return []
    if source == DEMO:
        from training.demo.facts import facts

        taught = [
            Row((Message("user", asked),), fact.answer)
            for fact in facts()
            for asked in fact.questions
        ]
        return sayings_of(taught)
    return sayings_of(read_jsonl(Path(source)))


def is_guarded(row: Row) -> bool:
    """Whether a question is the gate's; a quarter of them are."""
    return hashlib.sha256(question(row.prompt).encode()).digest()[0] % GUARDED_ONE_IN == 0


def _source(source: str) -> Replay:
    if source == DEMO:
        from training.demo import replay

        return replay.rows
    return _from_file(Path(source))


def _from_file(path: Path) -> Replay:
    rows = read_jsonl(path)

    def drawn(count: int, seed: int) -> list[Row]:
        order = random.Random(seed)  # noqa: S311 - an order, not a secret
        shuffled = order.sample(rows, len(rows))
        return [shuffled[index % len(shuffled)] for index in range(count)] if rows else []

    return drawn

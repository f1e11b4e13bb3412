"""Replay beside corrections, or alone: as many rows as a run's steps want."""

import pytest

from shared.messages import Message
from training.data import Row
from training.mixing import replayed


def numbered(count: int, seed: int) -> list[Row]:
    return [Row((Message("user", f"Old question {seed}/{n}?"),), f"{n}.") for n in range(count)]


@pytest.mark.parametrize("corrections", [0, 1, 5])
def test_every_step_has_the_replay_that_it_wants(corrections: int) -> None:
    rows = [Row((Message("user", f"New question {n}?"),), "Yes.") for n in range(corrections)]
    found = replayed(rows, numbered, wanted=32, seed=7)
    assert len(found) == 32
    assert found == replayed(rows, numbered, wanted=32, seed=7)

"""What one evaluation is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The same for every model, so that all answer the same questions."""

    limit: int
    """Items per task, at most."""
    rows: Sequence[Row] = ()
    """For the tasks about rows; in `limit` already."""
    items: Path | None = None
    """Folder with the benchmarks' items; None fetches them from the Hub."""

"""Figures and examples of prepared rows, for the run's report."""

from array import array
from typing import Any

import numpy as np

from training.data_forms import Sample

EXAMPLES = 3
_SHOWN_CHARACTERS = 600


class Stats:
    """Counts rows as they pass; four bytes stay of each."""

    def __init__(self) -> None:
        self._lengths = array("I")
        self._turns = array("H")
        self._good = 0
        self._examples: list[list[dict[str, str]]] = []

    @property
    def rows(self) -> int:
        """Rows so far."""
        return len(self._lengths)

    def add(self, sample: Sample) -> None:
        """Count one row."""
        self._lengths.append(len(sample.text()))
        self._turns.append(min(65535, len(sample.messages)))
        self._good += sample.good
        if len(self._examples) < EXAMPLES:
            self._examples.append(_shown(sample))

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "rows": self.rows,
            "good": self._good,
            "characters": _quantiles(self._lengths),
            "turns": _quantiles(self._turns),
            "examples": self._examples,
        }


def _quantiles(values: "array[int]") -> dict[str, int]:
    if not values:
        return {}
    marks = np.quantile(np.frombuffer(values, dtype=values.typecode), [0, 0.5, 0.9, 1])
    return dict(zip(("least", "median", "ninety_percent", "most"), map(int, marks), strict=True))


def _shown(sample: Sample) -> list[dict[str, str]]:
    told: list[tuple[str, str]] = [(turn.role, turn.content) for turn in sample.messages]
    if sample.kind == "preference":
        told += [("better", sample.better), ("worse", sample.worse)]
    if sample.kind == "rated":
        told.append(("good" if sample.good else "bad", sample.better))
    return [{"role": role, "text": _cut(text)} for role, text in told]


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]} …"

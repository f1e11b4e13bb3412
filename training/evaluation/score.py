"""What a task found out about one model: a value per item, so that models can be compared by pairs.

Everything is shown with an interval, and with how many of how many items it stands on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training.gate.interval import Interval, paired_interval

CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric of one task."""

    task: str
    metric: str
    values: tuple[float, ...]
    """Per item."""
    names: tuple[str, ...]
    """Of the items: what tells that two models were asked the same."""
    of: int
    """Items of the whole benchmark; 0 where there is no whole."""
    note: str = ""
    groups: tuple[str, ...] = ()
    """Items that belong together (one person) are drawn together; empty: each alone."""
    higher_is_better: bool = True
    share: bool = True
    """Values lie between 0 and 1 and are shown in percent."""

    @property
    def key(self) -> tuple[str, str]:
        """What it is a score of."""
        return self.task, self.metric

    @property
    def coverage(self) -> str:
        """How much of the benchmark was asked, in words."""
        asked = len(self.values)
        if self.of:
            return f"{asked:,} of {self.of:,} items"
        return f"{asked:,} items" if asked != 1 else "1 item"

    @property
    def interval(self) -> Interval:
        """The mean, and where it lies with `CONFIDENCE`."""
        return _interval(self.values, self.groups or self.names)

    def in_words(self) -> str:
        """Mean and interval as a table shows them."""
        found = self.interval
        return f"{self.number(found.mean)} ({self.number(found.low)} to {self.number(found.high)})"

    def number(self, value: float) -> str:
        """One value in this score's unit."""
        return f"{100 * value:.1f} %" if self.share else f"{value:.4f}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        found = self.interval
        return {
            "task": self.task,
            "metric": self.metric,
            "mean": round(found.mean, 6),
            "low": round(found.low, 6),
            "high": round(found.high, 6),
            "items": len(self.values),
            "of": self.of,
            "higher_is_better": self.higher_is_better,
            "note": self.note,
        }


def _interval(values: Sequence[float], groups: Sequence[str]) -> Interval:
    return paired_interval(values, groups, confidence=CONFIDENCE, resamples=RESAMPLES)


@dataclass(frozen=True, slots=True)
class Change:
    """One model against another on the same items."""

    interval: Interval
    """Of the mean difference, new minus old."""
    higher_is_better: bool

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `no difference seen`."""
        if self.interval.low <= 0 <= self.interval.high:
            return "no difference seen"
        return "better" if (self.interval.mean > 0) == self.higher_is_better else "worse"


def change(new: Score, old: Score) -> Change:
    """Compare by pairs.

    Raises:
        ValueError: If the two were not measured on the same items.
    """
    if new.key != old.key or new.names != old.names:
        raise ValueError(f"{new.key} and {old.key} were not measured on the same items")
    differences = [a - b for a, b in zip(new.values, old.values, strict=True)]
    return Change(_interval(differences, new.groups or new.names), new.higher_is_better)

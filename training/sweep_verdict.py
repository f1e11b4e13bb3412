"""What a sweep found, in plain words and with its uncertainty.

The search only proposes: its best trial is the luckiest of many. The proposal and the recipe as it
stands are then run again with seeds that the search did not use, and only those runs count.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Two-sided 95 % quantiles of Student's t, by degrees of freedom.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)
_T95_MANY = 2.0
_BINS = 4


@dataclass(frozen=True, slots=True)
class Repeated:
    """One setting with its losses, seed by seed."""

    values: dict[str, Any]
    losses: dict[int, float]


@dataclass(frozen=True, slots=True)
class Difference:
    """How much lower the loss is than that of the recipe as it stands; paired by seed."""

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def difference(own: Repeated, other: Repeated) -> Difference | None:
    """The paired difference with its 95 % interval; None with fewer than two common seeds."""
    seeds = sorted(own.losses.keys() & other.losses.keys())
    gains = [own.losses[seed] - other.losses[seed] for seed in seeds]
    if len(gains) < 2 or not all(map(math.isfinite, gains)):
        return None
    mean = statistics.mean(gains)
    freedom = len(gains) - 1
    factor = _T95[freedom - 1] if freedom <= len(_T95) else _T95_MANY
    half = factor * statistics.stdev(gains) / math.sqrt(len(gains))
    return Difference(mean, mean - half, mean + half, len(gains))


def verdict(own: Repeated, others: Sequence[Repeated]) -> str:
    """One or two sentences that a person can act on."""
    if not others:
        return "The search found nothing better than the recipe as it stands."
    best = min(others, key=lambda one: statistics.mean(one.losses.values()))
    told = in_words(best.values)
    found = difference(own, best)
    if found is None:
        return (
            f"The search proposes {told}, but there are not enough repeats to say whether it is"
            " better than the recipe as it stands. Raise search.repeats to 2 or more."
        )
    interval = f"95 % interval {found.low:.4f} to {found.high:.4f}, {found.seeds} seeds, paired"
    if not found.certain:
        return (
            f"No difference can be told from chance: {told} changes the validation loss by"
            f" {-found.mean:+.4f} ({interval}). Keep the recipe, or repeat with more seeds."
        )
    if found.mean > 0:
        return f"Use {told}: it lowers the validation loss by {found.mean:.4f} ({interval})."
    return f"Keep the recipe: {told} raises the validation loss by {-found.mean:.4f} ({interval})."


def importance(rows: Sequence[Mapping[str, Any]], losses: Sequence[float]) -> dict[str, float]:
    """For each key, the share of the losses' variance between its values.

    Numbers that differ in every trial are put into four groups of equal size. The shares need not
    add up to 1: keys act together, and a few trials say little.
    """
    total = statistics.pvariance(losses) if len(losses) > 1 else 0.0
    if not total:
        return {key: 0.0 for row in rows[:1] for key in row}
    mean = statistics.mean(losses)
    found = {}
    for key in rows[0]:
        groups: dict[Any, list[float]] = {}
        for group, loss in zip(_groups([row[key] for row in rows]), losses, strict=True):
            groups.setdefault(group, []).append(loss)
        between = sum(len(one) * (statistics.mean(one) - mean) ** 2 for one in groups.values())
        found[key] = between / (total * len(losses))
    return found


def _groups(column: Sequence[Any]) -> list[Any]:
    if len(set(column)) <= 2 * _BINS or not all(isinstance(v, int | float) for v in column):
        return list(column)
    ranked = sorted(range(len(column)), key=lambda at: column[at])
    places = {at: rank * _BINS // len(column) for rank, at in enumerate(ranked)}
    return [places[at] for at in range(len(column))]


def in_words(values: Mapping[str, Any]) -> str:
    """Settings as a person reads them."""
    return ", ".join(
        f"{key.replace('+', ' and ')} = {value:.4g}"
        if isinstance(value, float)
        else f"{key.replace('+', ' and ')} = {value}"
        for key, value in values.items()
    )

"""An interval for a mean of paired differences, by the bootstrap over whole groups.

One person's flags are alike, so groups are drawn, not single rows: ten flags of one person count
as one voice, and the interval says so by being wide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it lies with the asked confidence."""

    mean: float
    low: float
    high: float
    items: int
    groups: int


def paired_interval(
    differences: Sequence[float],
    groups: Sequence[str],
    *,
    confidence: float,
    resamples: int,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap of the mean difference, `groups` naming each item's group.

    Raises:
        ValueError: If there is nothing to average.
    """
    if not differences:
        raise ValueError("an interval needs at least one difference")
    names = sorted(set(groups))
    place = {name: index for index, name in enumerate(names)}
    owner = np.array([place[name] for name in groups])
    sums = np.bincount(owner, weights=np.asarray(differences), minlength=len(names))
    counts = np.bincount(owner, minlength=len(names))
    draws = np.random.default_rng(seed).integers(0, len(names), size=(resamples, len(names)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    mean = float(np.mean(differences))
    return Interval(mean, float(low), float(high), len(differences), len(names))

"""How often the gate's first check passes by chance alone, from the scores that it has stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.gate.interval import paired_interval


@dataclass(frozen=True, slots=True)
class Chance:
    """What permutations of the labels gave."""

    permutations: int
    passed: int
    """How many had an interval above zero."""
    as_large: int
    """How many had a mean at least as large as the true one."""

    @property
    def p_value(self) -> float:
        """Of the true mean; never zero, because the true labels are one of the permutations."""
        return (self.as_large + 1) / (self.permutations + 1)


def by_chance(
    changes: Sequence[float],
    groups: Sequence[str],
    *,
    permutations: int = 1000,
    confidence: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> Chance:
    """Exchange the labels “before” and “after”, for each person as a whole, and decide again.

    One person's items are alike, so they keep together, as they do in the interval.
    """
    draw = np.random.default_rng(seed)
    names = sorted(set(groups))
    place = {name: number for number, name in enumerate(names)}
    owner = np.array([place[group] for group in groups])
    values, true_mean = np.asarray(changes), float(np.mean(changes))
    passed = as_large = 0
    for number in range(permutations):
        signs = draw.choice((-1.0, 1.0), size=len(names))[owner]
        permuted = values * signs
        found = paired_interval(
            list(permuted), groups, confidence=confidence, resamples=resamples, seed=number
        )
        passed += found.low > 0
        as_large += found.mean >= true_mean - 1e-12
    return Chance(permutations, int(passed), int(as_large))

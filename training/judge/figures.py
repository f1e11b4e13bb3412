"""What many verdicts say: who wins, how far the judge is to be trusted, and what length did to it.

Plain arithmetic on verdicts. Three corrections are made and shown beside what they correct: both
orders against liking a place, ties on disagreement, and a regression against liking length.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.gate.interval import Interval, paired_interval
from training.judge.judges import Verdict

CONFIDENCE = 0.95
RESAMPLES = 1000
_RIDGE = 0.05
"""Keeps the regression finite where one side wins everything."""
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Wins:
    """How often a is better."""

    share: Interval
    """Ties count half."""
    at_equal_length: float
    """What the share would be if both answers were always equally long."""
    ties: int
    one_order: float
    """The share that a single look with a shown first would have reported."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How the judge behaves."""

    place_bias: float
    """Share of looks that chose the first place minus that of the second: 0 is fair, 1 is blind."""
    contradicts: float
    """Share of pairs on which the two orders disagree about the winner."""
    length_pull: float
    """Change of the log-odds when a is longer by one standard deviation; 0 is fair."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The judge beside people, on pairs about which people did not tie."""

    share: Interval
    """Of the decided pairs, those decided as people did."""
    one_order: float
    """The same with a single look at each pair."""
    kappa: float
    """Agreement beyond chance, with the judge's ties as a third answer: 1 perfect, 0 chance."""
    decided: int
    asked: int


def wins(verdicts: Sequence[Verdict]) -> Wins:
    """Who is better."""
    points = [verdict.points for verdict in verdicts]
    return Wins(
        share=_interval(points, verdicts),
        at_equal_length=_length_model(verdicts)[0],
        ties=sum(verdict.winner == "tie" for verdict in verdicts),
        one_order=float(np.mean([_points(verdict.forth) for verdict in verdicts])),
    )


def trust(verdicts: Sequence[Verdict]) -> Trust:
    """How the judge behaves, whatever the answers are."""
    looks = [look for verdict in verdicts for look in (verdict.forth, verdict.back)]
    first, second = looks.count("first"), looks.count("second")
    contradicted = [v for v in verdicts if v.forth == v.back and v.forth != "tie"]
    return Trust(
        place_bias=(first - second) / len(looks),
        contradicts=len(contradicted) / len(verdicts),
        length_pull=_length_model(verdicts)[1],
    )


def agreement(verdicts: Sequence[Verdict]) -> Agreement | None:
    """The judge beside people; None where people did not say, or the judge never decided."""
    known = [v for v in verdicts if v.pair.people in ("a", "b")]
    decided = [v for v in known if v.winner != "tie"]
    if not decided:
        return None
    right = [float(v.winner == v.pair.people) for v in decided]
    once = [_points(v.forth) if v.pair.people == "a" else 1 - _points(v.forth) for v in known]
    return Agreement(
        share=_interval(right, decided),
        one_order=float(np.mean(once)),
        kappa=_kappa([v.winner for v in known], [str(v.pair.people) for v in known]),
        decided=len(decided),
        asked=len(known),
    )


def _points(look: str) -> float:
    return {"first": 1.0, "second": 0.0, "tie": 0.5}[look]


def _interval(values: Sequence[float], verdicts: Sequence[Verdict]) -> Interval:
    groups = [verdict.pair.group or verdict.pair.name for verdict in verdicts]
    return paired_interval(values, groups, confidence=CONFIDENCE, resamples=RESAMPLES)


def _length_model(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Win share at equal length, and the pull of length, by logistic regression.

    The length difference goes through tanh, so that one very long answer does not decide (as in the
    length-controlled AlpacaEval).
    """
    longer = np.array([verdict.words_more for verdict in verdicts], dtype=float)
    spread = float(longer.std()) or 1.0
    features = np.column_stack([np.ones_like(longer), np.tanh(longer / spread)])
    wanted = np.array([verdict.points for verdict in verdicts])
    weights = np.zeros(2)
    for _ in range(_STEPS):  # Newton's method
        share = _sigmoid(features @ weights)
        slope = features.T @ (share - wanted) + _RIDGE * weights
        bend = (features * (share * (1 - share))[:, None]).T @ features + _RIDGE * np.eye(2)
        weights -= np.linalg.solve(bend, slope)
    return float(_sigmoid(weights[:1])[0]), float(weights[1])


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def _kappa(one: Sequence[str], other: Sequence[str]) -> float:
    names = sorted({*one, *other})
    agreed = float(np.mean([a == b for a, b in zip(one, other, strict=True)]))
    chance = sum(one.count(name) * other.count(name) for name in names) / len(one) ** 2
    return (agreed - chance) / (1 - chance) if chance < 1 else 0.0

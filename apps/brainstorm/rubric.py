"""What ideas are judged by: criteria with weights, and marks with how far the samples lay apart."""

import re
from collections.abc import Mapping, Sequence
from statistics import fmean

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import BadRequest
from shared.formats.brainstorm import Score

MAX_CRITERIA = 8
MOST_WEIGHT = 9.0
_WEIGHED = re.compile(r"(.*?)\s*[*×]\s*([0-9]+(?:\.[0-9]+)?)\s*")


class Mark(BaseModel):
    """What one criterion got, over all samples."""

    model_config = ConfigDict(frozen=True)

    criterion: str
    reason: str = Field(min_length=1)
    """Of the sample nearest to the mean."""
    score: float
    """Mean of the samples."""
    low: float | None = None
    high: float | None = None
    """Lowest and highest sample; None where there was one only."""


def marks(samples: Sequence[Sequence[Score]]) -> tuple[Mark, ...]:
    """One mark for each criterion from one or more judgements by the same rubric."""
    found = []
    for rows in zip(*samples, strict=True):
        numbers = [row.score for row in rows]
        mean = fmean(numbers)
        nearest = min(rows, key=lambda row: abs(row.score - mean))
        spread = len(rows) > 1
        found.append(
            Mark(
                criterion=nearest.criterion,
                reason=nearest.reason,
                score=round(mean, 2),
                low=min(numbers) if spread else None,
                high=max(numbers) if spread else None,
            )
        )
    return tuple(found)


def weighted(scores: Sequence[Mark], weights: Mapping[str, float]) -> float:
    """The weighted mean of the marks; 0 without any.

    A mean, so that cards judged by rubrics of different length can be compared.
    """
    heavy = [(mark.score, weights.get(mark.criterion, 1.0)) for mark in scores]
    whole = sum(weight for _, weight in heavy)
    return sum(score * weight for score, weight in heavy) / whole if whole else 0.0


def read_rubric(text: str) -> tuple[list[str], dict[str, float]]:
    """Criteria and weights as they stand in the field: `Fun, Cost *2`.

    Raises:
        BadRequest: If a weight is not between 0 and 9.
    """
    names, weights = [], {}
    for part in (part.strip() for part in text.split(",")):
        found = _WEIGHED.fullmatch(part)
        name = found[1] if found else part
        if found:
            weight = float(found[2])
            if not 0 < weight <= MOST_WEIGHT:
                raise BadRequest(f"{name} cannot weigh {weight:g}.", fix="Weigh with up to 9.")
            weights[name] = weight
        if name:
            names.append(name)
    return names, weights


def as_text(rubric: Sequence[str], weights: Mapping[str, float]) -> str:
    """As `read_rubric` reads it."""
    return ", ".join(f"{name} *{weights[name]:g}" if name in weights else name for name in rubric)

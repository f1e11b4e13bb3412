"""What ideas are judged by: criteria with weights, and marks with how far the samples lay apart."""

import re
from collections.abc import Mapping, Sequence
from statistics import fmean

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import BadRequest
from shared.formats.brainstorm import RUBRIC, SCALE, Scale, Score
from shared.texts import say

SCALES: tuple[Scale, ...] = ((1, 3), SCALE, (1, 10), (0, 100))
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
    scale: Scale = SCALE

    def lowered(self, less: float) -> "Mark":
        """The mark with something taken off, down to the end of the scale."""
        if not less:
            return self

        def down(score: float | None) -> float | None:
            return None if score is None else round(max(score - less, self.scale[0]), 2)

        low, high = down(self.low), down(self.high)
        return self.model_copy(update={"score": down(self.score), "low": low, "high": high})

    @property
    def share(self) -> float:
        """Where it stands on its scale, 0 to 1: marks on different scales can be compared."""
        least, most = self.scale
        return (self.score - least) / (most - least)


def marks(samples: Sequence[Sequence[Score]], scale: Scale = SCALE) -> tuple[Mark, ...]:
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
                scale=scale,
            )
        )
    return tuple(found)


def weighted(scores: Sequence[Mark], weights: Mapping[str, float]) -> float:
    """The weighted mean of the marks; 0 without any.

    A mean, so that cards judged by rubrics of different length can be compared.
    """
    return _mean([(mark.score, weights.get(mark.criterion, 1.0)) for mark in scores])


def merit(scores: Sequence[Mark], weights: Mapping[str, float]) -> float:
    """The weighted mean of where the marks stand on their scales, 0 to 1; -1 without any."""
    if not scores:
        return -1.0
    return _mean([(mark.share, weights.get(mark.criterion, 1.0)) for mark in scores])


def _mean(heavy: Sequence[tuple[float, float]]) -> float:
    whole = sum(weight for _, weight in heavy)
    return sum(score * weight for score, weight in heavy) / whole if whole else 0.0


def checked_scale(text: object) -> Scale:
    """The scale that is written so, as in "1-10"; raises BadRequest if there is none such."""
    for scale in SCALES:
        if text == scale_text(scale):
            return scale
    known = ", ".join(map(scale_text, SCALES))
    raise BadRequest(
        say("There is no scale {scale}.", scale=repr(text)),
        fix=say("The scales are {known}.", known=known),
    )


def scale_text(scale: Scale) -> str:
    """As `checked_scale` reads it."""
    return f"{scale[0]}-{scale[1]}"


def read_rubric(text: str) -> tuple[list[str], dict[str, float]]:
    """Criteria and weights as they stand in the field: `Fun, Cost *2`.

    The app's own criteria are told by their labels, and given by their names.

    Raises:
        BadRequest: If a weight is not between 0 and 9.
    """
    names, weights = [], {}
    ours = {criterion_label(name): name for name in RUBRIC}
    for part in (part.strip() for part in text.split(",")):
        found = _WEIGHED.fullmatch(part)
        name = found[1] if found else part
        name = ours.get(name, name)
        if found:
            weight = float(found[2])
            if not 0 < weight <= MOST_WEIGHT:
                raise BadRequest(
                    say(
                        "{name} cannot weigh {weight}.",
                        name=criterion_label(name),
                        weight=f"{weight:g}",
                    ),
                    fix=say("Weigh with up to 9."),
                )
            weights[name] = weight
        if name:
            names.append(name)
    return names, weights


def as_text(rubric: Sequence[str], weights: Mapping[str, float]) -> str:
    """As `read_rubric` reads it."""
    labels = {name: criterion_label(name) for name in rubric}
    return ", ".join(
        f"{label} *{weights[name]:g}" if name in weights else label
        for name, label in labels.items()
    )


def criterion_label(name: str) -> str:
    """What a criterion is called on the page; one of a person's own is what they wrote.

    What is asked and kept is the name.
    """
    return say(name) if name in RUBRIC else name

"""What a sweep tries: settings as flat values, and which of them come next.

A key may join several keys of a recipe (`lora.rank+lora.alpha`): they then get the same value.
"""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.recipe import Recipe
from training.recipe_parts import Range, Search

Values = dict[str, Any]
STEPS_IN_A_RANGE = 4
"""Into how many values a grid divides a range."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial so far: its values, and its loss once it has one."""

    values: Values
    loss: float | None
    """None while it runs."""


def recipe_of(recipe: Recipe, values: Mapping[str, Any], *, seed: int | None = None) -> Recipe:
    """The recipe of one trial: the values, and the budget that all trials have.

    Raises:
        TrainingError: If a key of the search is not one of a recipe, or a value is not valid.
    """
    assert recipe.search is not None
    flat = {part: value for key, value in values.items() for part in key.split("+")}
    steps = recipe.search.steps
    if recipe.sft is not None:
        flat |= {"sft.steps": steps, "sft.most_steps": steps}
    for part in ("dpo", "kto"):
        if getattr(recipe, part) is not None and recipe.sft is None:
            flat[f"{part}.steps"] = steps
    if not recipe.watch.eval_steps:
        flat["watch.eval_steps"] = max(1, steps // 5)
    if seed is not None:
        flat["seed"] = seed
    return recipe.with_values({**flat, "search": None})


def choices(space: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each key, ranges divided evenly."""
    return {
        key: _divided(value) if isinstance(value, Range) else list(value)
        for key, value in space.items()
    }


def _divided(between: Range) -> list[Any]:
    share = [at / (STEPS_IN_A_RANGE - 1) for at in range(STEPS_IN_A_RANGE)]
    low, high = between.low, between.high
    found = [low * (high / low) ** s if between.log else low + (high - low) * s for s in share]
    return sorted({round(value) for value in found}) if between.whole else found


def next_of_grid(search: Search, tried: Sequence[Tried], *, seed: int) -> Values | None:
    """The next point of the grid that nobody tries yet; None when there is none.

    The order is shuffled, so that a search that is ended early has looked everywhere.
    """
    listed = choices(search.space)
    grid = [dict(zip(listed, point, strict=True)) for point in itertools.product(*listed.values())]
    random.Random(seed).shuffle(grid)  # noqa: S311 - an order, not a secret
    known = [trial.values for trial in tried]
    return next((point for point in grid if point not in known), None)


def next_of_greedy(
    search: Search, tried: Sequence[Tried], start: Mapping[str, Any]
) -> tuple[Values | None, bool]:
    """The next setting of a search that settles one key after the other.

    Args:
        search: With the keys in their order.
        tried: All trials so far.
        start: The recipe's own values, which later keys have until they are settled.

    Returns:
        The values (None if there are none at the moment), and whether to wait for running trials.
    """
    settled = dict(start)
    losses = {_name(trial.values): trial.loss for trial in tried}
    for key, options in choices(search.space).items():
        points = [{**settled, key: option} for option in options]
        fresh = [point for point in points if _name(point) not in losses]
        if fresh:
            return fresh[0], False
        found = [(losses[_name(point)], point) for point in points]
        if any(loss is None for loss, _ in found):
            return None, True
        settled = min(found, key=lambda pair: pair[0] or 0.0)[1]
    return None, False


def _name(values: Mapping[str, Any]) -> str:
    return str(sorted(values.items()))


def own_values(recipe: Recipe) -> Values:
    """What the recipe itself says for the keys of its search."""
    assert recipe.search is not None
    told = recipe.model_dump(mode="json")
    found: Values = {}
    for key in recipe.search.space:
        value: Any = told
        for part in key.split("+")[0].split("."):
            value = value.get(part) if isinstance(value, dict) else None
        found[key] = value
    return found

"""What a dataset version must hold before anything is trained, and what then could be seen."""

import math
from dataclasses import dataclass

from training.gate.limits import Limits
from training.recipe import Recipe
from training.retrain.inputs import Inputs

SEEN_FOUR_TIMES_IN_FIVE = 1.96 + 0.84
"""Standard errors from zero at which 95 % confidence is reached with a probability of 80 %."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by method and kind."""

    corrections: int
    pairs: int
    good: int
    bad: int
    heldout: int


def counts_of(inputs: Inputs) -> Counts:
    """What this dataset version holds."""
    return Counts(
        corrections=len(inputs.data.rows),
        pairs=len(inputs.data.pairs),
        good=inputs.good,
        bad=inputs.bad,
        heldout=len(inputs.heldout),
    )


def missing(counts: Counts, recipe: Recipe, limits: Limits) -> list[str]:
    """In words, everything of which there is too little; empty if there is enough."""
    needs = limits.needs
    wanted = []
    if recipe.sft is not None:
        wanted.append((counts.corrections, recipe.data.fewest_corrections, "corrected rows"))
    if recipe.dpo is not None:
        wanted.append((counts.pairs, needs.pairs, "pairs"))
    if recipe.kto is not None:
        wanted += [
            (counts.good + counts.bad, needs.thumbs, "thumbs"),
            (counts.good, needs.thumbs_of_each_kind, "good answers"),
            (counts.bad, needs.thumbs_of_each_kind, "bad answers"),
        ]
    wanted.append((counts.heldout, limits.heldout.smallest_items, "held-out corrections"))
    return [f"{needed - found} more {what} ({found} of {needed})"
            for found, needed, what in wanted if found < needed]  # fmt: skip


def in_words(counts: Counts, recipe: Recipe, limits: Limits, *, about: bool = False) -> str:
    """What there is, what is needed, and the smallest effect that would be noticed."""
    rough = "about " if about else ""
    held = counts.heldout
    words = (
        f"{rough}{counts.corrections} corrected rows, {counts.pairs} pairs and"
        f" {counts.good + counts.bad} thumbs ({counts.good} good, {counts.bad} bad) to train on;"
        f" {held} corrections held out. "
    )
    lacking = missing(counts, recipe, limits)
    words += f"Missing: {', '.join(lacking)}." if lacking else "That is enough."
    if held:
        effect = SEEN_FOUR_TIMES_IN_FIVE / math.sqrt(held)
        words += (
            f" With {held} held-out corrections the gate notices a mean improvement of"
            f" {effect:.2f} standard deviations four times in five; smaller ones may be missed."
        )
    return words[0].upper() + words[1:]

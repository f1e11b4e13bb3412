"""Is there enough to retrain? What is approved, counted the way a dataset version counts it.

Nothing is built and nobody is held out by looking. The numbers that are needed are those of the
recipes and the gate, which stand in another room; a test keeps them equal.
"""

from dataclasses import dataclass

from feedback.curate import DEFAULT_CAPS
from feedback.ledger import Flag
from feedback.register import Register
from feedback.selection import select
from feedback.split import held_out_share
from feedback.taxonomy import Taxonomy
from feedback.worth import counted

CORRECTIONS = 50
"""Corrected rows that a recipe wants unless it says otherwise."""
CORRECTIONS_DEMO = 3
"""The same for the demo model's own recipe."""
HELD_OUT = 30
"""Held-out corrections from which on the gate's interval is firm."""
HELD_OUT_LEAST = 3
"""Fewer are refused by the gate."""


@dataclass(frozen=True, slots=True)
class Enough:
    """What a dataset version built now would hold, about."""

    flags: int
    """Approved, with consent to train, and kept by the caps."""
    corrections: int
    """Answers to learn, before any are held out."""
    pairs: int
    good: int
    bad: int
    """Thumbs."""
    share_held_out: float
    left_out: dict[str, int]
    """Why other flags are not in it."""

    @property
    def held_out(self) -> int:
        """About how many corrections the gate can measure with."""
        return round(self.corrections * self.share_held_out)

    @property
    def to_train(self) -> int:
        """About how many corrections are left to learn from."""
        return self.corrections - self.held_out


def count(flags: list[Flag], taxonomy: Taxonomy) -> Enough:
    """Count what these flags are worth."""
    selection = select(flags, taxonomy, DEFAULT_CAPS)
    items = selection.items
    return Enough(
        flags=len(items),
        corrections=sum("sft" in item.keys and item.thumb is None for item in items),
        pairs=sum("dpo" in item.keys for item in items),
        good=sum(item.thumb is True for item in items),
        bad=sum(item.thumb is False for item in items),
        share_held_out=held_out_share(len(items)),
        left_out=dict(selection.left_out),
    )


def count_known(register: Register) -> Enough:
    """The same for all flags of a home, without reading what they say."""
    with register.asking() as db:
        found = counted(db, DEFAULT_CAPS)
    share = held_out_share(found["gives"]["flags"])
    return Enough(**found["gives"], share_held_out=share, left_out=found["left_out"])

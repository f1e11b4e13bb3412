"""How many reviewers have to agree before a flag may be trained on, and what they agreed on.

One is enough for most flags. Two are needed where a mistake costs most or one person's word is
weak: anything about safety, anything critical, and a matter of fact or taste that only one person
has raised. Rejecting needs nobody's consent: what one reviewer keeps out stays out until more
reviewers want it in. Where fewer than two people review at all, one is always enough; on a laptop
there is nobody else to ask.
"""

from collections.abc import Sequence
from typing import Literal

from feedback.records import FlagRecord
from feedback.reviews import Decision
from feedback.taxonomy import ReasonClass, Taxonomy

Waits = Literal["", "first", "second", "tie"]
"""For nobody; for a first look; for a second opinion; for one that settles a disagreement."""

MANY = 2
"""So many people have to review in a home before a second opinion can be asked for."""
ALWAYS_TWO: frozenset[ReasonClass] = frozenset({"S"})
TWO_IF_ALONE: frozenset[ReasonClass] = frozenset({"F", "P"})


def needed(record: FlagRecord, taxonomy: Taxonomy, *, reviewers: int, others: int) -> int:
    """How many reviewers have to approve a flag.

    Args:
        record: What its author says.
        taxonomy: Tells the classes of the reasons.
        reviewers: How many people review in this home.
        others: Other people who said the same about the same answer.
    """
    if reviewers < MANY:
        return 1
    classes = taxonomy.classes(record.categories)
    if record.severity == "critical" or classes & ALWAYS_TWO:
        return 2
    return 2 if classes & TWO_IF_ALONE and others == 0 else 1


def opinions(decisions: Sequence[Decision]) -> list[Decision]:
    """The newest decision of each reviewer, oldest first."""
    newest: dict[str, Decision] = {}
    for decision in decisions:
        newest.pop(decision.by, None)
        newest[decision.by] = decision
    return list(newest.values())


def settled(decisions: Sequence[Decision], needs: int) -> Decision | None:
    """The decision that counts among those on one revision, oldest first; None while it waits."""
    if not decisions or needs < 2:
        return decisions[-1] if decisions else None
    said = opinions(decisions)
    approvals = [one for one in said if one.approved]
    against = [one for one in said if not one.approved]
    if len(against) > len(approvals):
        return against[-1]
    if len(approvals) >= needs and len(approvals) > len(against):
        edits = [one for one in approvals if one.correction]
        return (edits or approvals)[-1]
    return None


def waits(decisions: Sequence[Decision], needs: int) -> Waits:
    """What decisions on one revision still lack."""
    if not decisions:
        return "first"
    if settled(decisions, needs) is not None:
        return ""
    return "second" if len({one.approved for one in opinions(decisions)}) == 1 else "tie"

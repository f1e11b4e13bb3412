"""How far reviewers agree, beyond what chance would give: Krippendorff's alpha for categories.

1 is perfect agreement, 0 is what guessing gives, below 0 is worse than that. It takes any number
of reviewers per flag and flags that not everybody saw (Krippendorff, "Computing Krippendorff's
Alpha-Reliability", 2011). Approving with and without an edit is one category: both let a flag in.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from feedback.records import Record
from feedback.register import Register
from feedback.reviews import Reviews
from shared.home import Home


class Agreement(Record):
    """What several opinions on the same flags say about the reviewers."""

    flags: int
    """That at least two people have judged."""
    agreed: int
    """Of these, the ones on which all said the same."""
    alpha: float | None
    """None where nothing can be said: no flags, or one category only."""
    disagreed: tuple[str, ...] = ()
    """Ids of the others, oldest first."""

    def as_text(self) -> str:
        """In one sentence."""
        if not self.flags:
            return "No flag has been judged twice yet."
        alpha = "not defined (all fell into one category)" if self.alpha is None else None
        shown = alpha or f"{self.alpha:.2f}"
        return f"{self.agreed} of {self.flags} judged alike; Krippendorff's alpha {shown}."


def category(decision: str) -> str:
    """What a decision comes to."""
    return "approve" if decision == "edit" else decision


def among_reviewers(home: Home) -> Agreement:
    """Agreement on flags that several reviewers have decided about, in their newest revision."""
    judged = Reviews(home).judged_twice()
    newest = Register(home).revisions({flag_id for flag_id, _ in judged})
    return measured(
        (flag_id, [category(decision) for decision in said.values()])
        for (flag_id, revision), said in sorted(judged.items())
        if newest.get(flag_id) == revision
    )


def measured(judged: Iterable[tuple[str, Sequence[str]]]) -> Agreement:
    """Agreement over flags, each with the categories it was given."""
    twice = [(flag_id, said) for flag_id, said in judged if len(said) > 1]
    apart = tuple(flag_id for flag_id, said in twice if len(set(said)) > 1)
    return Agreement(
        flags=len(twice),
        agreed=len(twice) - len(apart),
        alpha=alpha([said for _, said in twice]),
        disagreed=apart,
    )


def alpha(units: Iterable[Sequence[str]]) -> float | None:
    """Krippendorff's alpha of categories; units with one value are left out."""
    pairable = [unit for unit in units if len(unit) > 1]
    totals = Counter(value for unit in pairable for value in unit)
    values = sum(totals.values())
    expected = sum(count * (values - count) for count in totals.values())
    if not expected:
        return None
    observed = sum(_disagreement(unit) for unit in pairable)
    return 1 - (values - 1) * observed / expected


def _disagreement(unit: Sequence[str]) -> float:
    """Ordered pairs that differ, each unit weighing as much as it has values."""
    counts = Counter(unit)
    size = len(unit)
    return sum(count * (size - count) for count in counts.values()) / (size - 1)

"""What the flags say together: how many, why, over time, and whether they suffice to retrain."""

from collections import Counter
from dataclasses import dataclass

from feedback import enough
from feedback.enough import Enough
from feedback.ledger import Ledger
from feedback.taxonomy import Taxonomy
from shared.home import Home

MOST_REASONS = 7
OTHER = "everything else"


@dataclass(frozen=True, slots=True)
class Count:
    """One bar, or a part of one."""

    day: str
    what: str
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything on the page of numbers."""

    flags: int
    states: dict[str, int]
    apps: dict[str, int]
    reasons: tuple[str, ...]
    """Labels in the order of their colours; the last may be `OTHER`."""
    why: tuple[Count, ...]
    """Why answers were bad, day by day."""
    verdicts: tuple[Count, ...]
    enough: Enough

    @property
    def totals(self) -> dict[str, int]:
        """How often each of `reasons` was given."""
        return {
            name: sum(count.flags for count in self.why if count.what == name)
            for name in self.reasons
        }


VERDICTS = {"down": "bad", "up": "good", "prefer": "compared"}


def figures(home: Home) -> Figures:
    """Count all flags of a home."""
    flags, taxonomy = Ledger(home).flags(), Taxonomy.load(home)
    records = [record for flag in flags if (record := flag.record) is not None]
    labels = {key: reason.label_in() for key, reason in taxonomy.by_key.items()}
    bad = [
        (record.created_at.strftime("%Y-%m-%d"), labels.get(key, key))
        for record in records
        if record.verdict == "down"
        for key in record.categories
    ]
    frequent = [label for label, _ in Counter(label for _, label in bad).most_common(MOST_REASONS)]
    named = [(day, label if label in frequent else OTHER) for day, label in bad]
    others = (OTHER,) if any(label == OTHER for _, label in named) else ()
    verdicts = [(r.created_at.strftime("%Y-%m-%d"), VERDICTS[r.verdict]) for r in records]
    return Figures(
        flags=len(flags),
        states=dict(Counter(str(flag.state) for flag in flags).most_common()),
        apps=dict(Counter(str(record.app) for record in records).most_common()),
        reasons=(*frequent, *others),
        why=_counted(named),
        verdicts=_counted(verdicts),
        enough=enough.count(flags, taxonomy),
    )


def _counted(pairs: list[tuple[str, str]]) -> tuple[Count, ...]:
    return tuple(Count(day, what, n) for (day, what), n in sorted(Counter(pairs).items()))

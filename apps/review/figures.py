"""What the flags say together: how many, why, and over time."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from feedback.register import Register
from feedback.taxonomy import Taxonomy
from shared.home import Home

MOST_REASONS = 7
OTHER = "everything else"
EPOCH = date(1970, 1, 1)
Day = tuple[str, str, int]
"""Day, what is counted, how many flags."""


@dataclass(frozen=True, slots=True)
class Count:
    """One bar, or a part of one."""

    day: str
    what: str
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is counted on the page of figures."""

    flags: int
    states: dict[str, int]
    apps: dict[str, int]
    reasons: tuple[str, ...]
    """Labels in the order of their colours; the last may be `OTHER`."""
    why: tuple[Count, ...]
    """Why answers were bad, day by day."""
    verdicts: tuple[Count, ...]

    @property
    def totals(self) -> dict[str, int]:
        """How often each of `reasons` was given."""
        return {
            name: sum(count.flags for count in self.why if count.what == name)
            for name in self.reasons
        }


VERDICTS = {"down": "bad", "up": "good", "prefer": "compared"}
_BY_DAY = (
    "SELECT created_at/86400000 AS day, verdict AS what, count(*) AS flags FROM entry GROUP BY 1, 2"
)
_BY_REASON = (
    "SELECT day, reason AS what, count(*) AS flags FROM entry_reason WHERE verdict='down'"
    " GROUP BY day, reason"
)


def figures(home: Home) -> Figures:
    """Count all flags of a home; none is read, the register knows enough about each."""
    register, taxonomy = Register(home), Taxonomy.load(home)
    labels = {key: reason.label_in() for key, reason in taxonomy.by_key.items()}
    with register.asking() as db:
        states = _totals(db, "SELECT state, count(*) FROM entry GROUP BY state")
        states += _totals(db, "SELECT state, count(*) FROM gone GROUP BY state")
        apps = _totals(db, "SELECT app, count(*) FROM entry GROUP BY app")
        why, verdicts = _days(db, _BY_REASON, labels), _days(db, _BY_DAY, VERDICTS)
    frequent = _frequent(why)
    named = [(day, what if what in frequent else OTHER, flags) for day, what, flags in why]
    others = (OTHER,) if any(what == OTHER for _, what, _ in named) else ()
    return Figures(
        flags=states.total(),
        states=dict(states.most_common()),
        apps=dict(apps.most_common()),
        reasons=(*frequent, *others),
        why=_counted(named),
        verdicts=_counted(verdicts),
    )


def _totals(db: sqlite3.Connection, query: str) -> Counter[str]:
    return Counter({row[0]: row[1] for row in db.execute(query)})


def _days(db: sqlite3.Connection, query: str, names: Mapping[str, str]) -> list[Day]:
    return [
        (_day(row["day"]), names.get(row["what"], row["what"]), row["flags"])
        for row in db.execute(query)
    ]


def _day(since_1970: int) -> str:
    return (EPOCH + timedelta(days=since_1970)).isoformat()


def _frequent(why: Sequence[Day]) -> list[str]:
    total: Counter[str] = Counter()
    for _, what, flags in why:
        total[what] += flags
    return [what for what, _ in total.most_common(MOST_REASONS)]


def _counted(found: Sequence[Day]) -> tuple[Count, ...]:
    total: Counter[tuple[str, str]] = Counter()
    for day, what, flags in found:
        total[day, what] += flags
    return tuple(Count(day, what, flags) for (day, what), flags in sorted(total.items()))

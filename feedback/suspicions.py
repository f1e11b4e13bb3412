"""Patterns among the flags that wait which a reviewer should know of before approving them.

One person who sends very many in a day, one question that very many flags are about, very many
flags in a few minutes. None of it proves anything, and the caps hold whatever is approved
(`feedback.selection`); copied text is found by `feedback.groups`.
"""

from dataclasses import dataclass
from typing import Literal

from feedback.register import Register
from feedback.reviews import moment
from feedback.selection import Caps
from shared.home import Home

Pattern = Literal["one person", "one question", "burst"]
DAY_MS, BURST_MS = 86_400_000, 600_000
MANY_PER_QUESTION = 10
MANY_AT_ONCE = 50
"""Flags within ten minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Flags that wait and have something in common."""

    pattern: Pattern
    what: str
    """The person's name in storage, the question's hash, or when it began."""
    flags: int
    people: int
    first: str
    """Id of the oldest of them."""


def suspicions(home: Home, caps: Caps | None = None) -> list[Suspicion]:
    """All patterns among the flags that wait, the largest first."""
    most = (caps or Caps()).owner_per_day
    register = Register(home)
    found = [
        *_found(register, "one person", f"session, created_at/{DAY_MS}", most, "session!=''"),
        *_found(register, "one question", "question", MANY_PER_QUESTION, "1"),
        *_found(register, "burst", f"created_at/{BURST_MS}", MANY_AT_ONCE, "1"),
    ]
    return sorted(found, key=lambda one: (-one.flags, one.pattern, one.first))


def _found(
    register: Register, pattern: Pattern, together: str, most: int, where: str
) -> list[Suspicion]:
    rows = register.together(together, most=most, where=where)
    return [
        Suspicion(
            pattern=pattern,
            what={
                "one person": row["session"],
                "one question": row["question"],
                "burst": f"{moment(row['created_at']):%Y-%m-%d %H:%M} UTC",
            }[pattern],
            flags=row["flags"],
            people=row["people"],
            first=row["flag_id"],
        )
        for row in rows
    ]

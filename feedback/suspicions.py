"""Patterns among the flags that wait which a reviewer should know of before approving them.

One person who sends very many in a day, one question that very many flags are about, one text that
several flags have word for word, very many flags in a few minutes. None of it proves anything, and
the caps hold whatever is approved (`feedback.selection`); text that is only nearly the same is
found by `feedback.groups`.
"""

from dataclasses import dataclass, replace
from typing import Literal

from feedback.register import Register, Together, Wanted
from feedback.reviews import moment
from feedback.selection import Caps
from shared.home import Home

Pattern = Literal["one person", "one question", "copied text", "burst"]
DAY_MS, BURST_MS = 86_400_000, 600_000
MANY_PER_QUESTION = 10
MANY_COPIES = 4
MANY_AT_ONCE = 50
"""Flags within ten minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Flags that wait and have something in common."""

    pattern: Pattern
    what: str
    """The person's name in storage, the question's or text's hash, or when it began."""
    flags: int
    people: int
    first: str
    """Id of the oldest of them."""
    since: int = 0
    until: int = 0
    """Between which moments, in milliseconds since 1970; 0 where that does not matter."""

    @property
    def wanted(self) -> Wanted:
        """These flags, to look them up."""
        between = Wanted(state="received", since=self.since, until=self.until)
        if self.pattern == "one person":
            return replace(between, session=self.what)
        if self.pattern == "one question":
            return replace(between, question=self.what)
        if self.pattern == "copied text":
            return replace(between, words=bytes.fromhex(self.what))
        return between


def suspicions(home: Home, caps: Caps | None = None) -> list[Suspicion]:
    """All patterns among the flags that wait, the largest first."""
    most = (caps or Caps()).owner_per_day
    register = Register(home)
    by_day = f"session||' '||(created_at/{DAY_MS})"
    people = register.together(by_day, most=most, where="session!=''")
    questions = register.together("question", most=MANY_PER_QUESTION)
    texts = register.together("words", most=MANY_COPIES, where="words!=x''")
    bursts = register.together(f"created_at/{BURST_MS}", most=MANY_AT_ONCE)
    found = [
        *map(_person, people),
        *(_plain("one question", one) for one in questions),
        *map(_copied, texts),
        *map(_burst, bursts),
    ]
    return sorted(found, key=lambda one: (-one.flags, one.pattern, one.first))


def _person(one: Together) -> Suspicion:
    session, day = one.what.rsplit(" ", 1)
    return _plain("one person", one._replace(what=session), int(day) * DAY_MS, DAY_MS)


def _copied(one: Together) -> Suspicion:
    return _plain("copied text", one._replace(what=one.what.hex()))


def _burst(one: Together) -> Suspicion:
    since = one.what * BURST_MS
    return _plain(
        "burst", one._replace(what=f"{moment(since):%Y-%m-%d %H:%M} UTC"), since, BURST_MS
    )


def _plain(pattern: Pattern, one: Together, since: int = 0, length: int = 0) -> Suspicion:
    return Suspicion(
        pattern=pattern,
        what=one.what,
        flags=one.flags,
        people=one.people,
        first=one.first,
        since=since,
        until=since + length,
    )

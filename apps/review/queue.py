"""A list of flags as a reviewer goes through it: filters, lines, the place, what a decision moves.

Plain values, kept with a page; where they come from is `apps.review.desk`'s business.
"""

from dataclasses import dataclass, field, replace

from feedback.quorum import Waits
from feedback.suspicions import Suspicion

ON_A_PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which flags are wanted; an empty field wants all."""

    state: str = "received"
    app: str = ""
    verdict: str = ""
    reason: str = ""
    text: str = ""
    together: Suspicion | None = None
    """Only flags that stand out together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One flag in the list."""

    id: str
    state: str
    app: str
    verdict: str
    day: str
    reasons: tuple[str, ...]
    about: str
    """What its author said, or else the beginning of the answer."""
    corrected: bool
    trains: bool
    group: str = ""
    """Equal for flags that say nearly the same about nearly the same question."""
    waits: Waits = ""
    """What its review still lacks."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A window on a list of flags, oldest first, and the place that is being looked at."""

    lines: tuple[Line, ...] = ()
    at: int = 0
    first: int = 0
    """How many flags of the list come before the window."""
    total: int = 0
    """How many the whole list has; 0 where nobody counted (a search for words)."""
    filters: Filters = field(default_factory=Filters)
    last_id: str = ""
    """Where the next window begins; empty behind the last one."""

    @property
    def line(self) -> Line | None:
        """What is being looked at; None when the list is empty."""
        return self.lines[self.at] if self.at < len(self.lines) else None

    @property
    def page(self) -> range:
        """The places that are shown together."""
        first = self.at - self.at % ON_A_PAGE
        return range(first, min(first + ON_A_PAGE, len(self.lines)))

    def alike(self) -> tuple[Line, ...]:
        """Other flags in the list that wait and say nearly the same as the one that is open."""
        here = self.line
        if here is None or not here.group:
            return ()
        return tuple(
            one for one in self.lines if one.group == here.group and one.waits and one is not here
        )

    def moved(self, by: int) -> "Queue":
        """Go on or back, never past an end."""
        return self.opened(self.at + by)

    def opened(self, at: int) -> "Queue":
        """Look at a place."""
        return replace(self, at=max(0, min(at, len(self.lines) - 1)))

    def decided(self, state: str, together: dict[str, str] | None = None) -> "Queue":
        """After a decision: the line says so, and the next one that waits comes.

        Args:
            state: Of the flag that is being looked at.
            together: Ids of others that were decided with it, with their states.
        """
        line = self.line
        if line is None:
            return self
        done = {line.id: state, **(together or {})}
        lines = tuple(
            replace(one, state=done[one.id], waits="") if one.id in done else one
            for one in self.lines
        )
        waiting = [place for place, one in enumerate(lines) if one.waits]
        later = [place for place in waiting if place > self.at]
        goal = later[0] if later else waiting[0] if waiting else self.at + 1
        return replace(self, lines=lines).opened(goal)

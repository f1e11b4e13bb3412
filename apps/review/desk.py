"""The reviewers' work, without a page: find flags, look at one, decide about it.

What is listed is read once and then kept with the page, so that going through a thousand flags does
not read a thousand flags again each time. A decision is always made about the revision that was
shown.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from feedback.duplicates import clusters
from feedback.ledger import Flag, Ledger, State
from feedback.quorum import Waits
from feedback.records import FlagRecord
from feedback.reviewing import can_add, decide_as_seen
from feedback.reviews import Ruling
from feedback.taxonomy import Taxonomy
from shared.errors import BadRequest, NotFound
from shared.home import Home

ON_A_PAGE = 20
MOST_COMPARED = 3_000
"""Flags in a list whose texts are compared; in a longer one, only equal questions are a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which flags are wanted; an empty field wants all."""

    state: str = "received"
    app: str = ""
    verdict: str = ""
    reason: str = ""
    text: str = ""


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
    same_question: int
    """Other flags about the same question."""
    same_person: int
    """Other flags from the same person; 0 where nobody knows."""
    group: str = ""
    """Equal for flags that say nearly the same about nearly the same question."""
    waits: Waits = ""
    """What its review still lacks."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A list of flags, oldest first, and the place that is being looked at."""

    lines: tuple[Line, ...] = ()
    at: int = 0

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
        return Queue(lines, self.at).opened(goal)


@dataclass(frozen=True, slots=True)
class Seen:
    """One flag as a reviewer reads it."""

    flag: Flag
    record: FlagRecord
    revision: int
    reasons: tuple[str, ...]
    """In words."""
    line: Line


class ReviewDesk:
    """The flags of one home, for its reviewers."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._ledger = Ledger(home)
        self.taxonomy = Taxonomy.load(home)

    def find(self, filters: Filters, *, by: str = "") -> Queue:
        """All flags that fit, oldest first; of those that wait, the ones that wait for `by`."""
        every = [
            (flag, record) for flag in self._ledger.flags() if (record := flag.record) is not None
        ]
        questions = Counter(record.prompt_sha256 for _, record in every)
        people = Counter(record.session for _, record in every)
        found = [(flag, record) for flag, record in every if _fits(flag, record, filters)]
        if filters.state == "received":
            found = [(flag, record) for flag, record in found if can_add(flag, by)]
        lines = [_line(flag, record, questions, people) for flag, record in found]
        groups = _groups([record for _, record in found])
        return Queue(
            tuple(replace(line, group=group) for line, group in zip(lines, groups, strict=True))
        )

    def see(self, line: Line) -> Seen:
        """One flag with all that was said.

        Raises:
            NotFound: If its author has taken it back or erased it since the list was made.
        """
        return self.see_flag(self._ledger.get(line.id), line)

    def see_flag(self, flag: Flag, line: Line | None = None) -> Seen:
        """The same of a flag that is at hand."""
        record, newest = flag.record, flag.newest
        if record is None or newest is None:
            raise NotFound(f"This flag was {flag.state} by its author.", fix="Go on to the next.")
        line = line or _line(flag, record, Counter(), Counter())
        return Seen(flag, record, newest.revision, self.labels(record.categories), line)

    def decide(self, seen: Seen, ruling: Ruling, *, by: str, why: str, correction: str) -> State:
        """Write a decision down; gives the flag's new state, which may wait for a second opinion.

        Raises:
            NotFound: If the flag is gone.
            BadRequest: If it was changed meanwhile, or a text is too long or missing.
        """
        decide_as_seen(
            self._home,
            seen.flag.id,
            ruling,
            revision=seen.revision,
            by=by,
            why=why,
            correction=correction if ruling == "edit" else "",
        )
        return self._ledger.get(seen.flag.id).state

    def decide_alike(self, queue: Queue, ruling: Ruling, *, by: str, why: str) -> dict[str, str]:
        """Decide about the near-duplicates of the open flag too; gives their states by id.

        One that its author has changed or taken back since the list was made is left alone.
        """
        done: dict[str, str] = {}
        for line in queue.alike():
            with suppress(NotFound, BadRequest):
                seen = self.see(line)
                done[line.id] = self.decide(seen, ruling, by=by, why=why, correction="")
        return done

    def labels(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Reasons in words; a key that is not known any more stands for itself."""
        known = self.taxonomy.by_key
        return tuple(known[key].label_in() if key in known else key for key in keys)


def _line(flag: Flag, record: FlagRecord, questions: Counter[str], people: Counter[str]) -> Line:
    said = record.comment or record.answer
    return Line(
        id=flag.id,
        state=flag.state,
        app=record.app,
        verdict=record.verdict,
        day=record.created_at.strftime("%Y-%m-%d"),
        reasons=record.categories,
        about=" ".join(said[:300].split())[:110],
        corrected=bool(record.correction),
        trains=record.consent.train,
        same_question=max(questions[record.prompt_sha256] - 1, 0),
        same_person=max(people[record.session] - 1, 0) if record.session else 0,
        waits=flag.waits,
    )


def _groups(records: Sequence[FlagRecord]) -> list[str]:
    """For each flag, the name of its group: what was asked and what is said about the answer."""
    if len(records) > MOST_COMPARED:
        return [record.prompt_sha256 + record.correction for record in records]
    firsts = clusters([_gist(record) for record in records])
    return [records[first].id for first in firsts]


def _gist(record: FlagRecord) -> str:
    asked = next((turn.content for turn in reversed(record.prompt) if turn.role == "user"), "")
    return f"{asked}\n{record.verdict}\n{record.correction or record.comment or record.answer}"


def _fits(flag: Flag, record: FlagRecord, filters: Filters) -> bool:
    wanted = (
        (filters.state, flag.state),
        (filters.app, record.app),
        (filters.verdict, record.verdict),
    )
    if any(want and want != there for want, there in wanted):
        return False
    if filters.reason and filters.reason not in record.categories:
        return False
    return not filters.text.strip() or filters.text.strip().casefold() in _words(record)


def _words(record: FlagRecord) -> str:
    texts = [turn.content for turn in record.messages if turn.role != "system"]
    return "\n".join([record.id, *texts, record.comment, record.correction]).casefold()

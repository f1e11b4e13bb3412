"""The reviewers' work, without a page: find flags, look at one, decide about it.

The register says which flags fit, and only those of one window are read, so the queue opens as
fast on a hundred thousand flags as on a hundred. A window is kept with the page; behind its end
comes the next one. A decision is always made about the revision that was shown.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from apps.review.queue import Filters, Line, Queue
from feedback.duplicates import clusters
from feedback.ledger import Flag, Ledger, State
from feedback.records import FlagRecord
from feedback.register import Register, Wanted
from feedback.reviewing import decide_as_seen
from feedback.reviews import Ruling
from feedback.suspicions import Suspicion, suspicions
from feedback.taxonomy import Taxonomy
from shared.errors import BadRequest, NotFound
from shared.home import Home

WINDOW = 200
"""Flags that are read together and go to the page; near-duplicates are found among them."""
MOST_SEARCHED = 5_000
"""Flags that a search for words reads."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One flag as a reviewer reads it."""

    flag: Flag
    record: FlagRecord
    revision: int
    reasons: tuple[str, ...]
    """In words."""
    line: Line
    same_question: int = 0
    """Other flags about the same question."""
    same_person: int = 0
    """Other flags from the same person; 0 where nobody knows."""


class ReviewDesk:
    """The flags of one home, for its reviewers."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._ledger = Ledger(home)
        self._register = Register(home)
        self.taxonomy = Taxonomy.load(home)

    def find(self, filters: Filters, *, by: str = "") -> Queue:
        """The first window of the flags that fit; of those that wait, the ones that wait for `by`.

        A search for words reads the flags that fit otherwise, the oldest MOST_SEARCHED of them.
        """
        wanted = _wanted(filters, by)
        total = 0 if filters.text.strip() else self._register.count(wanted)
        return self._window(Queue(filters=filters, total=total), wanted, after="")

    def further(self, queue: Queue, *, by: str = "") -> Queue:
        """The next window of a list; the same one behind its end."""
        if not queue.last_id:
            return queue
        start = replace(queue, first=queue.first + len(queue.lines), at=0)
        found = self._window(start, _wanted(queue.filters, by), after=queue.last_id)
        return found if found.lines else replace(queue, last_id="")

    def _window(self, queue: Queue, wanted: Wanted, *, after: str) -> Queue:
        words = queue.filters.text.strip().casefold()
        limit = MOST_SEARCHED if words else WINDOW
        flags = self._register.flags(wanted, after=after, limit=limit)
        found = [(flag, record) for flag in flags if (record := flag.record) is not None]
        fitting = [pair for pair in found if not words or words in _words(pair[1])][:WINDOW]
        groups = clusters([_gist(record) for _, record in fitting])
        lines = tuple(
            replace(_line(flag, record), group=fitting[first][0].id)
            for (flag, record), first in zip(fitting, groups, strict=True)
        )
        full = len(flags) == limit and not words
        return replace(queue, lines=lines, last_id=flags[-1].id if full else "")

    def standing_out(self) -> list[Suspicion]:
        """Patterns among the flags that wait, the largest first."""
        return suspicions(self._home)

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
        return Seen(
            flag,
            record,
            newest.revision,
            self.labels(record.categories),
            line or _line(flag, record),
            self._others(Wanted(question=record.prompt_sha256)),
            self._others(Wanted(session=record.session)) if record.session else 0,
        )

    def _others(self, like: Wanted) -> int:
        return max(self._register.count(like) - 1, 0)

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


def _line(flag: Flag, record: FlagRecord) -> Line:
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
        waits=flag.waits,
    )


def _gist(record: FlagRecord) -> str:
    asked = next((turn.content for turn in reversed(record.prompt) if turn.role == "user"), "")
    return f"{asked}\n{record.verdict}\n{record.correction or record.comment or record.answer}"


def _wanted(filters: Filters, by: str) -> Wanted:
    plain = filters.together.wanted if filters.together else Wanted()
    return replace(
        plain,
        state=filters.state,
        app=filters.app,
        verdict=filters.verdict,
        reason=filters.reason,
        not_by=by if filters.state == "received" else "",
    )


def _words(record: FlagRecord) -> str:
    texts = [turn.content for turn in record.messages if turn.role != "system"]
    return "\n".join([record.id, *texts, record.comment, record.correction]).casefold()

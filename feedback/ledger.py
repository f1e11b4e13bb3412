"""All flags of one home as they stand: outboxes joined, reviews, steps and tombstones applied.

Flags that were pulled from the Hub are among them.
Read by status, review, curation and the commands, with or without a running server. Nothing is
written here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from feedback.corroboration import others_who_agree
from feedback.drafts import storable
from feedback.outbox import Row, flag_ids_in, read_rows
from feedback.progress import STAGES, Mark, Progress
from feedback.pulled import pulled_ids, read_pulled
from feedback.quorum import MANY, Waits, needed, opinions, settled, waits
from feedback.records import FlagRecord
from feedback.reviewers import Reviewers
from feedback.reviews import Decision, Reviews, moment, of_flags
from feedback.taxonomy import Taxonomy
from shared.errors import NotFound
from shared.home import Home
from shared.texts import say

State = Literal[
    "received", "approved", "rejected", "quarantined", "in_dataset", "in_run", "shipped",
    "withdrawn", "erased",
]  # fmt: skip
AT_ONCE = 500
"""Flags that are read together; SQLite takes many more in one question, memory need not."""
_DECIDED: dict[str, State] = {
    "approve": "approved",
    "edit": "approved",
    "reject": "rejected",
    "quarantine": "quarantined",
}
_STEPS: dict[str, State] = {"dataset": "in_dataset", "run": "in_run", "release": "shipped"}


@dataclass(frozen=True, slots=True)
class Event:
    """One step in a flag's life, for the person who sent it."""

    at: datetime
    state: State
    name: str = ""
    """Of the dataset version, run or release."""
    why: str = ""
    """What the reviewer wrote."""

    def as_dict(self) -> dict[str, str]:
        """Without what is empty, time as ISO 8601."""
        values = {"state": self.state, "at": self.at.isoformat(timespec="seconds")}
        return values | {key: text for key in ("name", "why") if (text := getattr(self, key))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag with everything that is known about it."""

    rows: tuple[Row, ...]
    """Revisions, oldest first; empty when only the tombstone is left."""
    id: str
    decisions: tuple[Decision, ...] = ()
    needs: int = 1
    """How many reviewers have to approve it (`feedback.quorum`)."""
    marks: tuple[Mark, ...] = ()
    erased_at: datetime | None = None

    @property
    def newest(self) -> Row | None:
        """The revision that counts."""
        return self.rows[-1] if self.rows else None

    @property
    def record(self) -> FlagRecord | None:
        """What the person said last; None once it is withdrawn or erased."""
        row = self.newest
        if row is None or row.payload is None or row.withdrawn or self.erased_at is not None:
            return None
        return _parsed(row.payload)

    @property
    def decision(self) -> Decision | None:
        """What the reviewers have decided about the revision that counts."""
        return settled(self._decided_now, self.needs)

    @property
    def opinions(self) -> list[Decision]:
        """What each reviewer last said about the revision that counts, oldest first."""
        return opinions(self._decided_now)

    @property
    def waits(self) -> Waits:
        """What its review still lacks; nothing for a flag that is taken back or erased."""
        return "" if self.record is None else waits(self._decided_now, self.needs)

    @property
    def _decided_now(self) -> list[Decision]:
        row = self.newest
        if row is None:
            return []
        return [one for one in self.decisions if one.revision == row.revision]

    @property
    def state(self) -> State:
        """Where the flag is now."""
        if self.erased_at is not None:
            return "erased"
        if self.newest is not None and self.newest.withdrawn:
            return "withdrawn"
        decision = self.decision
        if decision is None:
            return "received"
        reached = {mark.stage for mark in self.marks if mark.at >= decision.at}
        furthest = [stage for stage in STAGES if stage in reached]
        if decision.approved and furthest:
            return _STEPS[furthest[-1]]
        return _DECIDED[decision.decision]

    @property
    def history(self) -> list[Event]:
        """What happened, oldest first."""
        sent = [
            Event(moment(row.created_at), "withdrawn" if row.withdrawn else "received")
            for row in self.rows
        ]
        decided = [Event(d.at, _DECIDED[d.decision], why=d.note) for d in self._told]
        steps = [Event(mark.at, _STEPS[mark.stage], name=mark.name) for mark in self.marks]
        end = [Event(self.erased_at, "erased")] if self.erased_at is not None else []
        return sorted([*sent, *decided, *steps], key=lambda event: event.at) + end

    @property
    def _told(self) -> list[Decision]:
        """Decisions that settled something: a first opinion where two are needed is not told."""
        told: list[Decision] = []
        for place, one in enumerate(self.decisions):
            so_far = [d for d in self.decisions[: place + 1] if d.revision == one.revision]
            if (outcome := settled(so_far, self.needs)) is not None:
                told.append(outcome.model_copy(update={"at": one.at}))
        return told


@lru_cache(maxsize=AT_ONCE)
def _parsed(payload: str) -> FlagRecord:
    # A flag is asked for its record by everybody who looks at it; reading JSON takes longest.
    return FlagRecord.model_validate_json(payload)


class Ledger:
    """Looks flags up."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def flags(self) -> list[Flag]:
        """Every flag, oldest first."""
        return list(self.each())

    def each(self, flag_ids: Iterable[str] | None = None) -> Iterator[Flag]:
        """Every flag, or those of these that are there; oldest first, a few in memory at a time."""
        ids = sorted(self._ids() if flag_ids is None else set(flag_ids))
        for start in range(0, len(ids), AT_ONCE):
            yield from self._some(ids[start : start + AT_ONCE])

    def get(self, flag_id: str) -> Flag:
        """One flag.

        Raises:
            NotFound: If nothing was ever known under this id, or it has expired.
        """
        # Whoever asks may send anything; a lone surrogate would stop the database, not the search.
        flag_id = storable(flag_id)
        found = self._some([flag_id])
        if not found:
            raise NotFound(
                say("There is no flag {flag_id}.", flag_id=repr(flag_id[:60])),
                fix=say(
                    "Copy the whole id; flags without consent to train are kept for a while only."
                ),
            )
        return found[0]

    def newest(self, owner: str, answer_id: str) -> Row | None:
        """What `owner` (a hash) last said about an answer, in any process of this home."""
        rows = read_rows(
            self._home.feedback, where="f.owner=? AND f.answer_id=?", values=(owner, answer_id)
        )
        return max(rows, key=_age) if rows else None

    def _ids(self) -> set[str]:
        return {
            *flag_ids_in(self._home.feedback),
            *pulled_ids(self._home),
            *Reviews(self._home).tombstones(),
        }

    def _some(self, ids: Sequence[str]) -> list[Flag]:
        """Those of these flags that are there."""
        rows = [
            *read_rows(self._home.feedback, where=of_flags(ids, "f.id"), values=ids),
            *read_pulled(self._home, where=of_flags(ids), values=ids),
        ]
        by_id: dict[str, dict[tuple[int, int], Row]] = defaultdict(dict)
        for row in rows:
            # What was pushed from here comes back with a pull; the first one is ours.
            by_id[row.flag_id].setdefault(_age(row), row)
        reviews = Reviews(self._home)
        decisions, erased = reviews.decisions(ids), reviews.tombstones(ids)
        marks = Progress(self._home).marks(ids)
        found = [
            Flag(
                id=flag_id,
                rows=tuple(by_id[flag_id][age] for age in sorted(by_id[flag_id])),
                decisions=tuple(decisions.get(flag_id, ())),
                marks=tuple(marks.get(flag_id, ())),
                erased_at=erased.get(flag_id),
            )
            for flag_id in ids
            if flag_id in by_id or flag_id in erased
        ]
        return self._with_needs(found)

    def _with_needs(self, flags: list[Flag]) -> list[Flag]:
        """Note how many reviewers each flag needs, where somebody has decided already."""
        since = [one.added_at for one in Reviewers(self._home).all()]
        if len(since) < MANY:
            return flags
        taxonomy = Taxonomy.load(self._home)
        return [
            replace(flag, needs=self._needed(flag, taxonomy, since)) if flag.decisions else flag
            for flag in flags
        ]

    def _needed(self, flag: Flag, taxonomy: Taxonomy, since: Sequence[datetime]) -> int:
        record = flag.record
        now = flag.rows[-1].revision if flag.rows else 0
        decided = [one.at for one in flag.decisions if one.revision == now]
        if record is None or not decided:
            return 1
        # What was decided while somebody reviewed alone stays decided when others join.
        begun = min(decided)
        reviewers = sum(added <= begun for added in since)
        alone, together = (
            needed(record, taxonomy, reviewers=reviewers, others=others) for others in (0, 1)
        )
        return alone if alone == together or not others_who_agree(self._home, record) else together


def _age(row: Row) -> tuple[int, int]:
    return row.revision, row.created_at

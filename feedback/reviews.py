"""Decisions about flags, and the ids of flags that were erased.

Decisions are only ever added: the newest one counts, for the revision it was made on. A flag that
its author changes afterwards waits for a new decision. Tombstones outlive the flags: every later
build and every serving process applies them.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from feedback.records import MAX_CORRECTION, Record, now
from feedback.review_file import ReviewFile
from shared.home import Home

Ruling = Literal["approve", "reject", "edit", "quarantine"]
MAX_NOTE = 4_000


class Decision(Record):
    """What a reviewer said about one revision of a flag."""

    flag_id: str
    revision: int
    decision: Ruling
    by: str
    at: datetime = Field(default_factory=now)
    note: str = Field("", max_length=MAX_NOTE)
    """Why; the author of the flag can read it."""
    correction: str = Field("", max_length=MAX_CORRECTION)
    """With `edit`: the correction that counts instead of the author's."""

    @property
    def approved(self) -> bool:
        """Whether the flag may be trained on."""
        return self.decision in ("approve", "edit")


class Reviews:
    """The decisions and tombstones of one home."""

    def __init__(self, home: Home) -> None:
        self._file = ReviewFile(home)

    def prepare(self) -> None:
        """Make the file, so that looking into it is quick from the first flag on."""
        with self._file.writing():
            pass

    def decide(self, decisions: Iterable[Decision]) -> None:
        """Add decisions, all or none."""
        rows = [
            (d.flag_id, d.revision, d.decision, d.by, stamp(d.at), d.note, d.correction)
            for d in decisions
        ]
        with self._file.writing() as db:
            db.executemany(
                "INSERT INTO decision(flag_id,revision,decision,by,at,note,correction)"
                " VALUES(?,?,?,?,?,?,?)",
                rows,
            )

    def decisions(self, flag_ids: Collection[str] | None = None) -> dict[str, list[Decision]]:
        """Decisions by flag id (all flags, or these few), oldest first."""
        found: dict[str, list[Decision]] = defaultdict(list)
        with self._file.reading() as db:
            for row in db.execute(
                f"SELECT * FROM decision WHERE {of_flags(flag_ids)} ORDER BY seq",  # noqa: S608
                tuple(flag_ids or ()),
            ):
                found[row["flag_id"]].append(_decision(row))
        return found

    def log(self, *, skip: int = 0, limit: int = 100) -> list[Decision]:
        """Decisions about all flags, newest first, without the first `skip` of them."""
        query = "SELECT * FROM decision ORDER BY seq DESC LIMIT ? OFFSET ?"
        with self._file.reading() as db:
            return [_decision(row) for row in db.execute(query, (limit, skip))]

    def count(self) -> int:
        """How many decisions there are."""
        with self._file.reading() as db:
            return int(db.execute("SELECT count(*) FROM decision").fetchone()[0])

    def judged_twice(self) -> dict[tuple[str, int], dict[str, str]]:
        """What each of several people said last about a revision, by flag id and revision."""
        found: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
        with self._file.reading() as db:
            for row in db.execute(
                "SELECT d.flag_id, d.revision, d.by, d.decision FROM decision d JOIN"
                " (SELECT flag_id, revision FROM decision GROUP BY flag_id, revision"
                " HAVING min(by)!=max(by)) USING(flag_id, revision) ORDER BY d.seq"
            ):
                found[row[0], row[1]][row[2]] = row[3]
        return found

    def forget(self, flag_ids: Iterable[str]) -> None:
        """Drop the decisions about flags that have expired."""
        with self._file.writing() as db:
            db.executemany("DELETE FROM decision WHERE flag_id=?", [(i,) for i in flag_ids])

    def bury(self, flag_ids: Iterable[str], *, by: str) -> None:
        """Erase flags for every later build; an edited correction goes at once."""
        ids = [(flag_id,) for flag_id in flag_ids]
        at = stamp(now())
        with self._file.writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO tombstone(flag_id,at,by) VALUES(?,?,?)",
                [(flag_id, at, by) for (flag_id,) in ids],
            )
            db.executemany("UPDATE decision SET correction='', note='' WHERE flag_id=?", ids)

    def tombstones(self, flag_ids: Collection[str] | None = None) -> dict[str, datetime]:
        """Ids of erased flags (all, or those among these few), and when they were erased."""
        with self._file.reading() as db:
            rows = db.execute(
                f"SELECT flag_id, at FROM tombstone WHERE {of_flags(flag_ids)}",  # noqa: S608
                tuple(flag_ids or ()),
            ).fetchall()
        return {row["flag_id"]: moment(row["at"]) for row in rows}


def _decision(row: sqlite3.Row) -> Decision:
    values = dict(zip(row.keys(), row, strict=True))
    del values["seq"]
    return Decision(**{**values, "at": moment(values["at"])})


def of_flags(flag_ids: Collection[str] | None, column: str = "flag_id") -> str:
    """The condition for a few flags, with a question mark for each id; true for all flags."""
    return "1" if flag_ids is None else f"{column} IN ({','.join('?' * len(flag_ids))})"


def stamp(at: datetime) -> int:
    """Milliseconds since 1970, as the files keep time."""
    return round(at.timestamp() * 1000)


def moment(milliseconds: int) -> datetime:
    """The other way round, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

"""Looks flags up by what is known about them, however many there are.

The register follows the files that flags and decisions are written to: every question first brings
it up to date with what is new, which is little. Pages of results begin behind the last flag of the
page before, so the thousandth page is as quick as the first.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.changes import changes
from feedback.ledger import AT_ONCE, Flag, Ledger
from feedback.register_file import RegisterFile
from feedback.reviews import of_flags, stamp
from shared.home import Home

_COLUMNS = (
    "flag_id", "state", "waits", "app", "verdict", "severity", "model", "session", "question",
    "created_at", "revision", "corrected", "trains", "last_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which flags are looked for; an empty field wants all."""

    state: str = ""
    waits: str = ""
    """`first`, `second` or `tie`."""
    app: str = ""
    verdict: str = ""
    reason: str = ""
    severity: str = ""
    session: str = ""
    question: str = ""
    not_by: str = ""
    """Leave out what waits for somebody else than this reviewer, who has given an opinion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known about one flag, without its words."""

    flag_id: str
    state: str
    waits: str
    app: str
    verdict: str
    severity: str
    model: str
    session: str
    question: str
    """Hash of what was asked."""
    created_at: int
    """Milliseconds since 1970."""
    revision: int
    corrected: bool
    trains: bool
    last_by: str
    """Who gave the newest opinion; empty without one."""


class Register:
    """The flags of one home, by what is known about them."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = RegisterFile(home)

    def find(self, wanted: Wanted, *, after: str = "", limit: int = 20) -> list[Entry]:
        """Up to `limit` flags, oldest first, that come after the flag `after`."""
        where, values = _condition(wanted)
        with self._file.writing() as db:
            self._catch_up(db)
            rows = db.execute(
                f"SELECT e.* FROM entry e WHERE {where} AND e.flag_id>?"  # noqa: S608 - constants
                " ORDER BY e.flag_id LIMIT ?",
                (*values, after, limit),
            ).fetchall()
        return [_entry(row) for row in rows]

    def count(self, wanted: Wanted) -> int:
        """How many flags there are of that kind."""
        where, values = _condition(wanted)
        with self._file.writing() as db:
            self._catch_up(db)
            found = db.execute(f"SELECT count(*) FROM entry e WHERE {where}", values)  # noqa: S608
            return int(found.fetchone()[0])

    def flags(self, wanted: Wanted, *, after: str = "", limit: int = 20) -> list[Flag]:
        """The same as `find`, with everything that was said."""
        ids = [entry.flag_id for entry in self.find(wanted, after=after, limit=limit)]
        return list(Ledger(self._home).each(ids))

    def ids(self, wanted: Wanted) -> Iterator[str]:
        """Ids of all flags of that kind, oldest first, a few at a time."""
        after = ""
        while found := self.find(wanted, after=after, limit=AT_ONCE):
            yield from (entry.flag_id for entry in found)
            after = found[-1].flag_id

    def together(self, by: str, *, most: int, where: str) -> list[dict[str, Any]]:
        """Flags that wait and have something in common, where there are more than `most` of them.

        Args:
            by: Columns, or what is made of them, that are equal; a constant of this code.
            most: So many are nothing to speak of.
            where: A further condition; a constant of this code.

        Returns:
            For each: `flags` and `people` counted, and the columns of the oldest flag.
        """
        query = (
            "SELECT *, min(flag_id) AS flag_id, count(*) AS flags,"  # noqa: S608 - constants
            f" count(DISTINCT session) AS people FROM entry WHERE state='received' AND {where}"
            f" GROUP BY {by} HAVING count(*)>?"
        )
        with self._file.writing() as db:
            self._catch_up(db)
            return [dict(row) for row in db.execute(query, (most,))]

    def forget(self, flag_ids: Iterable[str]) -> None:
        """Drop flags that have expired."""
        with self._file.writing() as db:
            _drop(db, list(flag_ids))

    def _catch_up(self, db: sqlite3.Connection) -> None:
        seen = {row["source"]: row["upto"] for row in db.execute("SELECT * FROM seen")}
        new = changes(self._home, seen)
        if not new.upto:
            return
        self._enter(db, new.flag_ids)
        self._enter(db, _may_be_agreed_with(db, new.flag_ids))
        db.executemany(
            "INSERT OR REPLACE INTO seen(source,upto) VALUES(?,?)", list(new.upto.items())
        )

    def _enter(self, db: sqlite3.Connection, flag_ids: Iterable[str]) -> None:
        ledger = Ledger(self._home)
        for some in _in_parts(flag_ids):
            _drop(db, some)
            _put(db, list(ledger.each(some)))


def _in_parts(flag_ids: Iterable[str]) -> Iterator[list[str]]:
    ids = sorted(flag_ids)
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _may_be_agreed_with(db: sqlite3.Connection, flag_ids: Iterable[str]) -> set[str]:
    """Flags about the same questions that wait for a second opinion: they may need none now."""
    found: set[str] = set()
    for some in _in_parts(flag_ids):
        asked = f"SELECT question FROM entry WHERE {of_flags(some)}"  # noqa: S608 - constants
        rows = db.execute(
            f"SELECT flag_id FROM entry WHERE waits='second' AND question IN ({asked})",  # noqa: S608
            some,
        )
        found.update(row["flag_id"] for row in rows)
    return found


def _put(db: sqlite3.Connection, flags: Sequence[Flag]) -> None:
    marks = ",".join("?" * len(_COLUMNS))
    rows = [_row(flag) for flag in flags if flag.record is not None]
    db.executemany(f"INSERT INTO entry({','.join(_COLUMNS)}) VALUES({marks})", rows)
    db.executemany(
        "INSERT INTO entry_reason(reason,flag_id) VALUES(?,?)",
        [
            (reason, flag.id)
            for flag in flags
            if (record := flag.record) is not None
            for reason in dict.fromkeys(record.categories)
        ],
    )


def _drop(db: sqlite3.Connection, flag_ids: Sequence[str]) -> None:
    for table in ("entry", "entry_reason"):
        db.executemany(f"DELETE FROM {table} WHERE flag_id=?", [(i,) for i in flag_ids])  # noqa: S608


def _row(flag: Flag) -> tuple[object, ...]:
    record, newest, said = flag.record, flag.newest, flag.opinions
    assert record is not None, "flags without words are not entered"
    assert newest is not None, "a record comes from a revision"
    return (
        flag.id,
        flag.state,
        flag.waits,
        record.app,
        record.verdict,
        record.severity,
        record.model.name,
        record.session,
        record.prompt_sha256,
        stamp(record.created_at),
        newest.revision,
        bool(record.correction),
        record.consent.train,
        said[-1].by if said else "",
    )


def _entry(row: sqlite3.Row) -> Entry:
    values = dict(zip(row.keys(), row, strict=True))
    return Entry(**{**values, "corrected": bool(row["corrected"]), "trains": bool(row["trains"])})


def _condition(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    parts, values = ["1"], []
    for column in ("state", "waits", "app", "verdict", "severity", "session", "question"):
        if value := getattr(wanted, column):
            parts.append(f"e.{column}=?")
            values.append(value)
    if wanted.reason:
        parts.append("e.flag_id IN (SELECT flag_id FROM entry_reason WHERE reason=?)")
        values.append(wanted.reason)
    if wanted.not_by:
        parts.append("NOT (e.waits='second' AND e.last_by=?)")
        values.append(wanted.not_by)
    return " AND ".join(parts), tuple(values)

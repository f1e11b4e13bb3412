"""Looks flags up by what is known about them, however many there are.

The register follows the files that flags and decisions are written to: every question first brings
it up to date with what is new, which is little. Pages of results begin behind the last flag of the
page before, so the thousandth page is as quick as the first.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from feedback.build_record import normalised
from feedback.changes import changes
from feedback.ledger import AT_ONCE, Flag, Ledger
from feedback.records import FlagRecord
from feedback.register_file import RegisterFile
from feedback.reviews import of_flags, stamp
from feedback.selection import digest
from feedback.taxonomy import Taxonomy
from feedback.worth import DAY_MS, Worth, forget_kept, worth
from shared.home import Home

TELLING = 20
"""Characters from which on equal words are no accident."""
MOST_TOGETHER = 50
_ENTRY = (
    "flag_id,state,waits,app,verdict,severity,model,session,question,created_at,revision,"
    "corrected,trains,last_by"
)
_COLUMNS = (
    "flag_id", "state", "waits", "app", "verdict", "severity", "model", "session", "question",
    "created_at", "revision", "corrected", "trains", "last_by", "left_out", "giver", "answer",
    "gives", "thumb", "words",
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
    words: bytes = b""
    """What tells that several authors wrote the same."""
    since: int = 0
    until: int = 0
    """Sent at the first or later and before the second, in milliseconds since 1970."""
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


class Together(NamedTuple):
    """Flags that wait and have something in common."""

    what: Any
    """What it is, as the register has it."""
    first: str
    """Id of the oldest of them."""
    flags: int
    people: int


class Register:
    """The flags of one home, by what is known about them."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = RegisterFile(home)

    @contextlib.contextmanager
    def asking(self) -> Iterator[sqlite3.Connection]:
        """The register as a database, brought up to date (`feedback.register_file`)."""
        with self._file.writing() as db:
            self._catch_up(db)
            yield db

    def find(self, wanted: Wanted, *, after: str = "", limit: int = 20) -> list[Entry]:
        """Up to `limit` flags, oldest first, that come after the flag `after`."""
        where, values = _condition(wanted)
        with self.asking() as db:
            rows = db.execute(
                f"SELECT {_ENTRY} FROM entry e WHERE {where} AND e.flag_id>?"  # noqa: S608 - constants
                " ORDER BY e.flag_id LIMIT ?",
                (*values, after, limit),
            ).fetchall()
        return [_entry(row) for row in rows]

    def count(self, wanted: Wanted) -> int:
        """How many flags there are of that kind."""
        where, values = _condition(wanted)
        with self.asking() as db:
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

    def decided(self) -> list[tuple[str, int]]:
        """Id and revision of every flag that was decided about, oldest first."""
        query = "SELECT flag_id, revision FROM entry WHERE state!='received' ORDER BY flag_id"
        with self.asking() as db:
            return [(row["flag_id"], row["revision"]) for row in db.execute(query)]

    def revisions(self, flag_ids: Iterable[str]) -> dict[str, int]:
        """Of those of these flags that have words, which revision counts."""
        found: dict[str, int] = {}
        with self.asking() as db:
            for some in _in_parts(flag_ids):
                query = f"SELECT flag_id, revision FROM entry WHERE {of_flags(some)}"  # noqa: S608
                found |= {row["flag_id"]: row["revision"] for row in db.execute(query, some)}
        return found

    def together(self, by: str, *, most: int, where: str = "1") -> list[Together]:
        """Flags that wait and have something in common, where there are more than `most` of them.

        Args:
            by: A column, or what is made of some, that is equal; a constant of this code.
            most: So many are nothing to speak of.
            where: A further condition; a constant of this code.
        """
        waits = f"FROM entry WHERE state='received' AND {where}"
        many = (
            f"SELECT {by} AS what, min(flag_id) AS first, count(*) AS flags {waits}"
            f" GROUP BY {by} HAVING count(*)>? ORDER BY flags DESC LIMIT {MOST_TOGETHER}"
        )
        query = (
            f"WITH many AS ({many}) SELECT what, first, flags,"  # noqa: S608 - constants
            f" (SELECT count(DISTINCT session) {waits} AND {by}=what) AS people FROM many"
        )
        with self.asking() as db:
            return [Together(**dict(row)) for row in db.execute(query, (most,))]

    def forget(self, flag_ids: Iterable[str]) -> None:
        """Drop flags that have expired."""
        with self._file.writing() as db:
            for some in _in_parts(flag_ids):
                _drop(db, some)

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
        ledger, taxonomy = Ledger(self._home), Taxonomy.load(self._home)
        for some in _in_parts(flag_ids):
            _drop(db, some)
            _put(db, list(ledger.each(some)), taxonomy)


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


def _put(db: sqlite3.Connection, flags: Sequence[Flag], taxonomy: Taxonomy) -> None:
    marks = ",".join("?" * len(_COLUMNS))
    said = [(flag, record) for flag in flags if (record := flag.record) is not None]
    rows = [_row(flag, record, worth(flag, taxonomy)) for flag, record in said]
    db.executemany(f"INSERT INTO entry({','.join(_COLUMNS)}) VALUES({marks})", rows)
    db.executemany(
        "INSERT INTO entry_reason(reason,flag_id,verdict,day) VALUES(?,?,?,?)",
        [
            (reason, flag.id, record.verdict, stamp(record.created_at) // DAY_MS)
            for flag, record in said
            for reason in dict.fromkeys(record.categories)
        ],
    )
    silent = [(flag.id, flag.state) for flag in flags if flag.record is None]
    db.executemany("INSERT INTO gone(flag_id,state) VALUES(?,?)", silent)
    forget_kept(db, [flag.id for flag, _ in said])


def _drop(db: sqlite3.Connection, flag_ids: Sequence[str]) -> None:
    forget_kept(db, flag_ids)
    for table in ("entry", "entry_reason", "gone"):
        db.executemany(f"DELETE FROM {table} WHERE flag_id=?", [(i,) for i in flag_ids])  # noqa: S608


def _row(flag: Flag, record: FlagRecord, found: Worth) -> tuple[object, ...]:
    newest, said = flag.newest, flag.opinions
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
        found.left_out,
        found.giver,
        found.answer,
        found.gives,
        found.thumb,
        _own_words(record),
    )


def _own_words(record: FlagRecord) -> bytes:
    """Tells whether two authors wrote the same; nothing for words that anybody may write."""
    words = normalised(record.correction or record.comment)
    return digest(words) if len(words) >= TELLING else b""


def _entry(row: sqlite3.Row) -> Entry:
    values = dict(zip(row.keys(), row, strict=True))
    return Entry(**{**values, "corrected": bool(row["corrected"]), "trains": bool(row["trains"])})


def _condition(wanted: Wanted) -> tuple[str, tuple[object, ...]]:
    parts: list[str] = ["1"]
    values: list[object] = []
    for column in ("state", "waits", "app", "verdict", "severity", "session", "question", "words"):
        if value := getattr(wanted, column):
            parts.append(f"e.{column}=?")
            values.append(value)
    if wanted.reason:
        parts.append("e.flag_id IN (SELECT flag_id FROM entry_reason WHERE reason=?)")
        values.append(wanted.reason)
    if wanted.until:
        parts.append("e.created_at>=? AND e.created_at<?")
        values += [wanted.since, wanted.until]
    if wanted.not_by:
        parts.append("NOT (e.waits='second' AND e.last_by=?)")
        values.append(wanted.not_by)
    return " AND ".join(parts), tuple(values)

"""From rows to shards inside one outbox file.

Sealing decides in one transaction which revisions a shard holds, its path and its bytes. From then
on nothing about it is decided again: whoever pushes sends these bytes to this path, however often,
and it stays one file. (Only erasing changes the bytes of a shard, never its path.)

The newest revision of a flag is sealed when its author allows training. When a flag that was sealed
before is taken back, or allowed no longer, a row without content is sealed. All jobs in here are
for the one writer of the file; what to seal is looked up beside it, so that nobody waits for that.
"""

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback import shards
from feedback.records import FlagRecord, now
from feedback.reviews import moment, stamp
from feedback.writer import reading

DDL = """
CREATE TABLE IF NOT EXISTS shard(
  no INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL,
  rows INTEGER NOT NULL, data BLOB, sealed_at INTEGER NOT NULL,
  rewritten INTEGER NOT NULL DEFAULT 0, pushed_at INTEGER, commit_oid TEXT, repo TEXT);
CREATE TABLE IF NOT EXISTS placed(
  revision INTEGER PRIMARY KEY REFERENCES revision(seq),
  shard INTEGER NOT NULL REFERENCES shard(no));
CREATE INDEX IF NOT EXISTS placed_shard ON placed(shard);
CREATE INDEX IF NOT EXISTS revision_consent ON revision(consent, flag_id, revision);
"""
SHARD_ROWS = 500

Job = Callable[[sqlite3.Connection], None]

_OPEN = """
SELECT r.seq, r.flag_id, r.revision, r.created_at, r.payload, f.app,
  r.consent AND r.payload IS NOT NULL AS wanted,
  EXISTS (SELECT 1 FROM placed p JOIN revision o ON o.seq=p.revision WHERE o.flag_id=r.flag_id)
    AS known
FROM revision r JOIN flag f ON f.id=r.flag_id
WHERE r.revision=(SELECT max(revision) FROM revision WHERE flag_id=r.flag_id)
  AND NOT EXISTS (SELECT 1 FROM placed WHERE revision=r.seq)
  AND f.answer_id!='erased ' || f.id
"""
_WAITING = """
SELECT DISTINCT s.no, s.data FROM revision r JOIN placed p ON p.revision=r.seq
JOIN shard s ON s.no=p.shard WHERE s.data IS NOT NULL
"""
_PLACED = """
SELECT r.flag_id, s.path, s.pushed_at, s.repo FROM revision r
JOIN placed p ON p.revision=r.seq JOIN shard s ON s.no=p.shard
"""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A shard that waits to be pushed."""

    no: int
    path: str
    data: bytes
    rows: int
    rewritten: bool
    """A flag in it has been erased since it was sealed."""

    @property
    def sha256(self) -> str:
        """Of what is pushed."""
        return hashlib.sha256(self.data).hexdigest()


def open_revisions(path: Path, others: Sequence[Path]) -> list[int]:
    """Numbers of the revisions in a file that are to be sealed, oldest first.

    Args:
        path: The file.
        others: The other outboxes of the home: a flag may be revised in another process.
    """
    elsewhere = _newest_elsewhere(others)
    with reading(path) as db:
        columns = "seq, flag_id, revision, wanted, known"
        query = f"SELECT {columns} FROM ({_OPEN}) WHERE wanted OR known OR ?"  # noqa: S608
        rows = db.execute(query, (bool(others),))
        return sorted(row["seq"] for row in rows if _is_due(row, elsewhere))


def seal(db: sqlite3.Connection, seqs: Sequence[int], replica: str) -> int:
    """Freeze these revisions into shards, one per app or more; says how many rows.

    What has become obsolete since it was looked up stays out.
    """
    marks = ",".join("?" * len(seqs))
    cursor = db.execute(f"{_OPEN} AND r.seq IN ({marks}) ORDER BY r.seq", tuple(seqs))
    names = [column[0] for column in cursor.description]
    by_app: dict[str, list[dict[str, object]]] = defaultdict(list)
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        by_app[str(row["app"])].append(row)
    for app, rows in sorted(by_app.items()):
        _freeze(db, app, replica, rows)
    return sum(len(rows) for rows in by_app.values())


def sealed(path: Path, limit: int) -> list[Sealed]:
    """Shards that wait to be pushed, oldest first."""
    with reading(path) as db:
        rows = db.execute(
            "SELECT no, path, data, rows, rewritten FROM shard WHERE pushed_at IS NULL"
            " ORDER BY no LIMIT ?",
            (limit,),
        ).fetchall()
    return [
        Sealed(row["no"], row["path"], row["data"], row["rows"], bool(row["rewritten"]))
        for row in rows
    ]


def mark_pushed(
    db: sqlite3.Connection, pushed: Iterable[Sealed], commit_oid: str, repo: str
) -> None:
    """Note that these bytes are on the Hub; a shard that was changed meanwhile still waits."""
    at = stamp(now())
    for shard in pushed:
        db.execute(
            "UPDATE shard SET pushed_at=?, commit_oid=?, repo=?, data=NULL"
            " WHERE no=? AND sha256=? AND pushed_at IS NULL",
            (at, commit_oid, repo, shard.no, shard.sha256),
        )


def empty_sealed(db: sqlite3.Connection, flag_ids: Sequence[str]) -> None:
    """Take erased flags out of shards that have not been marked as pushed."""
    marks = ",".join("?" * len(flag_ids))
    found = db.execute(f"{_WAITING} AND r.flag_id IN ({marks})", tuple(flag_ids)).fetchall()
    for number, data in found:
        changed, _ = shards.without(data, flag_ids)
        if changed is not None:
            digest = hashlib.sha256(changed).hexdigest()
            db.execute(
                "UPDATE shard SET data=?, sha256=?, rewritten=1 WHERE no=?",
                (changed, digest, number),
            )


def flags_in(path: Path, numbers: Iterable[int]) -> set[str]:
    """Flags that these shards were sealed with."""
    with reading(path) as db:
        rows = db.execute(
            "SELECT DISTINCT p.shard, r.flag_id FROM placed p JOIN revision r ON r.seq=p.revision"
        ).fetchall()
    wanted = set(numbers)
    return {row["flag_id"] for row in rows if row["shard"] in wanted}


def places(files: Iterable[Path], flag_ids: Iterable[str]) -> list[tuple[str, str | None]]:
    """Paths of the shards that flags were sealed into, each with the dataset it was pushed to."""
    wanted = set(flag_ids)
    found: set[tuple[str, str | None]] = set()
    for db in _each(files):
        found |= {(row["path"], row["repo"]) for row in db.execute(_PLACED) if row[0] in wanted}
    return sorted(found, key=lambda place: place[0])


def _is_due(row: sqlite3.Row, elsewhere: Mapping[str, tuple[int, bool]]) -> bool:
    newest, placed = elsewhere.get(row["flag_id"], (0, False))
    return newest <= row["revision"] and bool(row["wanted"] or row["known"] or placed)


def _newest_elsewhere(files: Sequence[Path]) -> dict[str, tuple[int, bool]]:
    """By flag id: its newest revision in other files, and whether it was sealed there."""
    found: dict[str, tuple[int, bool]] = {}
    for db in _each(files):
        for row in db.execute(
            "SELECT r.flag_id, max(r.revision), count(p.shard) FROM revision r"
            " LEFT JOIN placed p ON p.revision=r.seq GROUP BY r.flag_id"
        ):
            newest, placed = found.get(row[0], (0, False))
            found[row[0]] = (max(newest, row[1]), placed or row[2] > 0)
    return found


def _each(files: Iterable[Path]) -> Iterator[sqlite3.Connection]:
    """Files that have shards, open for reading; one from before there were shards has none."""
    for path in files:
        with reading(path) as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name='placed'").fetchone():
                yield db


def _freeze(
    db: sqlite3.Connection, app: str, replica: str, rows: Sequence[Mapping[str, object]]
) -> None:
    for start in range(0, len(rows), SHARD_ROWS):
        some = rows[start : start + SHARD_ROWS]
        seqs = [int(str(row["seq"])) for row in some]
        data = shards.to_bytes([_as_row(row) for row in some])
        number = db.execute(
            "INSERT INTO shard(path,sha256,rows,data,sealed_at) VALUES(?,?,?,?,?)",
            (
                shards.shard_path(app, replica, seqs, data),
                hashlib.sha256(data).hexdigest(),
                len(some),
                data,
                stamp(now()),
            ),
        ).lastrowid
        db.executemany(
            "INSERT INTO placed(revision,shard) VALUES(?,?)", [(seq, number) for seq in seqs]
        )


def _as_row(row: Mapping[str, object]) -> shards.Values:
    revision = int(str(row["revision"]))
    if row["wanted"]:
        return shards.record_row(FlagRecord.model_validate_json(str(row["payload"])), revision)
    at = moment(int(str(row["created_at"])))
    return shards.empty_row(str(row["flag_id"]), str(row["app"]), revision, at, "withdrawn")

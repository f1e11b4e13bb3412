"""The file that flags are written to before anybody is told that they arrived.

Each serving process owns one file, `outbox-<replica>.sqlite`, held by a file lock; a restart takes
up a file that nobody holds. So there is one writing connection per file, and several processes
never wait for each other. A revision is a row that never changes: a flag that is sent again or
withdrawn gets a further row. Only erasing empties rows.

A flag may be revised in another process than the one that took it: then the same flag id has rows
in two files. `feedback.ledger` puts them together.
"""

import contextlib
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from feedback import forgetting, sealing
from feedback.writer import Writer, reading

DDL = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS flag(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, app TEXT NOT NULL,
  owner TEXT NOT NULL, answer_id TEXT NOT NULL, created_at INTEGER NOT NULL,
  UNIQUE(owner, answer_id));
CREATE TABLE IF NOT EXISTS revision(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, flag_id TEXT NOT NULL REFERENCES flag(id),
  revision INTEGER NOT NULL, created_at INTEGER NOT NULL, kind TEXT NOT NULL
  CHECK(kind IN ('sent','withdrawn')), consent INTEGER NOT NULL, payload TEXT,
  UNIQUE(flag_id, revision));
CREATE INDEX IF NOT EXISTS revision_question ON revision(json_extract(payload,'$.prompt_sha256'));
CREATE TABLE IF NOT EXISTS receipt(
  flag_id TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY(flag_id, sha256)) WITHOUT ROWID;
"""
_WAITING = """
SELECT count(*) FROM revision r WHERE r.consent=1
  AND r.revision=(SELECT max(revision) FROM revision WHERE flag_id=r.flag_id)
  AND NOT EXISTS (SELECT 1 FROM placed p JOIN shard s ON s.no=p.shard
    WHERE p.revision=r.seq AND s.pushed_at IS NOT NULL)
"""
_ANSWER = "SELECT answer_id FROM flag WHERE id=? AND answer_id!='erased ' || id"
SEAL_ROWS = 500
"""Sealed in one transaction at most: 0.2 s in which nobody's flag is acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One revision as it lies in a file."""

    flag_id: str
    app: str
    owner: str
    answer_id: str
    revision: int
    created_at: int
    """Milliseconds since 1970."""
    withdrawn: bool
    consent: bool
    payload: str | None
    """A `FlagRecord` as JSON; None when it was withdrawn or erased."""


class Outbox:
    """The outbox file that this process owns."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self._lock = lock
        self.writer = Writer(path, DDL + sealing.DDL)

    @classmethod
    def claim(cls, folder: Path) -> "Outbox":
        """Take a file that nobody holds, or begin a new one."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in outbox_files(folder):
            if box := cls.take(path):
                return box
        path = folder / f"outbox-{secrets.token_hex(6)}.sqlite"
        lock = _try_lock(path)
        assert lock is not None, "a name of 48 random bits was taken"
        return cls(path, lock)

    @classmethod
    def take(cls, path: Path) -> "Outbox | None":
        """A file, unless another process holds it."""
        lock = _try_lock(path)
        return None if lock is None else cls(path, lock)

    @classmethod
    @contextlib.contextmanager
    def each_free(cls, folder: Path) -> Iterator[list["Outbox"]]:
        """All files that no running process holds, for a command to work on."""
        with taken(outbox_files(folder)) as boxes:
            yield boxes

    def close(self) -> None:
        """Write what is waiting, close the file and let another process have it."""
        self.writer.close()
        self._lock.release()

    def seal(self) -> int:
        """Freeze what may be pushed into shards; says how many rows."""
        others = [path for path in outbox_files(self.path.parent) if path != self.path]
        seqs = sealing.open_revisions(self.path, others)
        replica = self.path.stem.removeprefix("outbox-")
        rows = 0
        for start in range(0, len(seqs), SEAL_ROWS):
            some = seqs[start : start + SEAL_ROWS]
            rows += self.writer.run(partial(sealing.seal, seqs=some, replica=replica))
        return rows

    def scrub(self, flag_ids: Iterable[str]) -> list[str]:
        """Empty the rows of erased flags; gives those that were not empty yet.

        Erase their answers before (`answers_of`): an emptied flag does not name its answer.
        """
        ids = list(flag_ids)
        found = self.writer.run(lambda db: forgetting.scrub(db, ids))
        if found:
            self.writer.checkpoint()
        return found

    def waiting(self) -> int:
        """Flags in this file that may be trained on as they are now, and are not pushed."""
        return count_waiting(self.path)

    def expire(self, oldest: int) -> list[str]:
        """Drop flags whose newest revision came before `oldest` without consent to train.

        Of a flag that is in a shard, the text goes and the id stays: its receipt still erases it.
        """
        found = self.writer.run(lambda db: forgetting.expire(db, oldest))
        if found:
            self.writer.checkpoint()
        return found


def outbox_files(folder: Path) -> list[Path]:
    """All outboxes of a home, by name."""
    return sorted(folder.glob("outbox-*.sqlite"))


def count_waiting(path: Path) -> int:
    """As `Outbox.waiting`, for any file."""
    with reading(path) as db:
        return int(db.execute(_WAITING).fetchone()[0]) if _has(db, "placed") else 0


def answers_of(paths: Iterable[Path], flag_ids: Iterable[str]) -> list[str]:
    """Ids of the answers that these flags are about, as far as they are not emptied."""
    ids = list(flag_ids)
    found: list[str] = []
    for path in paths if ids else ():
        with reading(path) as db:
            if _has(db, "receipt"):
                named = (db.execute(_ANSWER, (flag_id,)).fetchone() for flag_id in ids)
                found += [row["answer_id"] for row in named if row is not None]
    return found


def held(path: Path, flag_ids: Iterable[str]) -> set[str]:
    """Those of the flags that this file still has text of."""
    with reading(path) as db:
        if not _has(db, "receipt"):
            return set()
        rows = db.execute("SELECT DISTINCT flag_id FROM revision WHERE payload IS NOT NULL")
        return {row["flag_id"] for row in rows} & set(flag_ids)


@contextlib.contextmanager
def left_with(folder: Path, own: Path, flag_ids: Iterable[str]) -> Iterator[list[Outbox]]:
    """Files of processes that have ended, which still have text of these flags."""
    ids = list(flag_ids)
    others = [path for path in outbox_files(folder) if ids and path != own and held(path, ids)]
    with taken(others) as boxes:
        yield boxes


@contextlib.contextmanager
def taken(paths: Iterable[Path]) -> Iterator[list[Outbox]]:
    """Those of the files that no running process holds, for a while."""
    with contextlib.ExitStack() as stack:
        boxes = [box for path in paths if (box := Outbox.take(path)) is not None]
        for box in boxes:
            stack.callback(box.close)
        yield boxes


def read_rows(folder: Path, *, where: str = "", values: Sequence[object] = ()) -> list[Row]:
    """Revisions from all outboxes, oldest first.

    Args:
        folder: Home's `feedback` folder.
        where: SQL condition on `flag` (f) and `revision` (r); a constant of this code.
        values: What fills its question marks.
    """
    query = (
        "SELECT f.id, f.app, f.owner, f.answer_id, r.revision, r.created_at, r.kind, r.consent,"
        " r.payload FROM flag f JOIN revision r ON r.flag_id=f.id"
    )
    found: list[Row] = []
    for path in outbox_files(folder):
        with reading(path) as db:
            if not _has(db, "receipt"):
                continue
            rows = db.execute(f"{query} WHERE {where}" if where else query, tuple(values))
            found += [_row(row) for row in rows]
    return sorted(found, key=lambda row: (row.flag_id, row.revision, row.created_at))


def flag_ids_in(folder: Path) -> set[str]:
    """Ids of all flags in all outboxes."""
    found: set[str] = set()
    for path in outbox_files(folder):
        with reading(path) as db:
            if _has(db, "receipt"):
                found.update(row[0] for row in db.execute("SELECT id FROM flag"))
    return found


def knows_receipt(folder: Path, flag_id: str, sha256: str) -> bool:
    """Whether this secret belongs to the flag."""
    for path in outbox_files(folder):
        with reading(path) as db:
            if not _has(db, "receipt"):
                continue
            if db.execute(
                "SELECT 1 FROM receipt WHERE flag_id=? AND sha256=?", (flag_id, sha256)
            ).fetchone():
                return True
    return False


def put(db: sqlite3.Connection, row: Row, receipt_sha256: str | None) -> None:
    """Add one revision; a job for the writer."""
    db.execute(
        "INSERT INTO flag(id,app,owner,answer_id,created_at) VALUES(?,?,?,?,?)"
        " ON CONFLICT(id) DO NOTHING",
        (row.flag_id, row.app, row.owner, row.answer_id, row.created_at),
    )
    kind = "withdrawn" if row.withdrawn else "sent"
    db.execute(
        "INSERT INTO revision(flag_id,revision,created_at,kind,consent,payload)"
        " VALUES(?,?,?,?,?,?)",
        (row.flag_id, row.revision, row.created_at, kind, row.consent, row.payload),
    )
    if receipt_sha256 is not None:
        put_receipt(db, row.flag_id, receipt_sha256)


def put_receipt(db: sqlite3.Connection, flag_id: str, sha256: str) -> None:
    """Make one more secret good for a flag; a job for the writer."""
    db.execute("INSERT OR IGNORE INTO receipt(flag_id,sha256) VALUES(?,?)", (flag_id, sha256))


def newest(db: sqlite3.Connection, owner: str, answer_id: str) -> Row | None:
    """The last revision in this file of what `owner` says about an answer."""
    found = db.execute(
        "SELECT f.id, f.app, f.owner, f.answer_id, r.revision, r.created_at, r.kind, r.consent,"
        " r.payload FROM flag f JOIN revision r ON r.flag_id=f.id"
        " WHERE f.owner=? AND f.answer_id=? ORDER BY r.revision DESC LIMIT 1",
        (owner, answer_id),
    ).fetchone()
    return None if found is None else _row(found)


def _row(row: Sequence[object]) -> Row:
    flag_id, app, owner, answer_id, revision, created_at, kind, consent, payload = row
    return Row(
        flag_id=str(flag_id),
        app=str(app),
        owner=str(owner),
        answer_id=str(answer_id),
        revision=int(str(revision)),
        created_at=int(str(created_at)),
        withdrawn=kind == "withdrawn",
        consent=bool(consent),
        payload=None if payload is None else str(payload),
    )


def _has(db: sqlite3.Connection, table: str) -> bool:
    # Between the first byte of a new file and its tables there is a moment.
    return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name=?", (table,)).fetchone())


def _try_lock(path: Path) -> FileLock | None:
    # Taken by one thread and given back by another.
    lock = FileLock(f"{path}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock

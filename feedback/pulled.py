"""Flags that other machines have pushed, as they lie here after `inkloop flags pull`.

`feedback/pulled/` holds the shards of the raw dataset as they are there, and an index of their rows
in SQLite, which review and curation read: no Parquet is opened while a server answers. The index is
made anew by every pull.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from feedback.outbox import Row
from feedback.shards import without
from feedback.writer import reading
from shared.durable import publish_file
from shared.home import Home
from shared.ids import new_id

DDL = """
CREATE TABLE row(
  flag_id TEXT NOT NULL, revision INTEGER NOT NULL, created_at INTEGER NOT NULL, app TEXT NOT NULL,
  state TEXT NOT NULL, payload TEXT, path TEXT NOT NULL);
CREATE INDEX row_flag ON row(flag_id);
CREATE INDEX row_question ON row(json_extract(payload,'$.prompt_sha256'));
"""


def pulled_folder(home: Home) -> Path:
    """Where the shards lie, by their paths in the dataset."""
    return home.feedback / "pulled"


def index_of(home: Home) -> Path:
    """The rows of all shards."""
    return pulled_folder(home) / "flags.sqlite"


@contextlib.contextmanager
def changing(home: Home) -> Iterator[Path]:
    """One process at a time pulls or erases; gives the folder."""
    folder = pulled_folder(home)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(folder / ".lock"):
        yield folder


def read_pulled(home: Home, *, where: str = "", values: Sequence[object] = ()) -> list[Row]:
    """Revisions of pulled flags.

    Args:
        home: Whose.
        where: SQL condition on the index; a constant of this code.
        values: What fills its question marks.
    """
    if not index_of(home).is_file():
        return []
    query = f"SELECT * FROM row WHERE {where or 1}"  # noqa: S608 - constants
    with reading(index_of(home)) as db:
        return [_row(row) for row in db.execute(query, tuple(values))]


def pulled_ids(home: Home) -> set[str]:
    """Ids of all pulled flags."""
    if not index_of(home).is_file():
        return set()
    with reading(index_of(home)) as db:
        return {row[0] for row in db.execute("SELECT DISTINCT flag_id FROM row")}


def scrub_pulled(home: Home, flag_ids: Iterable[str]) -> None:
    """Empty erased flags in the shards and in the index."""
    ids = set(flag_ids)
    if not index_of(home).is_file() or not _paths(home, ids):
        return
    with changing(home) as folder:
        for path in _paths(home, ids):
            data, _ = without((folder / path).read_bytes(), ids)
            if data is not None:
                replace_bytes(folder / path, data)
        with contextlib.closing(sqlite3.connect(index_of(home))) as db, db:
            db.execute("PRAGMA secure_delete=ON")
            db.executemany(
                "UPDATE row SET payload=NULL, state='erased' WHERE flag_id=?", [(i,) for i in ids]
            )


def replace_bytes(path: Path, data: bytes) -> None:
    """Put a file into place in one step; its folder is made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{new_id()}")
    draft.write_bytes(data)
    publish_file(draft, path)


def _paths(home: Home, flag_ids: set[str]) -> list[str]:
    """Shards that hold something of these flags."""
    with reading(index_of(home)) as db:
        rows = db.execute("SELECT flag_id, path FROM row WHERE payload IS NOT NULL").fetchall()
    return sorted({row["path"] for row in rows if row["flag_id"] in flag_ids})


def _row(row: sqlite3.Row) -> Row:
    return Row(
        flag_id=row["flag_id"],
        app=row["app"],
        owner="",
        answer_id=f"pulled {row['flag_id']}",
        revision=row["revision"],
        created_at=row["created_at"],
        withdrawn=row["state"] != "sent",
        consent=row["payload"] is not None,
        payload=row["payload"],
    )

"""Brings the raw dataset to this machine: `inkloop flags pull`.

Only shards that are not here yet are read; what has gone from the dataset goes from here. An erased
row is an erasure for this machine too: dataset versions built from an older copy lose it.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from feedback import published, pulled
from feedback.dataset import strip_versions
from feedback.hub import Hub
from feedback.hub_erasure import HubErasures
from feedback.records import Record
from feedback.reviews import Reviews, stamp
from feedback.shards import Values, from_bytes, row_record, without
from shared.durable import publish_file, sha256_of
from shared.home import Home
from shared.ids import new_id

Entry = tuple[str, int, int, str, str, str | None, str]


class Pulled(Record):
    """What is here after a pull."""

    revision: str
    """Commit of the dataset."""
    shards: int
    fetched: int
    """Shards that were not here before."""
    flags: int
    erased: int
    """Flags that were erased elsewhere since the last pull."""
    unreadable: int
    """Rows that are no flags of this version of Inkloop."""


def pull(home: Home, hub: Hub) -> Pulled:
    """Make the pulled flags those of the dataset as it is now.

    Raises:
        HubError: If the Hub cannot be asked; what was here before stays.
    """
    with pulled.changing(home) as folder:
        head = hub.head()
        known = hub.shards(head)
        fetched = _fetch(home, hub, head, known)
        for path in set(_here(folder)) - known.keys():
            (folder / path).unlink()
        rows = [(path, row) for path in sorted(known) for row in _rows(folder / path)]
        entries = [_entry(path, row) for path, row in rows]
        _write_index(home, [entry for entry in entries if entry is not None])
    erased = _learn_of_erasures(home, hub, [row for _, row in rows])
    return Pulled(
        revision=head,
        shards=len(known),
        fetched=fetched,
        flags=len({row["id"] for _, row in rows}),
        erased=erased,
        unreadable=sum(entry is None for entry in entries),
    )


def _fetch(home: Home, hub: Hub, head: str, known: Mapping[str, str]) -> int:
    folder = pulled.pulled_folder(home)
    buried = Reviews(home).tombstones()
    missing = [
        (path, sha256)
        for path, sha256 in known.items()
        if not (folder / path).is_file() or sha256_of(folder / path) != sha256
    ]
    for path, sha256 in missing:
        data = hub.read_shard(path, head, sha256)
        # What was erased here may still wait to be erased there.
        pulled.replace_bytes(folder / path, without(data, buried)[0] or data)
    return len(missing)


def _here(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.glob("data/*/*.parquet")]


def _rows(path: Path) -> list[Values]:
    return from_bytes(path.read_bytes())


def _entry(path: str, row: Values) -> Entry | None:
    """What the index holds about a row; None if it cannot be read."""
    try:
        payload = row_record(row).model_dump_json() if row["state"] == "sent" else None
        at = stamp(row["created_at"])
    except (ValidationError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return row["id"], row["revision"], at, row["app"], row["state"], payload, path


def _write_index(home: Home, entries: list[Entry]) -> None:
    target = pulled.index_of(home)
    draft = target.with_name(f".{target.name}.{new_id()}")
    with _new_index(draft) as db:
        db.executemany("INSERT INTO row VALUES(?,?,?,?,?,?,?)", entries)
    publish_file(draft, target)


@contextlib.contextmanager
def _new_index(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(pulled.DDL)
        with db:
            yield db


def _learn_of_erasures(home: Home, hub: Hub, rows: list[Values]) -> int:
    """Whoever erased these takes care of the dataset; here they are only applied."""
    reviews = Reviews(home)
    gone = {row["id"] for row in rows if row["state"] == "erased"} - reviews.tombstones().keys()
    if gone:
        HubErasures(home).note(gone, hub.repo)
        reviews.bury(sorted(gone), by="hub")
        strip_versions(home, gone)
        published.strip(home, gone)
        pulled.scrub_pulled(home, gone)
    return len(gone)

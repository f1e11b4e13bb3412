"""Which flags have changed since somebody last looked, from the files that tell it.

Every source only grows, so its last row number says how far one has read: revisions in the
outboxes, decisions, steps and tombstones. What was pulled from the Hub is replaced as a whole.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from feedback.outbox import outbox_files
from feedback.pulled import index_of, pulled_ids
from feedback.review_file import ReviewFile
from feedback.reviewers import Reviewers
from feedback.taxonomy import OPERATORS
from feedback.writer import reading
from shared.home import Home

Seen = Mapping[str, str]
"""Source to how far it was read."""

_REVIEWED = {"decision": "seq", "mark": "rowid", "tombstone": "rowid"}


@dataclass(slots=True)
class Changes:
    """Flags to look at again, and how far everything is read then."""

    flag_ids: set[str] = field(default_factory=set)
    upto: dict[str, str] = field(default_factory=dict)


def changes(home: Home, seen: Seen) -> Changes:
    """What is new in the files of a home."""
    found = Changes()
    for path in outbox_files(home.feedback):
        with reading(path) as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name='receipt'").fetchone():
                _add(found, db, path.stem, seen, ("revision", "seq"))
    with ReviewFile(home).reading() as db:
        for table, number in _REVIEWED.items():
            _add(found, db, table, seen, (table, number))
    _add_pulled(found, home, seen)
    _add_rules(found, home, seen)
    return found


def _add(
    found: Changes, db: sqlite3.Connection, source: str, seen: Seen, where: tuple[str, str]
) -> None:
    table, number = where
    rows = db.execute(
        f"SELECT flag_id, {number} AS at FROM {table} WHERE {number}>?",  # noqa: S608 - constants
        (int(seen.get(source, 0)),),
    ).fetchall()
    if rows:
        found.flag_ids.update(row["flag_id"] for row in rows)
        found.upto[source] = str(max(row["at"] for row in rows))


def _add_pulled(found: Changes, home: Home, seen: Seen) -> None:
    stamp = _changed_at(index_of(home))
    if stamp != seen.get("pulled", ""):
        found.flag_ids |= pulled_ids(home)
        found.upto["pulled"] = stamp


def _add_rules(found: Changes, home: Home, seen: Seen) -> None:
    """How many opinions a flag needs hangs on who reviews and on the classes of its reasons."""
    rules = f"{len(Reviewers(home).names())} {_changed_at(home.feedback / OPERATORS)}"
    if rules != seen.get("rules", ""):
        with ReviewFile(home).reading() as db:
            found.flag_ids.update(row[0] for row in db.execute("SELECT flag_id FROM decision"))
        found.upto["rules"] = rules


def _changed_at(path: Path) -> str:
    return str(path.stat().st_mtime_ns) if path.is_file() else ""

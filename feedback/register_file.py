"""`feedback/register.sqlite`: what is known about every flag but its words, to look flags up by.

`gone` counts the flags that have no words any more; `kept` holds figures that take long, until a
flag that is counted in them changes.

It can be made anew at any time from the outboxes and reviews, and is, when it is missing or comes
from another version. Nothing that anybody wrote is in it.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from feedback.locked import locked
from feedback.writer import BUSY_MS
from shared.home import Home

VERSION = 3
"""Raised when the columns or their meaning change."""
DDL = """
CREATE TABLE entry(
  flag_id TEXT PRIMARY KEY, state TEXT NOT NULL, waits TEXT NOT NULL, app TEXT NOT NULL,
  verdict TEXT NOT NULL, severity TEXT NOT NULL, model TEXT NOT NULL, session TEXT NOT NULL,
  question TEXT NOT NULL, created_at INTEGER NOT NULL, revision INTEGER NOT NULL,
  corrected INTEGER NOT NULL, trains INTEGER NOT NULL, last_by TEXT NOT NULL,
  left_out TEXT NOT NULL, giver TEXT NOT NULL, answer BLOB NOT NULL, gives INTEGER NOT NULL,
  thumb INTEGER, words BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX entry_state ON entry(state, flag_id);
CREATE INDEX entry_app ON entry(app, state, flag_id);
CREATE INDEX entry_question ON entry(question);
CREATE INDEX entry_session ON entry(session, created_at);
CREATE INDEX entry_many_person ON entry(state, session||' '||(created_at/86400000));
CREATE INDEX entry_many_question ON entry(state, question);
CREATE INDEX entry_many_words ON entry(state, words);
CREATE INDEX entry_burst ON entry(state, created_at/600000);
CREATE INDEX entry_left_out ON entry(left_out);
CREATE INDEX entry_day ON entry(created_at/86400000, verdict);
CREATE TABLE entry_reason(
  reason TEXT NOT NULL, flag_id TEXT NOT NULL, verdict TEXT NOT NULL, day INTEGER NOT NULL,
  PRIMARY KEY(reason, flag_id)) WITHOUT ROWID;
CREATE INDEX entry_reason_flag ON entry_reason(flag_id);
CREATE INDEX entry_reason_day ON entry_reason(verdict, day, reason);
CREATE TABLE gone(flag_id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE kept(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE seen(source TEXT PRIMARY KEY, upto TEXT NOT NULL) WITHOUT ROWID;
"""


class RegisterFile:
    """Opens the file for a moment."""

    def __init__(self, home: Home) -> None:
        self.path: Path = home.feedback / "register.sqlite"

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a file that is of this version.

        Raises:
            StoreError: If another process holds the file for long, or it cannot be written.
        """
        with locked(
            self.path,
            self._connection,
            busy="Wait for the command that is reviewing, or end it.",
            broken="Delete it: it is made anew from the flags.",
        ) as db:
            yield db

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            # Nothing in here is lost for good, so no write waits for the disk.
            db.execute("PRAGMA synchronous=OFF")
            db.execute("PRAGMA secure_delete=ON")
            db.row_factory = sqlite3.Row
            if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                _make(db)
            yield db


def _make(db: sqlite3.Connection) -> None:
    for (name,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall():
        db.execute(f"DROP TABLE {name}")
    db.executescript(f"BEGIN; {DDL} PRAGMA user_version={VERSION}; COMMIT;")

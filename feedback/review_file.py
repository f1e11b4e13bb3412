"""`feedback/reviews.sqlite`: what happens to flags after they were sent.

Several processes write here (a server's reviewers, commands, a training run), each rarely and
briefly; so a writer takes a file lock, opens, writes one transaction and closes. With one writer
at a time and a rollback journal nothing needs to stay open, and readers never wait for long.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from feedback.locked import locked
from feedback.writer import BUSY_MS, reading
from shared.home import Home

DDL = """
CREATE TABLE IF NOT EXISTS decision(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, flag_id TEXT NOT NULL, revision INTEGER NOT NULL,
  decision TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL, note TEXT NOT NULL,
  correction TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS decision_flag ON decision(flag_id, seq);
CREATE INDEX IF NOT EXISTS decision_judged ON decision(flag_id, revision, by);
CREATE TABLE IF NOT EXISTS tombstone(
  flag_id TEXT PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mark(
  flag_id TEXT NOT NULL, stage TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(flag_id, stage, name));
CREATE TABLE IF NOT EXISTS hub_erased(
  flag_id TEXT NOT NULL, repo TEXT NOT NULL, PRIMARY KEY(flag_id, repo)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS side(unit TEXT PRIMARY KEY, held_out INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reviewer(
  name TEXT PRIMARY KEY COLLATE NOCASE, password TEXT NOT NULL, added_at INTEGER NOT NULL,
  by_setting INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS second_look(
  flag_id TEXT NOT NULL, revision INTEGER NOT NULL, drawn_at INTEGER NOT NULL,
  first TEXT NOT NULL, first_by TEXT NOT NULL, again TEXT, again_by TEXT, again_at INTEGER,
  PRIMARY KEY(flag_id, revision));
CREATE TABLE IF NOT EXISTS curated_repo(
  repo TEXT PRIMARY KEY, version TEXT NOT NULL, erasing INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS published_repo(
  repo TEXT PRIMARY KEY, version TEXT NOT NULL, erasing INTEGER NOT NULL DEFAULT 0);
"""
NEWEST_TABLE = "published_repo"
"""A file without it comes from an earlier version, or is being made this moment."""


class ReviewFile:
    """Opens the file for a moment."""

    def __init__(self, home: Home) -> None:
        self.path: Path = home.feedback / "reviews.sqlite"

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on disk when the block ends, undone when it raises.

        Raises:
            StoreError: If another process holds the file for long, or it cannot be written.
        """
        with locked(
            self.path,
            self._connection,
            busy="Wait for the command that is reviewing or training, or end it.",
            broken="Check that the disk has room and that the folder is yours.",
        ) as db:
            yield db

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A look at what is there; an empty database when nothing was ever written."""
        with self._looking() as db:
            yield db

    def _looking(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        if not self.path.is_file():
            return self._nothing()
        with reading(self.path) as db:
            complete = db.execute("SELECT 1 FROM sqlite_master WHERE name=?", (NEWEST_TABLE,))
            whole = complete.fetchone() is not None
        if not whole:
            with self.writing():
                pass  # Opening it for writing makes what is missing.
        return reading(self.path)

    @contextlib.contextmanager
    def _nothing(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            db.row_factory = sqlite3.Row
            db.executescript(DDL)
            yield db

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA secure_delete=ON")
            db.row_factory = sqlite3.Row
            db.executescript(DDL)
            yield db

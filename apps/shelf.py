"""What the apps keep for their owners between visits: tables in `history.sqlite`.

Each app brings its own tables and its own rules; here is only how the file is opened. A connection
lives as long as one piece of work, so any thread may use a shelf and nothing has to be closed.
The owner's cookie itself is never stored, only its hash.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shared.errors import BadRequest, StoreError

PATIENCE_SECONDS = 10.0
"""How long to wait while another app writes; a write takes milliseconds."""


class Shelf:
    """One app's tables in the file."""

    def __init__(self, path: Path, schema: str) -> None:
        """Open the file and make the tables that are missing; `schema` is SQL."""
        self._path = path
        with self.work() as db:
            db.execute("PRAGMA journal_mode = WAL")
        with self.work() as db:
            for statement in schema.split(";"):
                db.execute(statement)

    def add_columns(self, table: str, columns: Sequence[str]) -> None:
        """Give a table of an older version the columns that came later.

        Args:
            table: Its name.
            columns: As in CREATE TABLE, each with a default; those that are there stay.
        """
        with self.change() as db:
            there = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
            for column in columns:
                if column.split()[0] not in there:
                    db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")

    @contextmanager
    def work(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file.

        Raises:
            StoreError: If the file cannot be read or written.
            BadRequest: If an id is looked for that no file can hold.
        """
        try:
            db = sqlite3.connect(self._path, timeout=PATIENCE_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise self._broken(error) from error
        try:
            db.row_factory = sqlite3.Row
            # What somebody deletes is overwritten, not only forgotten.
            db.execute("PRAGMA secure_delete = ON")
            yield db
        except sqlite3.Error as error:
            raise self._broken(error) from error
        except UnicodeEncodeError as error:
            # What people write is mended before it gets here (`apps.checks.storable`).
            raise BadRequest(
                "An id holds half a character, so there is nothing with that id.",
                fix="Send it as it was given.",
            ) from error
        finally:
            db.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Like `work`, but all or nothing: an exception takes everything back.

        Raises:
            StoreError: If the file cannot be read or written.
        """
        with self.work() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _broken(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"{self._path.name} cannot be read or written ({error}).",
            fix="Check the disk and the rights of the folder that INKLOOP_HOME names.",
        )

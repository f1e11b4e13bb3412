"""A document per owner with its last revisions: the idea board and the poem, each with an undo.

A revision is the whole document; they are small, and nothing is easier to take back.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from apps.shelf import Shelf
from feedback.records import now, owner_hash

KEPT = 30
"""How many steps can be undone."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS revisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, owner TEXT NOT NULL,
  text TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS revisions_by_owner ON revisions (kind, owner, id)
"""
_LATEST = "SELECT id, text FROM revisions WHERE kind = ? AND owner = ? ORDER BY id DESC LIMIT 1"
_ADD = "INSERT INTO revisions (kind, owner, text, at) VALUES (?, ?, ?, ?)"


class Revisions:
    """All documents of one kind."""

    def __init__(self, path: Path, kind: str, *, keep_days: int) -> None:
        """Open the file and forget what nobody has changed for `keep_days` days."""
        self._shelf = Shelf(path, SCHEMA)
        self._kind = kind
        self._keep = timedelta(days=keep_days)
        self.sweep()

    def sweep(self) -> None:
        """Forget what nobody has changed for long."""
        oldest = (now() - self._keep).isoformat()
        with self._shelf.change() as db:
            db.execute("DELETE FROM revisions WHERE kind = ? AND at < ?", (self._kind, oldest))

    def latest(self, owner: str) -> str:
        """The document as it is; empty when there is none."""
        with self._shelf.work() as db:
            row = db.execute(_LATEST, self._key(owner)).fetchone()
        return row["text"] if row else ""

    def change(self, owner: str, edit: Callable[[str], str], *, joined: bool = False) -> str:
        """Make the next revision from the present one, with nobody in between.

        Args:
            owner: Whose document.
            edit: From the present text (empty when there is none) to the next.
            joined: Part of the step before: one undo takes back both.
        """
        key = self._key(owner)
        with self._shelf.change() as db:
            row = db.execute(_LATEST, key).fetchone()
            if row is None:
                # What the first undo goes back to.
                db.execute(_ADD, (*key, "", now().isoformat()))
            text = edit(row["text"] if row else "")
            if joined and row:
                db.execute("DELETE FROM revisions WHERE id = ?", (row["id"],))
            db.execute(_ADD, (*key, text, now().isoformat()))
            db.execute(
                "DELETE FROM revisions WHERE kind = ? AND owner = ? AND id NOT IN (SELECT id FROM"
                " revisions WHERE kind = ? AND owner = ? ORDER BY id DESC LIMIT ?)",
                (*key, *key, KEPT + 1),
            )
        return text

    def undo(self, owner: str) -> str:
        """Take the newest revision back; the oldest that is kept stays."""
        key = self._key(owner)
        with self._shelf.change() as db:
            db.execute(
                "DELETE FROM revisions WHERE id = (SELECT max(id) FROM revisions"
                " WHERE kind = ? AND owner = ? GROUP BY kind HAVING count(*) > 1)",
                key,
            )
        return self.latest(owner)

    def _key(self, owner: str) -> tuple[str, str]:
        # Without a cookie the session stands in: the document lasts as long as the page is open.
        return self._kind, owner_hash(owner) or owner

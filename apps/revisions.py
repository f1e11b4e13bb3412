"""A document per owner with its last revisions: the idea board and the poem, each with an undo.

A revision is the whole document; they are small, and nothing is easier to take back.
"""

from collections.abc import Callable
from copy import copy
from datetime import timedelta
from pathlib import Path

from apps.shelf import Shelf
from feedback.records import now, owner_hash

UNDONE = ":undone"
"""Added to the kind of what was undone and may come back."""
KEPT = 30
"""How many steps can be undone."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS revisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, owner TEXT NOT NULL,
  text TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS revisions_by_owner ON revisions (kind, owner, id)
"""
_LATEST = "SELECT id, text FROM revisions WHERE kind = ? AND owner = ? ORDER BY id DESC LIMIT 1"
_ALL = "SELECT text FROM revisions WHERE kind = ? AND owner = ? ORDER BY id DESC"
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
            db.execute(
                "DELETE FROM revisions WHERE (kind = ? OR kind GLOB ?) AND at < ?",
                (self._kind, self._kind + ":*", oldest),
            )

    def latest(self, owner: str) -> str:
        """The document as it is; empty when there is none."""
        with self._shelf.work() as db:
            row = db.execute(_LATEST, self._key(owner)).fetchone()
        return row["text"] if row else ""

    def history(self, owner: str) -> list[str]:
        """All revisions that are kept, newest first; the empty document at the start counts."""
        with self._shelf.work() as db:
            rows = db.execute(_ALL, self._key(owner)).fetchall()
        return [row["text"] for row in rows]

    def change(self, owner: str, edit: Callable[[str], str], *, onto: str = "") -> str:
        """Make the next revision from the present one, with nobody in between.

        Args:
            owner: Whose document.
            edit: From the present text (empty when there is none) to the next.
            onto: The text that the step before left, if this is a part of that step: one undo
                takes back both. Where something else was done meanwhile, it is a step of its own.
        """
        key = self._key(owner)
        with self._shelf.change() as db:
            row = db.execute(_LATEST, key).fetchone()
            if row is None:
                # What the first undo goes back to.
                db.execute(_ADD, (*key, "", now().isoformat()))
            text = edit(row["text"] if row else "")
            if onto and row and row["text"] == onto:
                db.execute("DELETE FROM revisions WHERE id = ?", (row["id"],))
            db.execute(_ADD, (*key, text, now().isoformat()))
            # A new step goes another way: what was undone lies no longer ahead.
            db.execute(
                "DELETE FROM revisions WHERE kind = ? AND owner = ?", (key[0] + UNDONE, key[1])
            )
            db.execute(
                "DELETE FROM revisions WHERE kind = ? AND owner = ? AND id NOT IN (SELECT id FROM"
                " revisions WHERE kind = ? AND owner = ? ORDER BY id DESC LIMIT ?)",
                (*key, *key, KEPT + 1),
            )
        return text

    def undo(self, owner: str) -> str:
        """Take the newest revision back; the oldest that is kept stays."""
        kind, name = self._key(owner)
        with self._shelf.change() as db:
            newest = db.execute(
                "SELECT max(id) AS id FROM revisions WHERE kind = ? AND owner = ?"
                " GROUP BY kind HAVING count(*) > 1",
                (kind, name),
            ).fetchone()
            if newest:
                # Below zero, so that what was undone last is the first to come back.
                db.execute(
                    "UPDATE revisions SET kind = ?, id = -id WHERE id = ?",
                    (kind + UNDONE, newest["id"]),
                )
        return self.latest(owner)

    def redo(self, owner: str) -> str:
        """Bring back what was undone last; nothing changes if there is nothing."""
        kind, name = self._key(owner)
        with self._shelf.change() as db:
            db.execute(
                # The greatest of the negative ids is the oldest of what was undone.
                "UPDATE revisions SET kind = ?, id = -id WHERE id ="
                " (SELECT max(id) FROM revisions WHERE kind = ? AND owner = ?)",
                (kind, kind + UNDONE, name),
            )
        return self.latest(owner)

    def of_kind(self, kind: str) -> "Revisions":
        """The same owners' documents of a further kind under this one: `board:2`."""
        other = copy(self)
        other._kind = f"{self._kind}:{kind}"
        return other

    def _key(self, owner: str) -> tuple[str, str]:
        # Without a cookie the session stands in: the document lasts as long as the page is open.
        return self._kind, owner_hash(owner) or owner

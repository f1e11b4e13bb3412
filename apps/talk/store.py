"""Conversations on this machine: read and changed by their owner alone.

The owner's cookie is stored as a hash, so that the file does not open anybody's conversations.
Every question to this store names the owner, and somebody else's conversation is simply not there.
A turn is written when it was said and never changed; going back, retrying and editing only move the
leaf.
Conversations that nobody touched for `INKLOOP_KEEP_DAYS` are deleted.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apps.shelf import Shelf
from apps.talk.conversation import Conversation, Turn
from apps.talk.limits import Wishes, read_wishes
from shared.errors import NotFound

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversation (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, app TEXT NOT NULL, title TEXT NOT NULL,
    wishes TEXT NOT NULL, leaf TEXT, touched_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS conversation_owner ON conversation (owner, app, touched_at);
CREATE TABLE IF NOT EXISTS conversation_turn (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL,
    parent TEXT, role TEXT NOT NULL, text TEXT NOT NULL, answer_id TEXT NOT NULL,
    finish TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS conversation_turn_of ON conversation_turn (conversation, place)
"""
LISTED = 100
"""How many conversations a page offers, newest first."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in the list."""

    id: str
    title: str


class ConversationStore:
    """The conversations of everybody in one app."""

    def __init__(self, path: Path, app: str, *, keep_days: int) -> None:
        """Open the file; conversations that are too old are deleted."""
        self._app = app
        self._keep = timedelta(days=keep_days)
        self._shelf = Shelf(path, SCHEMA)
        self.sweep()

    def sweep(self) -> None:
        """Delete the conversations that nobody touched for long."""
        self.forget_before(datetime.now(UTC) - self._keep)

    def keep(self, owner: str, conversation: Conversation, wishes: Wishes) -> None:
        """Write down what is new in a conversation.

        Raises:
            NotFound: If the conversation belongs to somebody else.
            StoreError: If it cannot be written.
        """
        with self._shelf.change() as db:
            self._keep_head(db, owner, conversation, wishes)
            # Another tab may have taken turns that this copy does not know.
            known = {
                row["id"]
                for row in db.execute(
                    "SELECT id FROM conversation_turn WHERE conversation = ?", [conversation.id]
                )
            }
            db.executemany(
                "INSERT INTO conversation_turn"
                " (id, conversation, parent, role, text, answer_id, finish)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (t.id, conversation.id, t.parent, t.role, t.text, t.answer_id, t.finish)
                    for t in conversation.turns
                    if t.id not in known
                ],
            )

    def open(self, owner: str, conversation_id: str) -> tuple[Conversation, Wishes]:
        """One conversation of this owner.

        Raises:
            NotFound: If this owner has none with this id.
        """
        with self._shelf.work() as db:
            head = db.execute(
                "SELECT leaf, wishes FROM conversation WHERE id = ? AND owner = ? AND app = ?",
                [conversation_id, _hashed(owner), self._app],
            ).fetchone()
            rows = db.execute(
                "SELECT id, parent, role, text, answer_id, finish FROM conversation_turn"
                " WHERE conversation = ? ORDER BY place",
                [conversation_id],
            ).fetchall()
        if head is None:
            raise NotFound("This conversation is not here.", fix="Open another or begin a new one.")
        turns = tuple(Turn(**dict(row)) for row in rows)
        conversation = Conversation(id=conversation_id, turns=turns, leaf=head["leaf"])
        return conversation, read_wishes(head["wishes"])

    def list(self, owner: str, *, limit: int = LISTED) -> list[Listed]:
        """This owner's conversations, the last touched first."""
        with self._shelf.work() as db:
            rows = db.execute(
                "SELECT id, title FROM conversation WHERE owner = ? AND app = ?"
                " ORDER BY touched_at DESC, id DESC LIMIT ?",
                [_hashed(owner), self._app, limit],
            ).fetchall()
        return [Listed(row["id"], row["title"]) for row in rows]

    def delete(self, owner: str, conversation_id: str) -> None:
        """Delete a conversation with all its turns; nothing happens if this owner has none."""
        with self._shelf.change() as db:
            db.execute(
                "DELETE FROM conversation WHERE id = ? AND owner = ? AND app = ?",
                [conversation_id, _hashed(owner), self._app],
            )
            _delete_orphans(db)

    def forget_before(self, moment: datetime) -> None:
        """Delete the conversations that nobody touched since."""
        with self._shelf.change() as db:
            db.execute(
                "DELETE FROM conversation WHERE touched_at < ? AND app = ?",
                [moment.isoformat(), self._app],
            )
            _delete_orphans(db)

    def _keep_head(
        self, db: sqlite3.Connection, owner: str, conversation: Conversation, wishes: Wishes
    ) -> None:
        kept = db.execute(
            "INSERT INTO conversation VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " title = excluded.title, wishes = excluded.wishes, leaf = excluded.leaf,"
            " touched_at = excluded.touched_at"
            " WHERE owner = excluded.owner AND app = excluded.app",
            [
                conversation.id,
                _hashed(owner),
                self._app,
                conversation.title(),
                wishes.to_json(),
                conversation.leaf,
                datetime.now(UTC).isoformat(),
            ],
        )
        if kept.rowcount != 1:
            raise NotFound("This conversation is not here.", fix="Open another or begin a new one.")


def _delete_orphans(db: sqlite3.Connection) -> None:
    db.execute(
        "DELETE FROM conversation_turn WHERE conversation NOT IN (SELECT id FROM conversation)"
    )


def _hashed(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()

"""Conversations on this machine: read and changed by their owner alone.

The owner's cookie is stored as a hash, so that the file does not open anybody's conversations.
Every question to this store names the owner, and somebody else's conversation is simply not there.
A turn is written when it was said and never changed; going back, retrying and editing only move the
leaf. An answer on its way is written down beside them as it grows, so that a server that is killed
loses a second of it at most: the next one to start makes it a turn that says that it was cut off.
Conversations that nobody touched for `INKLOOP_KEEP_DAYS` are deleted, unless they are pinned.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apps.checks import one_line, storable
from apps.shelf import Shelf
from apps.talk.conversation import Conversation, Turn
from apps.talk.limits import Wishes, read_wishes
from shared.errors import NotFound
from shared.ids import new_id
from shared.texts import say

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversation (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, app TEXT NOT NULL, title TEXT NOT NULL,
    wishes TEXT NOT NULL, leaf TEXT, touched_at TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '', pinned INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS conversation_owner ON conversation (owner, app, touched_at);
CREATE TABLE IF NOT EXISTS conversation_turn (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL,
    parent TEXT, role TEXT NOT NULL, text TEXT NOT NULL, answer_id TEXT NOT NULL,
    finish TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS conversation_turn_of ON conversation_turn (conversation, place);
CREATE TABLE IF NOT EXISTS conversation_growing (
    conversation TEXT PRIMARY KEY, question TEXT NOT NULL, text TEXT NOT NULL
)
"""
LISTED = 100
"""How many conversations a page offers, newest first."""


CUT_OFF = "cut off"
"""Why an answer ended that a killed server was writing."""
NAME_CHARACTERS = 80
_LATER_COLUMNS = ("name TEXT NOT NULL DEFAULT ''", "pinned INTEGER NOT NULL DEFAULT 0")
"""Added to files that were made without them."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in the list."""

    id: str
    title: str
    pinned: bool = False
    """Kept at the top, and kept for good."""


class ConversationStore:
    """The conversations of everybody in one app."""

    def __init__(self, path: Path, app: str, *, keep_days: int) -> None:
        """Open the file; conversations that are too old are deleted."""
        self._app = app
        self._keep = timedelta(days=keep_days)
        self._shelf = Shelf(path, SCHEMA)
        self._shelf.add_columns("conversation", _LATER_COLUMNS)
        self._take_up()
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

    def grow(self, conversation_id: str, question: Turn, text: str) -> None:
        """Write down what there is of an answer; nothing happens without its conversation.

        Raises:
            StoreError: If it cannot be written.
        """
        with self._shelf.change() as db:
            db.execute(
                "INSERT OR REPLACE INTO conversation_growing (conversation, question, text)"
                " SELECT id, ?, ? FROM conversation WHERE id = ? AND app = ?",
                [question.id, text, conversation_id, self._app],
            )

    def grown(self, conversation_id: str) -> None:
        """Forget what `grow` wrote: the answer is a turn now, or there is none."""
        with self._shelf.change() as db:
            db.execute("DELETE FROM conversation_growing WHERE conversation = ?", [conversation_id])

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
            raise _not_here()
        turns = tuple(Turn(**dict(row)) for row in rows)
        conversation = Conversation(id=conversation_id, turns=turns, leaf=head["leaf"])
        return conversation, read_wishes(head["wishes"])

    def list(self, owner: str, *, search: str = "", limit: int = LISTED) -> list[Listed]:
        """This owner's conversations: the pinned ones, then the others, the last touched first.

        Args:
            owner: Whose.
            search: Only those in whose name or turns these words occur, whatever their case.
            limit: How many at most.
        """
        words = f"%{_escaped(storable(search.strip()))}%"
        with self._shelf.work() as db:
            rows = db.execute(
                "SELECT id, title, name, pinned FROM conversation c WHERE owner = ? AND app = ?"
                " AND (? = '%%' OR name LIKE ? ESCAPE '^' OR title LIKE ? ESCAPE '^' OR EXISTS"
                " (SELECT 1 FROM conversation_turn t WHERE t.conversation = c.id"
                " AND t.text LIKE ? ESCAPE '^'))"
                " ORDER BY pinned DESC, touched_at DESC, id DESC LIMIT ?",
                [_hashed(owner), self._app, *[words] * 4, limit],
            ).fetchall()
        return [Listed(row["id"], row["name"] or row["title"], bool(row["pinned"])) for row in rows]

    def latest(self, owner: str) -> str:
        """Id of the conversation that this owner touched last; empty if there is none."""
        with self._shelf.work() as db:
            row = db.execute(
                "SELECT id FROM conversation WHERE owner = ? AND app = ?"
                " ORDER BY touched_at DESC, id DESC LIMIT 1",
                [_hashed(owner), self._app],
            ).fetchone()
        return row["id"] if row else ""

    def rename(self, owner: str, conversation_id: str, name: str) -> None:
        """Give a conversation a name; an empty one brings its opening words back.

        Raises:
            BadRequest: If the name is too long.
            NotFound: If this owner has no such conversation.
        """
        tidy = one_line(name, name="name", fewest=0, most=NAME_CHARACTERS)
        self._set(owner, conversation_id, "name = ?", tidy)

    def pin(self, owner: str, conversation_id: str) -> None:
        """Keep a conversation at the top and for good, or no longer.

        Raises:
            NotFound: If this owner has no such conversation.
        """
        self._set(owner, conversation_id, "pinned = 1 - pinned")

    def _set(self, owner: str, conversation_id: str, change: str, *values: object) -> None:
        with self._shelf.change() as db:
            done = db.execute(
                f"UPDATE conversation SET {change} WHERE id = ? AND owner = ? AND app = ?",  # noqa: S608 - ours
                [*values, conversation_id, _hashed(owner), self._app],
            )
            if done.rowcount != 1:
                raise _not_here()

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
                "DELETE FROM conversation WHERE touched_at < ? AND app = ? AND NOT pinned",
                [moment.isoformat(), self._app],
            )
            _delete_orphans(db)

    def _take_up(self) -> None:
        """Make turns of the answers that were growing when a server was killed."""
        with self._shelf.change() as db:
            growing = db.execute(
                "SELECT g.conversation, g.question, g.text, c.leaf FROM conversation_growing g"
                " JOIN conversation c ON c.id = g.conversation WHERE c.app = ?",
                [self._app],
            ).fetchall()
            for row in growing:
                _add_cut_off(db, row)

    def _keep_head(
        self, db: sqlite3.Connection, owner: str, conversation: Conversation, wishes: Wishes
    ) -> None:
        kept = db.execute(
            "INSERT INTO conversation (id, owner, app, title, wishes, leaf, touched_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
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
            raise _not_here()


def _add_cut_off(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    turn_id = new_id()
    db.execute(
        "INSERT INTO conversation_turn (id, conversation, parent, role, text, answer_id, finish)"
        " VALUES (?, ?, ?, 'assistant', ?, '', ?)",
        [turn_id, row["conversation"], row["question"], row["text"], CUT_OFF],
    )
    if row["leaf"] == row["question"]:
        db.execute("UPDATE conversation SET leaf = ? WHERE id = ?", [turn_id, row["conversation"]])
    db.execute("DELETE FROM conversation_growing WHERE conversation = ?", [row["conversation"]])


def _delete_orphans(db: sqlite3.Connection) -> None:
    for table in ("conversation_turn", "conversation_growing"):
        db.execute(
            f"DELETE FROM {table} WHERE conversation NOT IN (SELECT id FROM conversation)"  # noqa: S608 - ours
        )


def _not_here() -> NotFound:
    return NotFound(
        say("This conversation is not here."), fix=say("Open another or begin a new one.")
    )


def _escaped(words: str) -> str:
    """So that % and _ mean themselves in LIKE."""
    return words.replace("^", "^^").replace("%", "^%").replace("_", "^_")


def _hashed(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()

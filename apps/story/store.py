"""Where stories are kept: on this machine, each readable by its owner alone.

A passage is written once and never changed; its choices follow as soon as the model has found
them, also once. A browser holds only the two ids.
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from apps.shelf import Shelf
from apps.story.tale import Choice, Passage, Story
from feedback.records import now, owner_hash
from shared.errors import NotFound

SCHEMA = """
CREATE TABLE IF NOT EXISTS stories (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, genre TEXT NOT NULL,
  tone TEXT NOT NULL, place TEXT NOT NULL DEFAULT '', read_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS stories_by_owner ON stories (owner, read_at);
CREATE TABLE IF NOT EXISTS passages (
  id TEXT PRIMARY KEY, story TEXT NOT NULL REFERENCES stories (id), parent TEXT,
  step TEXT NOT NULL, said TEXT NOT NULL, scene TEXT NOT NULL, answer TEXT NOT NULL,
  ended INTEGER NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_story ON passages (story, at);
CREATE TABLE IF NOT EXISTS passage_choices (
  passage TEXT PRIMARY KEY REFERENCES passages (id), choices TEXT NOT NULL, answer TEXT NOT NULL)
"""
_PASSAGES = """
SELECT passages.*, passage_choices.choices, passage_choices.answer AS choices_answer
FROM passages LEFT JOIN passage_choices ON passage_choices.passage = passages.id
WHERE passages.story = ? ORDER BY passages.at, passages.id
"""


@dataclass(frozen=True, slots=True)
class Book:
    """A story with all its passages, oldest first."""

    story: Story
    passages: tuple[Passage, ...]
    place: str
    """Where the reader was last; empty before the first scene."""

    def passage(self, passage_id: str) -> Passage:
        """One passage of this story.

        Raises:
            NotFound: If this story has no such passage.
        """
        for passage in self.passages:
            if passage.id == passage_id:
                return passage
        raise NotFound("This story has no such passage.", fix="Choose one from its map.")

    def path(self, passage_id: str) -> list[Passage]:
        """From the first scene to this one."""
        step: Passage | None = self.passage(passage_id)
        found: list[Passage] = []
        while step is not None:
            found.append(step)
            step = self.passage(step.parent_id) if step.parent_id else None
        return found[::-1]


class StoryStore:
    """All stories of one Inkloop."""

    def __init__(self, path: Path, *, keep_days: int = 90) -> None:
        """Open the file and forget stories that nobody has read for `keep_days` days."""
        self._shelf = Shelf(path, SCHEMA)
        oldest = (now() - timedelta(days=keep_days)).isoformat()
        with self._shelf.change() as db:
            for row in db.execute("SELECT id FROM stories WHERE read_at < ?", (oldest,)).fetchall():
                _forget(db, row["id"])

    def begin(self, owner: str, story: Story) -> None:
        """Write down what was asked for; the story shows up once it has a passage."""
        with self._shelf.change() as db:
            db.execute(
                "INSERT INTO stories (id, owner, title, genre, tone, read_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (story.id, owner_hash(owner), story.title, story.genre, story.tone, _now()),
            )

    def add(self, passage: Passage) -> None:
        """Write a passage and make it the reader's place."""
        with self._shelf.change() as db:
            db.execute(
                "INSERT INTO passages (id, story, parent, step, said, scene, answer, ended, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    passage.id,
                    passage.story_id,
                    passage.parent_id,
                    passage.step,
                    passage.said,
                    passage.scene,
                    passage.answer_id,
                    passage.ended,
                    _now(),
                ),
            )
            _go(db, passage.story_id, passage.id)

    def add_choices(self, passage_id: str, choices: tuple[Choice, ...], answer_id: str) -> None:
        """Write a passage's choices; later ones for the same passage are ignored."""
        rows = [[choice.text, choice.stock] for choice in choices]
        with self._shelf.change() as db:
            db.execute(
                "INSERT OR IGNORE INTO passage_choices (passage, choices, answer) VALUES (?, ?, ?)",
                (passage_id, json.dumps(rows, ensure_ascii=False), answer_id),
            )

    def open(self, owner: str, story_id: str) -> Book:
        """The whole story.

        Raises:
            NotFound: If there is none with this id, or it is somebody else's.
        """
        with self._shelf.work() as db:
            row = db.execute(
                "SELECT * FROM stories WHERE id = ? AND owner IN ('', ?)",
                (story_id, owner_hash(owner)),
            ).fetchone()
            if row is None:
                raise NotFound("There is no such story of yours.", fix="Begin a new one.")
            passages = tuple(_passage(found) for found in db.execute(_PASSAGES, (story_id,)))
        return Book(_story(row), passages, row["place"])

    def has(self, owner: str, story_id: str, passage_id: str) -> bool:
        """Whether the owner may read this passage, and it exists."""
        with self._shelf.work() as db:
            found = db.execute(
                "SELECT 1 FROM passages JOIN stories ON stories.id = passages.story"
                " WHERE passages.id = ? AND stories.id = ? AND stories.owner IN ('', ?)",
                (passage_id, story_id, owner_hash(owner)),
            ).fetchone()
        return found is not None

    def go(self, owner: str, story_id: str, passage_id: str) -> Book:
        """Make a passage the reader's place.

        Raises:
            NotFound: If the story or the passage does not exist, or is somebody else's.
        """
        book = self.open(owner, story_id)
        book.passage(passage_id)
        with self._shelf.change() as db:
            _go(db, story_id, passage_id)
        return Book(book.story, book.passages, passage_id)

    def shelf_of(self, owner: str, limit: int = 50) -> list[Story]:
        """The owner's stories, the last read first; none for a session without a cookie."""
        key = owner_hash(owner)
        if not key:
            return []
        with self._shelf.work() as db:
            rows = db.execute(
                "SELECT * FROM stories WHERE owner = ? AND place <> '' ORDER BY read_at DESC,"
                " id DESC LIMIT ?",
                (key, limit),
            ).fetchall()
        return [_story(row) for row in rows]

    def delete(self, owner: str, story_id: str) -> None:
        """Forget a story with everything in it.

        Raises:
            NotFound: If there is none with this id, or it is somebody else's.
        """
        self.open(owner, story_id)
        with self._shelf.change() as db:
            _forget(db, story_id)


def _now() -> str:
    return now().isoformat()


def _go(db: sqlite3.Connection, story_id: str, passage_id: str) -> None:
    db.execute(
        "UPDATE stories SET place = ?, read_at = ? WHERE id = ?", (passage_id, _now(), story_id)
    )


def _forget(db: sqlite3.Connection, story_id: str) -> None:
    db.execute(
        "DELETE FROM passage_choices WHERE passage IN (SELECT id FROM passages WHERE story = ?)",
        (story_id,),
    )
    db.execute("DELETE FROM passages WHERE story = ?", (story_id,))
    db.execute("DELETE FROM stories WHERE id = ?", (story_id,))


def _story(row: sqlite3.Row) -> Story:
    return Story(id=row["id"], title=row["title"], genre=row["genre"], tone=row["tone"])


def _passage(row: sqlite3.Row) -> Passage:
    choices = json.loads(row["choices"]) if row["choices"] else []
    return Passage(
        id=row["id"],
        story_id=row["story"],
        parent_id=row["parent"],
        step=row["step"],
        said=row["said"],
        scene=row["scene"],
        answer_id=row["answer"],
        ended=bool(row["ended"]),
        choices=tuple(Choice(text, stock) for text, stock in choices),
        choices_answer_id=row["choices_answer"] or "",
    )

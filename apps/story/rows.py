"""The rows behind stories: tables, queries, and how a row becomes a story or a passage.

Functions on an open connection, without rules; those are the store's.
"""

import dataclasses
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from apps.story.notes import Lore, Notes
from apps.story.tale import Choice, Link, Manner, Passage, Story
from feedback.records import now, owner_hash

SCHEMA = """
CREATE TABLE IF NOT EXISTS stories (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, genre TEXT NOT NULL,
  tone TEXT NOT NULL, place TEXT NOT NULL DEFAULT '', read_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS stories_by_owner ON stories (owner, read_at);
CREATE TABLE IF NOT EXISTS story_details (
  story TEXT PRIMARY KEY REFERENCES stories (id), manner TEXT NOT NULL DEFAULT '{}',
  notes TEXT NOT NULL DEFAULT '{}', tip TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS passages (
  id TEXT PRIMARY KEY, story TEXT NOT NULL REFERENCES stories (id), parent TEXT,
  step TEXT NOT NULL, said TEXT NOT NULL, scene TEXT NOT NULL, answer TEXT NOT NULL,
  ended INTEGER NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_story ON passages (story, at);
CREATE TABLE IF NOT EXISTS passage_choices (
  passage TEXT PRIMARY KEY REFERENCES passages (id), choices TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passage_details (
  passage TEXT PRIMARY KEY REFERENCES passages (id), reminder TEXT NOT NULL,
  edited_from TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passage_links (
  passage TEXT NOT NULL REFERENCES passages (id), said TEXT NOT NULL,
  target TEXT NOT NULL REFERENCES passages (id), PRIMARY KEY (passage, said));
CREATE TABLE IF NOT EXISTS story_summaries (
  story TEXT NOT NULL REFERENCES stories (id), upto TEXT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (story, upto));
CREATE TABLE IF NOT EXISTS story_summed (
  story TEXT NOT NULL REFERENCES stories (id), upto TEXT NOT NULL, PRIMARY KEY (story, upto))
"""
PASSAGES = """
SELECT passages.*, passage_choices.choices, passage_choices.answer AS choices_answer,
  passage_details.reminder, passage_details.edited_from
FROM passages LEFT JOIN passage_choices ON passage_choices.passage = passages.id
LEFT JOIN passage_details ON passage_details.passage = passages.id
WHERE passages.story = ? ORDER BY passages.at, passages.rowid
"""
STORY = """
SELECT stories.*, manner, notes, tip FROM stories
LEFT JOIN story_details ON story_details.story = stories.id
"""
FIND = STORY + "WHERE stories.id = ? AND owner IN ('', ?)"
SHELF = STORY + "WHERE owner = ? AND place <> '' ORDER BY read_at DESC, id DESC LIMIT ?"
LINKS = """
SELECT passage_links.* FROM passage_links JOIN passages ON passages.id = passage_links.passage
WHERE passages.story = ? ORDER BY passage_links.rowid
"""
_FORGET = (
    "DELETE FROM passage_choices WHERE passage IN (SELECT id FROM passages WHERE story = ?)",
    "DELETE FROM passage_details WHERE passage IN (SELECT id FROM passages WHERE story = ?)",
    "DELETE FROM passage_links WHERE passage IN (SELECT id FROM passages WHERE story = ?)",
    "DELETE FROM passages WHERE story = ?",
    "DELETE FROM story_details WHERE story = ?",
    "DELETE FROM story_summaries WHERE story = ?",
    "DELETE FROM story_summed WHERE story = ?",
    "DELETE FROM stories WHERE id = ?",
)
_FORGET_PASSAGE = (
    "DELETE FROM passage_links WHERE passage = ?",
    "DELETE FROM passage_links WHERE target = ?",
    "DELETE FROM story_summaries WHERE upto = ?",
    "DELETE FROM story_summed WHERE upto = ?",
    "DELETE FROM passage_choices WHERE passage = ?",
    "DELETE FROM passage_details WHERE passage = ?",
    "DELETE FROM passages WHERE id = ?",
)


def stamp() -> str:
    """The present moment as it is stored."""
    return now().isoformat()


def begin(db: sqlite3.Connection, owner: str, story: Story) -> None:
    """Insert a story without passages."""
    db.execute(
        "INSERT INTO stories (id, owner, title, genre, tone, read_at) VALUES (?, ?, ?, ?, ?, ?)",
        (story.id, owner_hash(owner), story.title, story.genre, story.tone, stamp()),
    )
    db.execute(
        "INSERT INTO story_details (story, manner, notes) VALUES (?, ?, ?)",
        (
            story.id,
            json.dumps(dataclasses.asdict(story.manner)),
            json.dumps(dataclasses.asdict(story.notes)),
        ),
    )


def add(db: sqlite3.Connection, passage: Passage) -> None:
    """Insert a passage."""
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
            stamp(),
        ),
    )
    db.execute(
        "INSERT INTO passage_details (passage, reminder, edited_from) VALUES (?, ?, ?)",
        (passage.id, passage.reminder, passage.edited_from),
    )


def add_choices(
    db: sqlite3.Connection, passage_id: str, choices: tuple[Choice, ...], answer_id: str
) -> None:
    """Insert the choices of a passage, unless it has some."""
    rows = [[choice.text, choice.stock] for choice in choices]
    db.execute(
        "INSERT OR IGNORE INTO passage_choices (passage, choices, answer) VALUES (?, ?, ?)",
        (passage_id, json.dumps(rows, ensure_ascii=False), answer_id),
    )


def link(db: sqlite3.Connection, link: Link) -> None:
    """Insert a link, or turn it elsewhere."""
    db.execute(
        "INSERT OR REPLACE INTO passage_links (passage, said, target) VALUES (?, ?, ?)",
        (link.passage_id, link.said, link.target_id),
    )


def summarise(
    db: sqlite3.Connection, story_id: str, upto: str, text: str, *, by_model: bool = False
) -> None:
    """Replace what is told of the passages up to one."""
    db.execute("DELETE FROM story_summaries WHERE story = ? AND upto = ?", (story_id, upto))
    db.execute("DELETE FROM story_summed WHERE story = ? AND upto = ?", (story_id, upto))
    if text and by_model:
        db.execute("INSERT INTO story_summed (story, upto) VALUES (?, ?)", (story_id, upto))
    if text:
        db.execute(
            "INSERT INTO story_summaries (story, upto, text) VALUES (?, ?, ?)",
            (story_id, upto, text),
        )


def note(db: sqlite3.Connection, story_id: str, notes: Notes) -> None:
    """Replace the notes of a story."""
    db.execute(
        "UPDATE story_details SET notes = ? WHERE story = ?",
        (json.dumps(dataclasses.asdict(notes)), story_id),
    )


def go(db: sqlite3.Connection, story_id: str, passage_id: str, *, tip: str) -> None:
    """Set the place and the tip."""
    db.execute(
        "UPDATE stories SET place = ?, read_at = ? WHERE id = ?", (passage_id, stamp(), story_id)
    )
    db.execute("UPDATE story_details SET tip = ? WHERE story = ?", (tip, story_id))


def forget_passage(db: sqlite3.Connection, passage_id: str) -> None:
    """Delete one passage with what hangs on it."""
    for statement in _FORGET_PASSAGE:
        db.execute(statement, (passage_id,))


def forget(db: sqlite3.Connection, story_id: str) -> None:
    """Delete a story with what hangs on it."""
    for statement in _FORGET:
        db.execute(statement, (story_id,))


def story(row: sqlite3.Row) -> Story:
    """From a row of STORY."""
    return Story(
        id=row["id"],
        title=row["title"],
        genre=row["genre"],
        tone=row["tone"],
        manner=Manner(**json.loads(row["manner"] or "{}")),
        notes=notes_from(json.loads(row["notes"] or "{}")),
    )


def notes_from(found: Mapping[str, Any]) -> Notes:
    """Notes as JSON holds them."""
    lists = {name: tuple(found.get(name, ())) for name in ("facts", "people", "things")}
    lore = tuple(Lore(tuple(note["keys"]), note["text"]) for note in found.get("lore", ()))
    return Notes(author=found.get("author", ""), place=found.get("place", ""), lore=lore, **lists)


def passage(row: sqlite3.Row) -> Passage:
    """From a row of PASSAGES."""
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
        reminder=row["reminder"] or "",
        edited_from=row["edited_from"] or "",
    )

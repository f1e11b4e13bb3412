"""What people do with answers without saying anything: ask again, edit, copy, stop.

Such signals are counted per model, as a hint where to look. They train nothing: what was copied
may be wrong, and what they stopped may have been right. They lie in a table of their own, whose
training weight is nought by constraint, hold no text and no owner, and go when their answer goes.
"""

import sqlite3
from collections import Counter, defaultdict
from pathlib import Path
from typing import Literal

from feedback.writer import reading

Signal = Literal["retry", "edit", "copy", "stop"]
SIGNALS: tuple[Signal, ...] = ("retry", "edit", "copy", "stop")

DDL = """
CREATE TABLE IF NOT EXISTS signal(
  answer_id TEXT NOT NULL, kind TEXT NOT NULL CHECK(kind IN ('retry','edit','copy','stop')),
  times INTEGER NOT NULL, at INTEGER NOT NULL,
  training_weight INTEGER NOT NULL DEFAULT 0 CHECK(training_weight=0),
  PRIMARY KEY(answer_id, kind)) WITHOUT ROWID;
"""


def put(db: sqlite3.Connection, answer_id: str, kind: Signal, at: int) -> None:
    """Count a signal about an answer that is there; a job for the writer."""
    db.execute(
        "INSERT INTO signal(answer_id,kind,times,at)"
        " SELECT id,?,1,? FROM answer WHERE id=?"
        " ON CONFLICT(answer_id,kind) DO UPDATE SET times=times+1, at=excluded.at",
        (kind, at, answer_id),
    )


def forget_without_answer(db: sqlite3.Connection) -> None:
    """Drop the signals about answers that are gone; a job for the writer."""
    db.execute("DELETE FROM signal WHERE answer_id NOT IN (SELECT id FROM answer)")


def count_signals(path: Path) -> dict[str, Counter[str]]:
    """By the model's name: how many answers had each kind of signal."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with reading(path) as db:
        if db.execute("SELECT 1 FROM sqlite_master WHERE name='signal'").fetchone():
            rows = db.execute(
                "SELECT json_extract(a.payload,'$.model.name'), s.kind, count(*)"
                " FROM signal s JOIN answer a ON a.id=s.answer_id GROUP BY 1, 2"
            )
            for name, kind, answers in rows:
                found[str(name)][str(kind)] += int(answers)
    return found

"""Every answer of the last weeks, so that any of them can be flagged and written again.

A row holds what `AnswerRecord` holds: messages, sampling, model, numbers. Rows go when they are
older than `keep_days`, or when their flag is erased. An answer of a temporary chat gets no row
unless it is flagged. This is not a conversation history: pages keep what they show by themselves.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path

from feedback import signals
from feedback.drafts import storable
from feedback.records import AnswerRecord, now, owner_hash
from feedback.signals import SIGNALS, Signal
from feedback.temporary import TemporaryAnswers
from feedback.writer import Writer, reading

log = logging.getLogger(__name__)

DDL = """
CREATE TABLE IF NOT EXISTS answer(
  id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, app TEXT NOT NULL, owner TEXT NOT NULL,
  payload TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS answer_age ON answer(created_at);
CREATE INDEX IF NOT EXISTS answer_model ON answer(json_extract(payload,'$.model.name'));
"""
EXPIRE_EVERY = timedelta(hours=1)


class AnswerStore:
    """Answers by id in one SQLite file; safe from any thread."""

    def __init__(self, path: Path, *, keep_days: int = 90) -> None:
        """Open the store and drop what has expired."""
        self.path = path
        self._kept_for = timedelta(days=keep_days)
        self._writer = Writer(path, DDL + signals.DDL)
        self._temporary = TemporaryAnswers()
        self._pending: dict[str, AnswerRecord] = {}
        self._lock = threading.Lock()
        self._expired_at = now()
        self.expire(self._expired_at)

    def record(self, answer: AnswerRecord, *, temporary: bool = False) -> None:
        """Store one answer. Returns at once; `get` finds it from now on, the disk a little later.

        An answer is repeatable and its reader is waiting, so unlike a flag it is not worth a wait
        for the disk: a power cut may take the last moments with it.

        Args:
            answer: What was written, and all that is needed to write it again.
            temporary: Keep it in memory only, until it is flagged (`keep`) or forgotten.
        """
        if temporary:
            self._temporary.put(answer)
            return
        with self._lock:
            self._pending[answer.id] = answer
        self._writer.submit(lambda db: _insert(db, answer)).add_done_callback(
            lambda done: self._written(answer.id, done)
        )
        self._expire_now_and_then()

    def get(self, answer_id: str) -> AnswerRecord | None:
        """The answer, or None if it is unknown, expired or erased."""
        answer_id = storable(answer_id)
        with self._lock:
            if answer_id in self._pending:
                return self._pending[answer_id]
        if (passing := self._temporary.get(answer_id)) is not None:
            return passing
        with reading(self.path) as db:
            row = db.execute("SELECT payload FROM answer WHERE id=?", (answer_id,)).fetchone()
        return None if row is None else AnswerRecord.model_validate_json(row["payload"])

    def keep(self, answer_id: str) -> None:
        """Write a temporary answer down, because it is flagged; others are on disk already."""
        if (passing := self._temporary.get(answer_id)) is not None:
            self.record(passing)
            self._temporary.forget([answer_id])

    def forget_temporary(self, answer_ids: Iterable[str]) -> None:
        """Forget the answers of a temporary chat that was closed; flagged ones stay."""
        self._temporary.forget(answer_ids)

    def note(self, kind: Signal, answer_id: str, *, owner: str) -> bool:
        """Count what somebody did with their answer; it trains nothing (`feedback.signals`).

        Args:
            kind: `retry`, `edit`, `copy` or `stop`.
            answer_id: Which answer.
            owner: As in `Request.owner`.

        Returns:
            Whether it counts: not for an unknown or temporary answer, or somebody else's.
        """
        answer = self.get(answer_id)
        if answer is None or answer.owner != owner_hash(owner):
            return False
        if kind not in SIGNALS or self._temporary.get(answer.id) is not None:
            return False
        at = _milliseconds(now())
        self._writer.submit(lambda db: signals.put(db, answer.id, kind, at))
        return True

    def count(self) -> int:
        """How many answers are kept."""
        self.flush()
        return count_answers(self.path)

    def erase(self, answer_id: str) -> None:
        """Forget one answer for good."""
        with self._lock:
            self._pending.pop(answer_id, None)
        self._temporary.forget([answer_id])
        self._writer.run(lambda db: _delete(db, answer_id))
        self._writer.checkpoint()

    def expire(self, moment: datetime) -> int:
        """Drop what is older than `keep_days` at `moment`; says how many."""
        oldest = _milliseconds(moment - self._kept_for)
        return self._writer.run(lambda db: _delete_older(db, oldest))

    def flush(self) -> None:
        """Wait until everything recorded so far is on disk."""
        self._writer.run(lambda _db: None)

    def close(self) -> None:
        """Write what is waiting and close the file."""
        self._writer.close()

    def _written(self, answer_id: str, done: "Future[None]") -> None:
        with self._lock:
            self._pending.pop(answer_id, None)
        if problem := done.exception():
            log.error("Answer %s was not stored: %s", answer_id, problem)

    def _expire_now_and_then(self) -> None:
        moment = now()
        with self._lock:
            due = moment - self._expired_at > EXPIRE_EVERY
            if due:
                self._expired_at = moment
        if due:
            oldest = _milliseconds(moment - self._kept_for)
            self._writer.submit(lambda db: _delete_older(db, oldest))


def count_answers(path: Path) -> int:
    """How many answers a store holds; none where there is no store yet."""
    if not path.is_file():
        return 0
    with reading(path) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name='answer'").fetchone():
            return 0
        return int(db.execute("SELECT count(*) FROM answer").fetchone()[0])


def _insert(db: sqlite3.Connection, answer: AnswerRecord) -> None:
    db.execute(
        "INSERT OR REPLACE INTO answer(id,created_at,app,owner,payload) VALUES(?,?,?,?,?)",
        (
            answer.id,
            _milliseconds(answer.created_at),
            answer.app,
            answer.owner,
            answer.model_dump_json(),
        ),
    )


def _delete(db: sqlite3.Connection, answer_id: str) -> None:
    db.execute("DELETE FROM answer WHERE id=?", (answer_id,))
    db.execute("DELETE FROM signal WHERE answer_id=?", (answer_id,))


def _delete_older(db: sqlite3.Connection, oldest: int) -> int:
    gone = db.execute("DELETE FROM answer WHERE created_at<?", (oldest,)).rowcount
    if gone:
        signals.forget_without_answer(db)
    return gone


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)

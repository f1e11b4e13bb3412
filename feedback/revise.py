"""Adds revisions to the outbox: jobs for its writer, which does one after the other.

What the last revision was is looked up inside the job, so that two clicks at once become two
revisions of one flag and never two flags.
"""

import dataclasses
import sqlite3

from feedback.build_record import says_the_same
from feedback.outbox import Row, newest, put, put_receipt
from feedback.records import FlagRecord, now
from feedback.reviews import stamp
from shared.ids import new_id


def add_revision(
    db: sqlite3.Connection,
    record: FlagRecord,
    answer_id: str,
    owner: str,
    elsewhere: Row | None,
    receipt_sha256: str,
) -> tuple[str, bool]:
    """Add a revision unless it says what the last one said; the flag's id, and if it is new.

    A new flag gets the record's own id where it has one.
    """
    last = _later(newest(db, owner, answer_id), elsewhere)
    record = record.model_copy(update={"id": last.flag_id if last else record.id or new_id()})
    if last is not None and _repeats(record, last):
        put_receipt(db, record.id, receipt_sha256)
        return record.id, False
    row = Row(
        flag_id=record.id,
        app=record.app,
        owner=owner,
        answer_id=answer_id,
        revision=last.revision + 1 if last else 1,
        created_at=stamp(record.created_at),
        withdrawn=False,
        consent=record.consent.train,
        payload=record.model_dump_json(),
    )
    put(db, row, receipt_sha256)
    return record.id, last is None


def _repeats(record: FlagRecord, last: Row) -> bool:
    return last.payload is not None and says_the_same(
        record, FlagRecord.model_validate_json(last.payload)
    )


def add_withdrawal(db: sqlite3.Connection, known: Row) -> None:
    """Add the revision that takes a flag back."""
    last = _later(newest(db, known.owner, known.answer_id), known) or known
    gone = dataclasses.replace(
        last,
        revision=last.revision + 1,
        created_at=stamp(now()),
        withdrawn=True,
        consent=False,
        payload=None,
    )
    put(db, gone, None)


def _later(here: Row | None, elsewhere: Row | None) -> Row | None:
    """A flag may have been revised in another process since."""
    rows = [row for row in (here, elsewhere) if row is not None]
    return max(rows, key=lambda row: row.revision, default=None)

"""Empties rows of an outbox file: flags that were erased, and flags that nobody may use any more.

Jobs for the one writer of the file. Of a flag that is in a shard the id stays, so that its receipt
still erases it where the shard went.
"""

import sqlite3
from collections.abc import Iterable

from feedback import sealing

_STALE = """
SELECT r.flag_id, EXISTS (
  SELECT 1 FROM placed p JOIN revision o ON o.seq=p.revision WHERE o.flag_id=r.flag_id) AS placed
FROM revision r WHERE r.revision=(SELECT max(revision) FROM revision WHERE flag_id=r.flag_id)
  AND r.consent=0 AND r.created_at<?
"""


def scrub(db: sqlite3.Connection, flag_ids: Iterable[str]) -> list[str]:
    """Empty flags that are not empty yet, also in shards that still wait; gives their ids."""
    found = [flag_id for flag_id in flag_ids if _scrub_one(db, flag_id)]
    if found:
        sealing.empty_sealed(db, found)
    return found


def _scrub_one(db: sqlite3.Connection, flag_id: str) -> bool:
    """Empty one flag; false when it was empty already, or is not in this file."""
    found = db.execute(
        "SELECT 1 FROM flag WHERE id=? AND answer_id!='erased ' || id", (flag_id,)
    ).fetchone()
    if found is None:
        return False
    db.execute("UPDATE revision SET payload=NULL, consent=0 WHERE flag_id=?", (flag_id,))
    db.execute("DELETE FROM receipt WHERE flag_id=?", (flag_id,))
    db.execute("UPDATE flag SET owner='', answer_id='erased ' || id WHERE id=?", (flag_id,))
    return True


def expire(db: sqlite3.Connection, oldest: int) -> list[str]:
    """Drop what came before `oldest` without consent; ids of the flags that are gone."""
    stale = db.execute(_STALE, (oldest,)).fetchall()
    db.executemany(
        "UPDATE revision SET payload=NULL WHERE flag_id=? AND payload IS NOT NULL",
        [(flag_id,) for flag_id, placed in stale if placed],
    )
    ids = [flag_id for flag_id, placed in stale if not placed]
    for table, column in (("receipt", "flag_id"), ("revision", "flag_id"), ("flag", "id")):
        db.executemany(f"DELETE FROM {table} WHERE {column}=?", [(i,) for i in ids])  # noqa: S608
    return ids

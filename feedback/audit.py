"""A second look at what was decided: how good are the labels?

A sample of decided flags is drawn by a seed and shown again, blind, to somebody else where there is
somebody else. What is said then changes nothing about the flag; it is compared with what was
decided, and that figure tells how far the decisions can be trusted.
"""

import hashlib
import heapq
import sqlite3
from collections.abc import Sequence

from feedback.agreement import Agreement, category, measured
from feedback.ledger import Flag, Ledger
from feedback.records import now
from feedback.register import Register
from feedback.review_file import ReviewFile
from feedback.reviews import Ruling, stamp
from shared.errors import NotFound
from shared.home import Home


def draw(home: Home, *, size: int, seed: int = 0) -> list[str]:
    """Add up to `size` decided flags to those that wait for a second look; gives their ids.

    The same seed on the same flags draws the same sample. A flag is drawn once per revision.
    """
    decided = Register(home).decided()
    with ReviewFile(home).writing() as db:
        known = {
            (row[0], row[1]) for row in db.execute("SELECT flag_id, revision FROM second_look")
        }
        ids = [flag_id for flag_id, revision in decided if (flag_id, revision) not in known]
        chosen = heapq.nsmallest(size, ids, key=lambda flag_id: _shuffled(seed, flag_id))
        flags = {flag.id: flag for flag in Ledger(home).each(chosen) if flag.decision}
        drawn = [flags[flag_id] for flag_id in chosen if flag_id in flags]
        db.executemany(
            "INSERT INTO second_look(flag_id,revision,drawn_at,first,first_by) VALUES(?,?,?,?,?)",
            [_drawn(flag) for flag in drawn],
        )
    return [flag.id for flag in drawn]


def waiting(home: Home, *, by: str) -> list[Flag]:
    """Flags that wait for this reviewer's second look, shuffled.

    Somebody's own decisions come last: another pair of eyes tells more.
    """
    with ReviewFile(home).reading() as db:
        rows = db.execute("SELECT * FROM second_look WHERE again IS NULL").fetchall()
    ordered = sorted(rows, key=lambda row: (row["first_by"] == by, _shuffled(0, row["flag_id"])))
    ledger = Ledger(home)
    found = [(row, _still_there(ledger, row)) for row in ordered]
    return [flag for _, flag in found if flag is not None]


def judge(home: Home, flag_id: str, ruling: Ruling, *, by: str) -> None:
    """Write down what somebody says at a second look; the flag stays as it was decided.

    Raises:
        NotFound: If this flag does not wait for one.
    """
    values = (category(ruling), by, stamp(now()), flag_id)
    with ReviewFile(home).writing() as db:
        done = db.execute(
            "UPDATE second_look SET again=?, again_by=?, again_at=?"
            " WHERE flag_id=? AND again IS NULL",
            values,
        )
        if not done.rowcount:
            raise NotFound(f"Flag {flag_id[:60]!r} does not wait for a second look.")


def quality(home: Home) -> Agreement:
    """How often second looks agree with the first ones."""
    with ReviewFile(home).reading() as db:
        rows = db.execute(
            "SELECT flag_id, first, again FROM second_look WHERE again IS NOT NULL ORDER BY flag_id"
        ).fetchall()
    return measured((row["flag_id"], [row["first"], row["again"]]) for row in rows)


def _still_there(ledger: Ledger, row: sqlite3.Row) -> Flag | None:
    """The flag, unless its author has changed it or taken it back since it was drawn."""
    try:
        flag = ledger.get(row["flag_id"])
    except NotFound:
        return None
    unchanged = flag.newest is not None and flag.newest.revision == row["revision"]
    return flag if unchanged and flag.record is not None else None


def _drawn(flag: Flag) -> Sequence[object]:
    decision = flag.decision
    assert decision is not None, "only decided flags are drawn"
    return (*_key(flag), stamp(now()), category(decision.decision), decision.by)


def _key(flag: Flag) -> tuple[str, int]:
    return flag.id, flag.rows[-1].revision


def _shuffled(seed: int, flag_id: str) -> str:
    return hashlib.sha256(f"{seed} {flag_id}".encode()).hexdigest()

"""What each flag would give to a dataset version, as the register keeps it, and all of it together.

A version is chosen from what people said (`feedback.selection`); to tell how large it would be, it
is enough to know of each flag what it gives, and these are the same caps on the same facts.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from feedback.ledger import Flag
from feedback.material import material
from feedback.reviews import of_flags
from feedback.selection import Caps, Selection, cap, digest
from feedback.taxonomy import Taxonomy

DAY_MS = 86_400_000
LEARN, PAIR = 1, 2
"""Bits of `gives`: an answer to learn, a pair."""
KEPT = "worth"


class Worth(NamedTuple):
    """What the register keeps about one flag, for its place in a dataset version."""

    left_out: str
    """Why it would not be in it; empty for one that would, but for the caps."""
    giver: str = ""
    answer: bytes = b""
    gives: int = 0
    thumb: bool | None = None


class Given(NamedTuple):
    """A flag that a dataset version would be made of."""

    id: str
    giver: str
    session: str
    day: str
    question: str
    answer: bytes
    thumb: bool | None
    gives: int


def worth(flag: Flag, taxonomy: Taxonomy) -> Worth:
    """What a flag would give now."""
    found = material(flag, taxonomy)
    if isinstance(found, str):
        return Worth(found)
    row, uses = flag.rows[-1], found.uses
    return Worth(
        "",
        f"{row.owner} {row.answer_id}",
        digest(found.record.answer),
        (LEARN if uses.learn else 0) | (PAIR if uses.chosen else 0),
        uses.thumb,
    )


def forget_kept(db: sqlite3.Connection, flag_ids: Sequence[str]) -> None:
    """Drop what was kept of `counted`, if one of these flags is counted in it."""
    counts = db.execute(
        f"SELECT 1 FROM entry WHERE {of_flags(flag_ids)} AND left_out=''"  # noqa: S608 - constants
        " AND EXISTS (SELECT 1 FROM kept) LIMIT 1",
        tuple(flag_ids),
    )
    if counts.fetchone():
        db.execute("DELETE FROM kept")


def counted(db: sqlite3.Connection, caps: Caps) -> dict[str, dict[str, int]]:
    """What a dataset version built now would be made of, under the names of `enough.Enough`.

    Returns:
        `gives`: flags, corrections, pairs and thumbs of each kind; `left_out`: by reason.
    """
    where = "SELECT left_out, count(*) FROM entry WHERE left_out!='' GROUP BY left_out"
    left_out = {row[0]: row[1] for row in db.execute(where)}
    for row in db.execute("SELECT state, count(*) FROM gone GROUP BY state"):
        left_out[row[0]] = left_out.get(row[0], 0) + row[1]
    found = _kept(db) or _capped(db, caps)
    return {"gives": found["gives"], "left_out": left_out | found["left_out"]}


def _capped(db: sqlite3.Connection, caps: Caps) -> dict[str, dict[str, int]]:
    """The same after the caps; kept until a flag that is counted here changes."""
    rows = db.execute(
        "SELECT flag_id, giver, session, CAST(created_at/86400000 AS TEXT), question, answer,"
        " thumb, gives FROM entry WHERE left_out='' ORDER BY flag_id"
    )
    rows.row_factory = None
    chosen: Selection[Given] = Selection([Given._make(row) for row in rows])
    cap(chosen, caps)
    items = chosen.items
    gives = {
        "flags": len(items),
        "corrections": sum(item.gives & LEARN > 0 and item.thumb is None for item in items),
        "pairs": sum(item.gives & PAIR > 0 for item in items),
        "good": sum(item.thumb == 1 for item in items),
        "bad": sum(item.thumb == 0 for item in items),
    }
    found = {"gives": gives, "left_out": dict(chosen.left_out)}
    db.execute("INSERT OR REPLACE INTO kept(name,value) VALUES(?,?)", (KEPT, json.dumps(found)))
    return found


def _kept(db: sqlite3.Connection) -> dict[str, dict[str, int]] | None:
    row = db.execute("SELECT value FROM kept WHERE name=?", (KEPT,)).fetchone()
    found: dict[str, dict[str, int]] | None = None if row is None else json.loads(row["value"])
    return found

"""One round of everything that flags need from the Hub: push, card, erase.

Seal, push, mark: the bytes of a shard are frozen before they are sent and marked after the Hub has
them. A crash or an error in between leaves them sealed, and the next round sends the same bytes to
the same path, which the Hub has then or has not; either way it is one file.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from feedback import sealing
from feedback.card import write_card
from feedback.hub import Hub
from feedback.hub_erasure import HubErasures, erase_pending
from feedback.outbox import Outbox, outbox_files, taken
from feedback.records import Record
from feedback.sealing import Sealed
from feedback.writer import reading
from shared.home import Home

SHARDS_PER_COMMIT = 50
CARD = "README.md"


class Shipped(Record):
    """What a round has brought to the Hub."""

    rows: int = 0
    """Rows pushed: flags, later revisions of them, and withdrawals."""
    erased: tuple[str, ...] = ()
    """Flags whose erasure is complete."""

    def __bool__(self) -> bool:
        """Whether the Hub was asked to change anything."""
        return bool(self.rows or self.erased)


def is_due(home: Home, box: Outbox, hub: Hub) -> bool:
    """Whether a round would have anything to do; asks nobody."""
    return bool(
        _waits(box.path)
        or _apps_without_card(box.path, hub.repo)
        or HubErasures(home).pending(hub.repo)
    )


def ship(home: Home, boxes: Iterable[Outbox], hub: Hub) -> Shipped:
    """Push what these outboxes hold, describe it, and erase what is to be erased.

    Raises:
        HubError: If the Hub cannot be asked; what is left is done by the next round.
    """
    rows = 0
    for box in boxes:
        rows += _push(home, box, hub)
        _describe(box, hub)
    return Shipped(rows=rows, erased=tuple(erase_pending(home, hub)))


@contextlib.contextmanager
def left_behind(folder: Path, own: Path) -> Iterator[list[Outbox]]:
    """Outboxes that no process holds and that have something to push."""
    others = [path for path in outbox_files(folder) if path != own and _waits(path)]
    with taken(others) as boxes:
        yield boxes


def _waits(path: Path) -> bool:
    with reading(path) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name='placed'").fetchone():
            return False
    others = [other for other in outbox_files(path.parent) if other != path]
    return bool(sealing.sealed(path, 1) or sealing.open_revisions(path, others))


def _push(home: Home, box: Outbox, hub: Hub) -> int:
    rows = 0
    box.seal()
    while sealed := sealing.sealed(box.path, SHARDS_PER_COMMIT):
        hub.prepare()
        count = sum(shard.rows for shard in sealed)
        oid = hub.commit({shard.path: shard.data for shard in sealed}, f"Flags: {count} rows")
        _reopen(home, box, sealed, hub.repo)
        box.writer.run(_marking(sealed, oid, hub.repo))
        rows += count
    return rows


def _marking(sealed: Sequence[Sealed], oid: str, repo: str) -> sealing.Job:
    return lambda db: sealing.mark_pushed(db, sealed, oid, repo)


def _reopen(home: Home, box: Outbox, sealed: Sequence[Sealed], repo: str) -> None:
    """Their first bytes may have reached the Hub before their flags were erased."""
    if numbers := [shard.no for shard in sealed if shard.rewritten]:
        HubErasures(home).reopen(sealing.flags_in(box.path, numbers), repo)


def _describe(box: Outbox, hub: Hub) -> None:
    """Bring the card up to date when an app has its first shard."""
    if not (missing := _apps_without_card(box.path, hub.repo)):
        return
    hub.prepare()
    hub.change(lambda head: _card(hub, head), "Card: configurations and columns")
    box.writer.run(lambda db: _note_card(db, missing, hub.repo))


def _card(hub: Hub, head: str) -> Mapping[str, bytes]:
    apps = {path.split("/")[1] for path in hub.shards(head)}
    old = hub.read(CARD, head).decode("utf-8", "replace")
    new = write_card(old, apps)
    return {} if new == old else {CARD: new.encode()}


def _apps_without_card(path: Path, repo: str) -> set[str]:
    """Apps with a pushed shard for which the card was not looked at yet."""
    with reading(path) as db:
        rows = db.execute("SELECT path FROM shard WHERE repo=?", (repo,))
        pushed = {row["path"].split("/")[1] for row in rows}
        rows = db.execute("SELECT value FROM meta WHERE key LIKE 'card %'")
        return pushed - {app for row in rows if (app := _noted(row["value"], repo))}


def _note_card(db: sqlite3.Connection, apps: Iterable[str], repo: str) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO meta(key,value) VALUES(?,?)",
        [(f"card {app}", f"{app} {repo}") for app in apps],
    )


def _noted(value: str, repo: str) -> str:
    app, _, where = value.partition(" ")
    return app if where == repo else ""

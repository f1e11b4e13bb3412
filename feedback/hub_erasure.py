"""Erases flags from the raw dataset, and remembers which ones are still to be erased there.

The order is what makes it thorough: shards are rewritten (an erased row stays as a row without
content), then the old files are deleted from large-file storage together with the commits that name
them, then the history becomes one commit. Left out, the second step would keep the file and the
third the row. Every step can be done again, so an erasure that was interrupted anywhere is simply
done again as a whole. A copy that somebody has downloaded is out of reach; the dataset is private.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from feedback import sealing
from feedback.hub import Hub
from feedback.outbox import held, outbox_files
from feedback.review_file import ReviewFile
from feedback.reviews import Reviews
from feedback.shards import replica_of, without
from shared.home import Home


class HubErasures:
    """Which erased flags have left which dataset."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = ReviewFile(home)

    def pending(self, repo: str) -> set[str]:
        """Erased flags that may still have rows in this dataset."""
        return Reviews(self._home).tombstones().keys() - self._done(repo)

    def note(self, flag_ids: Iterable[str], repo: str) -> None:
        """These have left the dataset."""
        with self._file.writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO hub_erased(flag_id,repo) VALUES(?,?)",
                [(flag_id, repo) for flag_id in flag_ids],
            )

    def reopen(self, flag_ids: Iterable[str], repo: str) -> None:
        """These may have come back: a push was under way while they were erased."""
        with self._file.writing() as db:
            db.executemany(
                "DELETE FROM hub_erased WHERE flag_id=? AND repo=?",
                [(flag_id, repo) for flag_id in flag_ids],
            )

    def _done(self, repo: str) -> set[str]:
        with self._file.reading() as db:
            rows = db.execute("SELECT flag_id FROM hub_erased WHERE repo=?", (repo,))
            return {row["flag_id"] for row in rows}


def erase_pending(home: Home, hub: Hub) -> list[str]:
    """Erase from the dataset what is erased here; gives the flags whose erasure is complete.

    Flags that an outbox of this home still holds wait: that outbox may be about to push them.

    Raises:
        HubError: If the Hub cannot be asked; the rest is done by the next call.
    """
    erasures = HubErasures(home)
    pending = erasures.pending(hub.repo)
    if pending:
        pending = pending.difference(*(held(path, pending) for path in outbox_files(home.feedback)))
    if not pending:
        return []
    hub.prepare()
    _erase(home, hub, pending)
    erasures.note(pending, hub.repo)
    return sorted(pending)


def _erase(home: Home, hub: Hub, flag_ids: set[str]) -> None:
    named: set[str] = set()
    old: set[str] = set()

    def rewritten(head: str) -> Mapping[str, bytes]:
        known = hub.shards(head)
        changed: dict[str, bytes] = {}
        for path in _suspects(home, known, flag_ids):
            data, names_them = without(hub.read_shard(path, head, known[path]), flag_ids)
            if names_them:
                named.add(path)
            if data is not None:
                changed[path] = data
                old.add(known[path])
        return changed

    head = hub.change(rewritten, "Flags: rows erased")
    if named:
        kept = set(hub.shards(head).values())
        hub.forget(lambda path, sha: (path in named or sha in old) and sha not in kept)
        hub.squash("Flags: history squashed after an erasure")


def _suspects(home: Home, known: Mapping[str, str], flag_ids: set[str]) -> list[str]:
    """Shards that may name the flags: those they were sealed into, and all of other machines."""
    files = outbox_files(home.feedback)
    ours = {_replica(path) for path in files}
    placed = {path for path, _ in sealing.places(files, flag_ids)}
    return [path for path in known if path in placed or replica_of(path) not in ours]


def _replica(outbox: Path) -> str:
    return outbox.stem.removeprefix("outbox-")

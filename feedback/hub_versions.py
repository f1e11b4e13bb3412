"""A dataset on the Hub that holds one version at a time, each under a tag of its own.

What the curated and the published dataset have in common: a version goes up as one commit on the
head that it was made for, and then gets its tag; cut short in between, it is simply put there
again. To leave nothing of older versions behind, the files are replaced, the tags and large files
of all others deleted, and one commit made of the history.
"""

from collections.abc import Mapping
from typing import Literal

from feedback.curated_files import CARD, MANIFEST, path_of
from feedback.hub import Hub
from feedback.review_file import ReviewFile
from feedback.rows import KINDS
from shared.home import Home

Files = Mapping[str, bytes]
Table = Literal["curated_repo", "published_repo"]


class Notes:
    """Which datasets versions of this home were brought to; kept with the reviews."""

    def __init__(self, home: Home, table: Table) -> None:
        self._file = ReviewFile(home)
        self._table = table

    def newest(self) -> dict[str, str]:
        """Datasets with the version that was brought there last."""
        query = f"SELECT repo, version FROM {self._table} ORDER BY repo"  # noqa: S608 - constant
        with self._file.reading() as db:
            return {row["repo"]: row["version"] for row in db.execute(query)}

    def note(self, repo: str, version: str) -> None:
        """A version is about to go there."""
        with self._file.writing() as db:
            db.execute(
                f"INSERT INTO {self._table}(repo,version) VALUES(?,?)"
                " ON CONFLICT(repo) DO UPDATE SET version=excluded.version",
                (repo, version),
            )

    def is_erasing(self, repo: str) -> bool:
        """Whether replacing everything there was begun and not finished."""
        query = f"SELECT erasing FROM {self._table} WHERE repo=?"  # noqa: S608 - constant
        with self._file.reading() as db:
            row = db.execute(query, (repo,)).fetchone()
        return bool(row and row["erasing"])

    def replace_all(self, hub: Hub, files: Files, name: str, title: str) -> None:
        """Leave nothing in the dataset but these files, and remember when that is cut short."""
        self._erasing(hub.repo, True)
        _replace_all(hub, files, name, title)
        self._erasing(hub.repo, False)

    def _erasing(self, repo: str, begun: bool) -> None:
        query = f"UPDATE {self._table} SET erasing=? WHERE repo=?"  # noqa: S608 - constant
        with self._file.writing() as db:
            db.execute(query, (begun, repo))


def put(hub: Hub, files: Files, name: str, title: str) -> tuple[str, bool]:
    """Bring a version to the dataset, with its tag; gives its commit, and whether it was new."""
    if (there := hub.tags().get(name)) and hub.read(MANIFEST, there) == files[MANIFEST]:
        return there, False
    commit = _commit(hub, files, title)
    hub.tag(name, commit)
    return commit, True


def revisions(hub: Hub) -> set[str]:
    """Every commit at which somebody may read a version."""
    return {hub.head(), *hub.tags().values()}


def _replace_all(hub: Hub, files: Files, name: str, title: str) -> None:
    head = _commit(hub, files, title)
    hub.untag(hub.tags())
    kept = set(hub.large_files(head).values())
    hub.forget(lambda _path, sha: sha not in kept)
    hub.squash(f"{title}, history squashed")
    if files:
        hub.tag(name, hub.head())


def _commit(hub: Hub, files: Files, title: str) -> str:
    """Make these the files of the newest commit; gives it."""

    def made(head: str) -> Mapping[str, bytes | None]:
        if hub.read(MANIFEST, head) == files.get(MANIFEST, b""):
            return {}
        stale = [path for path in _paths(hub, head) if path not in files]
        return {**files, **dict.fromkeys(stale)}

    return hub.change(made, title)


def _paths(hub: Hub, head: str) -> list[str]:
    """What of a version lies in the dataset."""
    large = set(hub.large_files(head))
    small = [path for path in (MANIFEST, CARD) if hub.read(path, head)]
    return [*small, *(path for kind in KINDS if (path := path_of(kind)) in large)]

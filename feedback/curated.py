"""Dataset versions on the Hub: the curated dataset, private, with a tag for every version.

A version goes up as one commit on the head that it was made for, and then gets its tag; cut short
in between, it is simply pushed again. An erasure rewrites the newest version there, deletes the
large files of all others together with their tags, and makes one commit of the history: an older
version that holds what somebody had erased must not stay readable.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from feedback.curated_files import CARD, MANIFEST, files_of, path_of
from feedback.dataset import Card, DatasetVersion, strip_versions
from feedback.hub import Hub
from feedback.hub_erasure import HubErasures
from feedback.records import Record
from feedback.review_file import ReviewFile
from feedback.rows import KINDS
from shared.errors import HubError, NotFound
from shared.home import Home


class PushedVersion(Record):
    """A dataset version as it is on the Hub."""

    repo: str
    version: str
    commit: str
    changed: bool
    """False when it was there already."""


def push(home: Home, hub: Hub, version: DatasetVersion) -> PushedVersion:
    """Bring a version to the curated dataset, with its tag.

    Raises:
        HubError: If the Hub cannot be asked, or the dataset is not private.
    """
    hub.prepare()
    _note(home, hub.repo, version.name)
    files = files_of(version)
    if (there := hub.tags().get(version.name)) and hub.read(MANIFEST, there) == files[MANIFEST]:
        return PushedVersion(repo=hub.repo, version=version.name, commit=there, changed=False)

    def made(head: str) -> Mapping[str, bytes | None]:
        if hub.read(MANIFEST, head) == files[MANIFEST]:
            return {}
        stale = [path for path in _paths(hub, head) if path not in files]
        return {**files, **dict.fromkeys(stale)}

    commit = hub.change(made, f"Dataset version {version.name}: {len(version.flag_ids)} flags")
    hub.tag(version.name, commit)
    return PushedVersion(repo=hub.repo, version=version.name, commit=commit, changed=True)


def pushed_to(home: Home) -> dict[str, str]:
    """Datasets that versions of this home were pushed to, with the newest version of each."""
    with ReviewFile(home).reading() as db:
        rows = db.execute("SELECT repo, version FROM curated_repo ORDER BY repo").fetchall()
    return {row["repo"]: row["version"] for row in rows}


def is_due(home: Home, hub: Hub) -> bool:
    """Whether `erase_pending` would have anything to do; asks nobody."""
    return hub.repo in pushed_to(home) and bool(HubErasures(home).pending(hub.repo))


def erase_pending(home: Home, hub: Hub) -> list[str]:
    """Erase from the curated dataset what is erased here; gives flags whose erasure is complete.

    Raises:
        HubError: If the Hub cannot be asked; the rest is done by the next call.
    """
    erasures = HubErasures(home)
    newest = pushed_to(home).get(hub.repo)
    pending = erasures.pending(hub.repo) if newest is not None else set()
    if newest is None or not pending:
        return []
    strip_versions(home, pending)
    hub.prepare()
    revisions = {hub.head(), *hub.tags().values()}
    # One that was cut short is done again as a whole: its flags may be gone from all revisions
    # and still lie in large-file storage.
    if _begun(home, hub.repo) or any(pending & _flags_at(hub, one) for one in revisions):
        _begin(home, hub.repo, erasing=True)
        _erase(hub, _files_here(home, newest), newest)
        _begin(home, hub.repo, erasing=False)
    erasures.note(pending, hub.repo)
    return sorted(pending)


def _erase(hub: Hub, files: Mapping[str, bytes], newest: str) -> None:
    """Leave nothing on the Hub but these files, in one commit."""

    def made(head: str) -> Mapping[str, bytes | None]:
        if hub.read(MANIFEST, head) == files.get(MANIFEST, b""):
            return {}
        stale = [path for path in _paths(hub, head) if path not in files]
        return {**files, **dict.fromkeys(stale)}

    head = hub.change(made, "Dataset version: rows erased")
    hub.untag(hub.tags())
    kept = set(hub.large_files(head).values())
    hub.forget(lambda _path, sha: sha not in kept)
    hub.squash("Dataset versions: history squashed after an erasure")
    if files:
        hub.tag(newest, hub.head())


def _files_here(home: Home, name: str) -> dict[str, bytes]:
    """The files of a version as it is on this machine; none when it is not there any more."""
    try:
        return files_of(DatasetVersion.load(home.datasets / name))
    except NotFound:
        return {}


def _paths(hub: Hub, head: str) -> list[str]:
    """What of a version lies in the dataset."""
    large = set(hub.large_files(head))
    small = [path for path in (MANIFEST, CARD) if hub.read(path, head)]
    return [*small, *(path for kind in KINDS if (path := path_of(kind)) in large)]


def _flags_at(hub: Hub, revision: str) -> set[str]:
    """Flags of the version at a commit; none where no version was pushed yet."""
    data = hub.read(MANIFEST, revision)
    try:
        return set(Card.model_validate_json(data).flag_ids) if data else set()
    except ValidationError as error:
        raise HubError(
            f"dataset.json of {hub.repo} is not one of Inkloop's.", fix="Use a dataset of its own."
        ) from error


def _note(home: Home, repo: str, version: str) -> None:
    with ReviewFile(home).writing() as db:
        db.execute(
            "INSERT INTO curated_repo(repo,version) VALUES(?,?)"
            " ON CONFLICT(repo) DO UPDATE SET version=excluded.version",
            (repo, version),
        )


def _begun(home: Home, repo: str) -> bool:
    """Whether an erasure there was begun and not finished."""
    with ReviewFile(home).reading() as db:
        row = db.execute("SELECT erasing FROM curated_repo WHERE repo=?", (repo,)).fetchone()
    return bool(row and row["erasing"])


def _begin(home: Home, repo: str, *, erasing: bool) -> None:
    with ReviewFile(home).writing() as db:
        db.execute("UPDATE curated_repo SET erasing=? WHERE repo=?", (erasing, repo))

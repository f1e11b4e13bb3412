"""Dataset versions on the Hub: the curated dataset, private, with a tag for every version.

An erasure rewrites the newest version there and leaves nothing of the others
(`feedback.hub_versions`): one that holds what somebody had erased must not stay readable.
"""

from pydantic import ValidationError

from feedback.curated_files import MANIFEST, files_of
from feedback.dataset import Card, DatasetVersion, strip_versions
from feedback.hub import Hub
from feedback.hub_erasure import HubErasures
from feedback.hub_versions import Notes, put, revisions
from feedback.records import Record
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
    _notes(home).note(hub.repo, version.name)
    title = f"Dataset version {version.name}: {len(version.flag_ids)} flags"
    commit, changed = put(hub, files_of(version), version.name, title)
    return PushedVersion(repo=hub.repo, version=version.name, commit=commit, changed=changed)


def pushed_to(home: Home) -> dict[str, str]:
    """Datasets that versions of this home were pushed to, with the newest version of each."""
    return _notes(home).newest()


def is_due(home: Home, hub: Hub) -> bool:
    """Whether `erase_pending` would have anything to do; asks nobody."""
    return hub.repo in pushed_to(home) and bool(HubErasures(home).pending(hub.repo))


def erase_pending(home: Home, hub: Hub) -> list[str]:
    """Erase from the curated dataset what is erased here; gives flags whose erasure is complete.

    Raises:
        HubError: If the Hub cannot be asked; the rest is done by the next call.
    """
    erasures, notes = HubErasures(home), _notes(home)
    newest = pushed_to(home).get(hub.repo)
    pending = erasures.pending(hub.repo) if newest is not None else set()
    if newest is None or not pending:
        return []
    strip_versions(home, pending)
    hub.prepare()
    # One that was cut short is done again as a whole: its flags may be gone from all revisions
    # and still lie in large-file storage.
    begun = notes.is_erasing(hub.repo)
    if begun or any(pending & _flags_at(hub, one) for one in revisions(hub)):
        notes.replace_all(hub, _files_here(home, newest), newest, "Dataset version: rows erased")
    erasures.note(pending, hub.repo)
    return sorted(pending)


def _notes(home: Home) -> Notes:
    return Notes(home, "curated_repo")


def _files_here(home: Home, name: str) -> dict[str, bytes]:
    """The files of a version as it is on this machine; none when it is not there any more."""
    try:
        return files_of(DatasetVersion.load(home.datasets / name))
    except NotFound:
        return {}


def _flags_at(hub: Hub, revision: str) -> set[str]:
    """Flags of the version at a commit; none where no version was pushed yet."""
    data = hub.read(MANIFEST, revision)
    try:
        return set(Card.model_validate_json(data).flag_ids) if data else set()
    except ValidationError as error:
        raise HubError(
            f"dataset.json of {hub.repo} is not one of Inkloop's.", fix="Use a dataset of its own."
        ) from error

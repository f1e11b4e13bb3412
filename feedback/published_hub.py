"""The published dataset on the Hub: public, and without a trace of what was taken back.

An ordinary push adds a version under its tag. Once a flag that lies there is in the new version no
longer, because it was erased, taken back or its consent was, everything older is replaced
(`feedback.hub_versions`): what somebody gave to everybody and took back must not stay readable in
the history.
"""

from pydantic import ValidationError

from feedback.curated_files import MANIFEST
from feedback.hub import Hub
from feedback.hub_erasure import HubErasures
from feedback.hub_versions import Notes, put, revisions
from feedback.published import Manifest, Published, current, strip
from feedback.published_rows import PublicNames
from feedback.records import Record
from shared.errors import HubError
from shared.home import Home


class PushedRows(Record):
    """What is published on the Hub now."""

    repo: str
    version: str
    changed: bool
    """False when it was there already."""
    replaced: bool = False
    """Whether the history went, because something was taken back."""


def push(home: Home, hub: Hub, published: Published) -> PushedRows:
    """Bring the folder to the public dataset, and what is no longer in it out of all history.

    Raises:
        HubError: If the Hub cannot be asked; the same again finishes it.
    """
    hub.prepare()
    notes, name = _notes(home), published.name
    notes.note(hub.repo, name)
    changed, replaced = True, notes.is_erasing(hub.repo) or _loses(hub, published)
    if replaced:
        notes.replace_all(hub, published.files(), name, "Published flags: rows taken back")
    else:
        title = f"Published flags: {len(published.manifest.ids)}"
        changed = put(hub, published.files(), name, title)[1]
    return PushedRows(repo=hub.repo, version=name, changed=changed, replaced=replaced)


def pushed_to(home: Home) -> dict[str, str]:
    """Datasets that something of this home was published in."""
    return _notes(home).newest()


def is_due(home: Home, hub: Hub) -> bool:
    """Whether `erase_pending` would have anything to do; asks nobody."""
    return hub.repo in pushed_to(home) and bool(HubErasures(home).pending(hub.repo))


def erase_pending(home: Home, hub: Hub) -> list[str]:
    """Erase from the published dataset what is erased here; gives flags that are gone there.

    Raises:
        HubError: If the Hub cannot be asked; the rest is done by the next call.
    """
    erasures = HubErasures(home)
    pending = erasures.pending(hub.repo) if hub.repo in pushed_to(home) else set()
    if not pending:
        return []
    strip(home, pending)
    hub.prepare()
    if _notes(home).is_erasing(hub.repo) or _names_any(home, hub, pending):
        _replace(home, hub)
    erasures.note(pending, hub.repo)
    return sorted(pending)


def _replace(home: Home, hub: Hub) -> None:
    """Leave only what is in the folder; where that is gone, nothing can be told to be allowed."""
    here, notes = current(home), _notes(home)
    files, name = (here.files(), here.name) if here else ({}, "")
    notes.note(hub.repo, name)
    notes.replace_all(hub, files, name, "Published flags: rows erased")


def _notes(home: Home) -> Notes:
    return Notes(home, "published_repo")


def _loses(hub: Hub, published: Published) -> bool:
    """Whether some revision there has flags that are not in the folder any more."""
    there = {name for one in revisions(hub) for name in _manifest(hub, one).ids}
    return not there.issubset(published.manifest.ids)


def _names_any(home: Home, hub: Hub, flag_ids: set[str]) -> bool:
    """Whether some revision there names these flags, or names flags under a key that is lost."""
    names = PublicNames(home)
    gone = names.flags(flag_ids)
    return any(
        told.key not in ("", names.key) or bool(gone.intersection(told.ids))
        for told in (_manifest(hub, one) for one in revisions(hub))
    )


def _manifest(hub: Hub, revision: str) -> Manifest:
    data = hub.read(MANIFEST, revision)
    if not data:
        return Manifest(key="", ids=(), authors=0, apps={}, reasons={}, files={})
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise HubError(
            f"dataset.json of {hub.repo} is not one of Inkloop's published ones.",
            fix="Use a dataset of its own.",
        ) from error

"""The datasets on the Hub that an operator has named, each by a setting of its own.

Raw flags, dataset versions and published rows: any of them may be there without the others, and
what is erased has to leave each that it was brought to.
"""

from collections.abc import Callable
from dataclasses import dataclass

from feedback import curated, published_hub
from feedback.hub import Hub
from shared.errors import HubError, SettingsError
from shared.home import Home
from shared.settings import Settings

RAW, VERSIONS, PUBLISHED = "INKLOOP_FLAGS_REPO", "INKLOOP_DATASET_REPO", "INKLOOP_PUBLISHED_REPO"
_WHAT = {RAW: "flags", VERSIONS: "dataset versions", PUBLISHED: "what is published"}
_CREATED = {RAW: "private", VERSIONS: "private", PUBLISHED: "public"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repos:
    """Datasets that may be asked; None where none is named, or going out is not allowed."""

    raw: Hub | None = None
    versions: Hub | None = None
    published: Hub | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Repos":
        """Those of the settings.

        Raises:
            HubError: If a name cannot be a dataset's.
            SettingsError: If what everybody may read would lie with what nobody may.
        """
        published = settings.published_repo
        if published and published in (settings.flags_repo, settings.dataset_repo):
            raise SettingsError(
                f"{PUBLISHED} names a dataset that has to stay private.",
                fix="Name another one; it is created, public, if it is missing.",
            )
        if settings.offline:
            return cls()
        return cls(
            raw=Hub(settings.flags_repo, RAW) if settings.flags_repo else None,
            versions=Hub(settings.dataset_repo, VERSIONS) if settings.dataset_repo else None,
            published=Hub(published, PUBLISHED, public=True) if published else None,
        )

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any((self.raw, self.versions, self.published))


def wanted(hub: Hub | None, setting: str, settings: Settings) -> Hub:
    """A dataset, for a command that cannot do without.

    Raises:
        SettingsError: If there is none, or going out is not allowed.
    """
    if hub is not None:
        return hub
    if settings.offline:
        raise SettingsError("INKLOOP_OFFLINE is set, so the Hub is not asked.", fix="Unset it.")
    raise SettingsError(
        f"No dataset is named for {_WHAT[setting]}.",
        fix=f"Set {setting} to owner/name; it is created, {_CREATED[setting]}, if it is missing.",
    )


def erasing_is_due(home: Home, repos: Repos) -> bool:
    """Whether `erase_built` would have anything to do; asks nobody."""
    versions, rows = repos.versions, repos.published
    return bool(
        (versions and curated.is_due(home, versions)) or (rows and published_hub.is_due(home, rows))
    )


def erase_built(home: Home, repos: Repos) -> None:
    """Erase what is erased here from dataset versions and from what is published.

    Raises:
        HubError: If one of them could not be asked; the other one was, all the same.
    """
    tasks: list[Callable[[], object]] = []
    if (versions := repos.versions) is not None:
        tasks.append(lambda: curated.erase_pending(home, versions))
    if (rows := repos.published) is not None:
        tasks.append(lambda: published_hub.erase_pending(home, rows))
    each(tasks)


def each(tasks: list[Callable[[], object]]) -> None:
    """Do all of them; what the first that fails says is raised in the end.

    Raises:
        HubError: If one of them does.
    """
    failed: list[HubError] = []
    for task in tasks:
        try:
            task()
        except HubError as error:
            failed.append(error)
    if failed:
        raise failed[0]

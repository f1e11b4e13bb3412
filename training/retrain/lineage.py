"""From a release to every flag that it was made from, and back.

Releases name their dataset version by its hash; the version names its flags. Of a flag that was
erased since, only the id is left, and the releases that learned from it say so until the next
retrain makes a model without it.
"""

from dataclasses import dataclass, replace
from typing import Any

from feedback.dataset import DatasetVersion, versions
from feedback.ledger import Ledger
from feedback.progress import Progress
from shared.errors import NotFound, StoreError
from shared.home import Home
from shared.releases import Release, ReleaseStore


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What a release was made from."""

    release: str
    dataset: str
    recipe: str
    base: str
    parent: str
    trained: tuple[str, ...] = ()
    """Ids of the flags that it has learned from."""
    heldout: tuple[str, ...] = ()
    """Ids of the flags that it was measured with."""
    erased: tuple[str, ...] = ()
    """Ids of flags that were erased since it was built."""
    known: bool = False
    """Whether the dataset version is on this machine."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Descent:
    """What became of a flag."""

    flag: str
    state: str
    datasets: tuple[str, ...]
    runs: tuple[str, ...]
    releases: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def ancestry(home: Home, release: Release) -> Ancestry:
    """The flags behind a release."""
    made = release.manifest
    found = Ancestry(
        release=made.name,
        dataset=made.dataset.name,
        recipe=made.recipe.name,
        base=made.base.name,
        parent=made.parent,
    )
    try:
        version = DatasetVersion.load(home.datasets / made.dataset.name)
    except (NotFound, StoreError):
        return found
    trained = version.training_flag_ids
    return replace(
        found,
        trained=trained,
        heldout=tuple(flag for flag in version.flag_ids if flag not in set(trained)),
        erased=version.card.erased,
        known=True,
    )


def erased_since(home: Home, release: Release) -> int:
    """How many of its flags were erased since it was built; weights forget only at a retrain."""
    return len(ancestry(home, release).erased)


def descent(home: Home, flag_id: str) -> Descent:
    """Where a flag went.

    Raises:
        NotFound: If no flag has this id and no dataset version ever had it.
    """
    state = _state(home, flag_id)
    marks = Progress(home).marks(flag_id).get(flag_id, [])
    built = {
        version.name
        for version in versions(home)
        if flag_id in (*version.flag_ids, *version.card.erased)
    }
    if not state and not marks and not built:
        raise NotFound(f"There is no release and no flag {flag_id}.", fix="inkloop flags list")
    of_built = {
        release.name
        for release in ReleaseStore(home.releases).list()
        if release.manifest.dataset.name in built
    }
    named = {stage: {m.name for m in marks if m.stage == stage} for stage in ("run", "release")}
    return Descent(
        flag=flag_id,
        state=state or "erased",
        datasets=tuple(sorted(built | {m.name for m in marks if m.stage == "dataset"})),
        runs=tuple(sorted(named["run"])),
        releases=tuple(sorted(named["release"] | of_built)),
    )


def _state(home: Home, flag_id: str) -> str:
    try:
        return str(Ledger(home).get(flag_id).state)
    except NotFound:
        return ""

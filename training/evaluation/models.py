"""Finds the model files that are to be measured."""

from dataclasses import dataclass
from pathlib import Path

from shared.durable import sha256_of
from shared.errors import ModelFileError, NotFound
from shared.home import Home
from shared.models.select import Choice, named
from shared.releases import ReleaseStore
from training.export.build import Exported, read_export
from training.find import find_run
from training.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Subject:
    """One model file under the name that people know it by."""

    name: str
    path: Path
    sha256: str
    run: RunFolder | None = None
    """The run that it was exported from, if it was asked for by that."""


def find_subject(model: str, home: Home) -> Subject:
    """A release, a run that was exported (or its recipe), `demo`, a catalogue name or a GGUF file.

    Raises:
        NotFound: If no model has that name, or it is a server elsewhere.
        ModelFileError: If its file is missing or damaged.
        TrainingError: If it is a run that is not complete.
    """
    store = ReleaseStore(home.releases)
    if any(release.name == model for release in store.list()):
        release = store.get(model)
        release.verify()
        return Subject(release.name, release.gguf, release.sha256)
    run = _run(model, home)
    if run is not None:
        exported = _exported(run)
        return Subject(run.root.name, exported.gguf, exported.gguf_sha256, run)
    choice = _named(model, home)
    if choice.path is None:
        raise NotFound(f"{model} is not a file on this machine.", fix="Name a GGUF file.")
    return Subject(choice.release, choice.path, choice.sha256 or sha256_of(choice.path))


def _run(model: str, home: Home) -> RunFolder | None:
    try:
        return find_run(Path(model), home.runs)
    except NotFound:
        return None


def _exported(run: RunFolder) -> Exported:
    """The file of the recipe's own type, else of the type that was made last.

    Raises:
        ModelFileError: If there is none.
    """
    others = sorted(run.root.glob("export-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in (run.export, *others):
        found = read_export(folder)
        if found is not None:
            return found
    raise ModelFileError(
        f"Run {run.root.name} has no GGUF yet.", fix=f"Call inkloop export {run.root.name} first."
    )


def _named(model: str, home: Home) -> Choice:
    path = Path(model).expanduser()
    if path.is_dir():
        raise ModelFileError(f"{model} is a folder.", fix=f"inkloop export {model} makes a GGUF.")
    if path.is_file() and path.suffix != ".gguf":
        raise ModelFileError(f"{model} is no GGUF file.", fix="Its name has to end in .gguf.")
    try:
        return named(model, home)
    except NotFound as error:
        raise NotFound(
            f"There is no release, run or model {model}.",
            fix="They are listed by inkloop releases list, inkloop train list and inkloop models.",
        ) from error

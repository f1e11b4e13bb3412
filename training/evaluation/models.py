"""Finds the model files that are to be measured."""

from dataclasses import dataclass
from pathlib import Path

from shared.durable import sha256_of
from shared.errors import NotFound
from shared.home import Home
from shared.models.select import named
from shared.releases import ReleaseStore
from training.export.build import read_export


@dataclass(frozen=True, slots=True)
class Subject:
    """One model file under the name that people know it by."""

    name: str
    path: Path
    sha256: str


def find_subject(model: str, home: Home) -> Subject:
    """A release, a run that was exported, `demo`, a catalogue name or a GGUF file.

    Raises:
        NotFound: If no model has that name, or it is a server elsewhere.
        ModelFileError: If its file is missing or damaged.
    """
    store = ReleaseStore(home.releases)
    if any(release.name == model for release in store.list()):
        release = store.get(model)
        release.verify()
        return Subject(release.name, release.gguf, release.sha256)
    exported = read_export(home.runs / model / "export")
    if exported is not None:
        return Subject(model, exported.gguf, exported.gguf_sha256)
    choice = named(model, home)
    if choice.path is None:
        raise NotFound(f"{model} is not a file on this machine.", fix="Name a GGUF file.")
    return Subject(choice.release, choice.path, choice.sha256 or sha256_of(choice.path))

"""Which model answers: the one that is named, else the best that is there, else the demo model.

With nothing named: the newest decision between a pinned model (`inkloop models use`) and a promoted
release; else a catalogue model on disk; else the demo model. Nothing is ever fetched here.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from shared.durable import replace_text, sha256_of
from shared.errors import ModelFileError
from shared.home import Home, expanded
from shared.models.catalogue import CATALOGUE, HF_PREFIX, CatalogueModel, find
from shared.models.demo import DEMO_GGUF, DEMO_NAME, DEMO_NOTICE
from shared.models.gguf_file import read_header
from shared.releases import ReleaseStore
from shared.settings import Settings
from shared.web_address import shown_address

PIN = "use"
"""File in the models folder that names the pinned model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The model that a role runs."""

    release: str
    """Name that people see and answers record."""
    path: Path | None = None
    """The GGUF file; None for a server elsewhere."""
    url: str = ""
    """Base URL of an OpenAI-compatible server."""
    sha256: str = ""
    notice: str = ""
    """Sentence for the banner; empty for a model that needs none."""


def local_path(home: Home, model: CatalogueModel) -> Path:
    """Where a catalogue or Hub model lies once it is fetched.

    Files of many repositories have the same name, so one named by address keeps its whole address.
    """
    if model.name.startswith(HF_PREFIX):
        return home.models / f"{model.repo}/{model.file}".replace("/", "--")
    return home.models / Path(model.file).name


def choose(settings: Settings, home: Home) -> Choice:
    """The main model.

    Raises:
        ModelFileError: The named model is not on this machine or its file is damaged.
        NotFound: No model has that name.
    """
    if settings.model:
        return named(settings.model, home)
    store = ReleaseStore(home.releases)
    pin = home.models / PIN
    pinned_at = _changed_at(pin)
    release = store.promoted() if _changed_at(store.pointer_path) > pinned_at else None
    if release is not None:
        release.verify()
        return Choice(release=release.name, path=release.gguf, sha256=release.sha256)
    if pinned_at:
        return named(pin.read_text(encoding="utf-8").strip(), home)
    for model in CATALOGUE.values():
        if local_path(home, model).is_file():
            return named(model.name, home)
    return named(DEMO_NAME, home)


def decisions(home: Home) -> tuple[int, ...]:
    """Changes whenever a model is pinned or unpinned, or a release promoted or rolled back.

    Watch it to know when to `choose` again.
    """
    paths = (home.models / PIN, ReleaseStore(home.releases).pointer_path)
    return tuple(_changed_at(path) for path in paths)


def _changed_at(path: Path) -> int:
    # Asked again and again while others write: the file may go between two questions about it.
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def named(target: str, home: Home) -> Choice:
    """The model that a setting names: `demo`, a catalogue name, a path, hf://… or http(s)://….

    Raises:
        ModelFileError: It is not on this machine or damaged.
        NotFound: No model has that name.
    """
    if target == DEMO_NAME:
        return Choice(release=DEMO_NAME, path=DEMO_GGUF, sha256=_demo_sha256(), notice=DEMO_NOTICE)
    if target.startswith(("http://", "https://")):
        return Choice(release=shown_address(target), url=target)
    if target.endswith(".gguf") and not target.startswith(HF_PREFIX):
        path = expanded(target)
        read_header(path)
        return Choice(release=path.stem, path=path.resolve(), sha256=checksum(path))
    model = find(target)
    path = local_path(home, model)
    if not path.is_file():
        raise ModelFileError(
            f"{model.title} is not on this machine yet.", fix=f"Run: inkloop models pull {target}"
        )
    read_header(path)
    return Choice(release=model.name, path=path, sha256=model.sha256 or checksum(path))


def checksum(path: Path) -> str:
    """SHA-256 of a model file; read once per process and version of the file (0.5 s for 1 GB)."""
    found = path.stat()
    return _checksum(path.resolve(), found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=32)
def _checksum(path: Path, _bytes: int, _changed: int) -> str:
    return sha256_of(path)


def _demo_sha256() -> str:
    if not DEMO_GGUF.is_file():
        raise ModelFileError(
            f"The demo model {DEMO_GGUF} is missing.", fix="Install Inkloop again."
        )
    return checksum(DEMO_GGUF)


def pin_model(home: Home, target: str) -> Choice:
    """Make a model the one that runs when nothing is named, and return it."""
    choice = named(target, home)
    replace_text(home.models / PIN, target + "\n")
    return choice


def unpin(home: Home) -> None:
    """Go back to the promoted release, a fetched model or the demo model."""
    (home.models / PIN).unlink(missing_ok=True)

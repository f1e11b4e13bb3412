"""The folders and files of one Inkloop on one machine, all under `INKLOOP_HOME`."""

import os
from dataclasses import dataclass
from pathlib import Path

from shared.errors import SettingsError, StoreError


def expanded(path: str | Path) -> Path:
    """The path with a leading `~` or `~name` as the folder of that user.

    Raises:
        SettingsError: If this machine has no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        user = Path(path).parts[0]
        raise SettingsError(
            f"{path} begins with {user}, which is nobody's folder on this machine.",
            fix="Write the whole path.",
        ) from None


@dataclass(frozen=True, slots=True)
class Home:
    """Where things lie. Nothing is created until `prepare` is called."""

    root: Path

    @property
    def models(self) -> Path:
        """Fetched GGUF files."""
        return self.root / "models"

    @property
    def releases(self) -> Path:
        """One folder per release, and the pointer file `promoted`."""
        return self.root / "releases"

    @property
    def runs(self) -> Path:
        """One folder per training run."""
        return self.root / "runs"

    @property
    def feedback(self) -> Path:
        """Outboxes and reviews."""
        return self.root / "feedback"

    @property
    def history(self) -> Path:
        """Conversations and answers (SQLite)."""
        return self.root / "history.sqlite"

    @property
    def datasets(self) -> Path:
        """Dataset versions, one folder per hash."""
        return self.root / "datasets"

    @property
    def published(self) -> Path:
        """What of the flags everybody may read, ready to be published."""
        return self.root / "published"

    @property
    def locale(self) -> Path:
        """The operator's own catalogues of what the pages say, `<language>.po`."""
        return self.root / "locale"

    @property
    def warm(self) -> Path:
        """The apps' own prompts as a model has read them; may be deleted at any time."""
        return self.root / "warm"

    @property
    def tour(self) -> Path:
        """The home that `inkloop tour` uses instead of this one."""
        return self.root / "tour"

    @property
    def passes(self) -> bool:
        """Whether this folder goes with the next restart: a Hugging Face Space without storage.

        There everything but a mounted volume is made anew. Elsewhere a disk is taken to stay.
        """
        if "SPACE_ID" not in os.environ:
            return False
        above = [self.root.absolute(), *self.root.absolute().parents]
        return not any(os.path.ismount(place) for place in above[:-1])

    def prepare(self) -> "Home":
        """Create the folder, readable by its owner alone, and check that it can be written.

        Raises:
            StoreError: If the folder cannot be made or written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.root / f".write-test-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StoreError(
                f"{self.root} cannot be written ({error.strerror}).",
                fix="Set INKLOOP_HOME to a folder of yours, or pass --home.",
            ) from error
        return self

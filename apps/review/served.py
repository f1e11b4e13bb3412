"""What can be served, and what was tried: releases with their pointer, and the runs before them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shared.engine.types import Engine
from shared.home import Home
from shared.releases import Release, ReleaseStore
from shared.settings import ROLES, Settings
from shared.web_address import shown_address

MOST_RUNS = 30
BASE = "the base model"


@dataclass(frozen=True, slots=True)
class Run:
    """One training run, as its folder tells."""

    name: str
    at: datetime
    stage: str
    """`training`, `trained`, `passed` or `refused`."""
    words: str = ""
    """Why the gate refused it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a reviewer can choose from."""

    promoted: str
    """Empty is the base model."""
    back_to: str | None
    """What a rollback serves; empty is the base model, None is nowhere."""
    releases: tuple[Release, ...]
    """Newest first."""
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """Who does what."""

    role: str
    setting: str
    """What the setting of this role names; empty where it takes the main model."""
    release: str
    adapter: str


class Keeper:
    """Promotes and rolls back; each reads the files before it changes anything."""

    def __init__(self, home: Home, settings: Settings, engine_for: Callable[[str], Engine]) -> None:
        self._home = home
        self._settings = settings
        self._engine_for = engine_for
        self._store = ReleaseStore(home.releases)

    def look(self) -> Served:
        """The state of things.

        Raises:
            ModelFileError: If a manifest cannot be read.
            StoreError: If the pointer file is damaged.
        """
        pointer = self._store.pointer()
        return Served(
            promoted=pointer.name,
            back_to=pointer.before[-1] if pointer.before else None,
            releases=tuple(reversed(self._store.list())),
            runs=tuple(_runs(self._home.runs)),
        )

    def roles(self) -> list[RoleRow]:
        """Which model, and through which adapter, does what now."""
        rows: list[RoleRow] = []
        for role in ROLES:
            info, named = self._engine_for(role).info(), self._settings.for_role(role)
            rows.append(RoleRow(role, shown_address(named), info.release, info.adapter or ""))
        return rows

    def promote(self, name: str) -> str:
        """Serve a release; gives a sentence.

        Raises:
            NotFound: If there is no such release.
            ModelFileError: If a file is not the one of its manifest.
        """
        self._store.promote(name)
        return f"{name} is promoted. A server that was not started with another model swaps to it."

    def roll_back(self) -> str:
        """Serve what was served before; gives a sentence.

        Raises:
            NotFound: If nothing was ever promoted.
            ModelFileError: If the earlier release is damaged.
        """
        release = self._store.rollback()
        return f"Back to {BASE if release is None else release.name}."


def _runs(folder: Path) -> list[Run]:
    """Runs by their folders, newest first."""
    if not folder.is_dir():
        return []
    roots = [
        path for path in folder.iterdir() if path.is_dir() and (path / "recipe.yaml").is_file()
    ]
    ordered = sorted(roots, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [_run(path) for path in ordered[:MOST_RUNS]]


def _run(root: Path) -> Run:
    at = datetime.fromtimestamp(root.stat().st_mtime, UTC)
    reports = sorted(root.glob("gate/*/gate.json"), key=lambda path: path.stat().st_mtime_ns)
    if reports:
        passed, words = _verdict(reports[-1])
        return Run(root.name, at, "passed" if passed else "refused", words)
    return Run(root.name, at, "trained" if (root / "metrics.json").is_file() else "training")


def _verdict(path: Path) -> tuple[bool, str]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        return report["passed"] is True, " ".join(map(str, report.get("reasons", ())))
    except (OSError, ValueError, KeyError):
        return False, "Its report cannot be read."

"""Finds a run by its folder, its name, or its recipe's name."""

from pathlib import Path

import yaml

from shared.errors import NotFound, TrainingError
from training.folder import RunFolder


def find_run(asked: Path, runs: Path) -> RunFolder:
    """The complete run that `asked` means; of a recipe, the newest.

    Raises:
        NotFound: If there is none.
        TrainingError: If it is not complete yet.
    """
    named = [path for path in (asked, runs / asked) if (path / "recipe.yaml").is_file()]
    files = sorted(runs.glob(f"{asked.name}-*/recipe.yaml"), key=_written_at)
    of_recipe = [path for path in files if is_of_recipe(path, asked.name)]
    if not named and not of_recipe:
        raise NotFound(f"There is no run {asked} in {runs}.", fix="inkloop train makes one.")
    found = RunFolder(named[0] if named else of_recipe[-1].parent)
    if found.read_metrics() is None:
        raise TrainingError(
            f"Run {found.root.name} is not complete.", fix="Call inkloop train again to go on."
        )
    return found


def is_of_recipe(path: Path, name: str) -> bool:
    """Whether a saved recipe has this name, and not only one that begins like it."""
    return str(yaml.safe_load(path.read_text(encoding="utf-8")).get("name")) == name


def _written_at(path: Path) -> float:
    return path.stat().st_mtime

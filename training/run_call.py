"""What a person asks for with `inkloop train`, made into a job: base, rows, what it starts from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from shared.errors import TrainingError
from training.data import TrainingSet
from training.data_prepare import Prepared, prepare
from training.find import find_run, is_of_recipe
from training.folder import RunFolder
from training.recipe import Recipe, load
from training.retrain.inputs import open_dataset
from training.run import Job, find_base, train
from training.run_small import small
from training.trainer import Tell


@dataclass(frozen=True, slots=True)
class Call:
    """Where and how a recipe is to be run; nothing of it changes what comes out."""

    runs: Path
    tell: Tell
    dataset: Path | None = None
    """Folder of a dataset version, for recipes without sources."""
    small: bool = False
    new: bool = False
    """Begin beside an unfinished run of that name with other values."""
    price_per_hour: float = 0.0


def run_recipe(recipe: Recipe, call: Call) -> RunFolder:
    """Train a recipe (its small twin, if asked for), and what it starts from before that.

    Raises:
        TrainingError: If something is missing, or an unfinished run of that name is another one.
    """
    if call.small:
        if recipe.start_from:
            run_recipe(load(Path(recipe.start_from)), call)
        recipe = small(recipe, call.runs, call.tell)
    job = job_for(recipe, call)
    folder = job.folder(call.runs)
    if not call.new:
        refuse_changed(job, folder, call.runs)
    train(job, folder, call.tell, price_per_hour=call.price_per_hour)
    return folder


def job_for(recipe: Recipe, call: Call) -> Job:
    """Everything that the recipe needs, found or prepared.

    Raises:
        TrainingError: If something is missing.
    """
    base = find_base(recipe.base, recipe.base_revision)
    start = find_run(Path(recipe.start_from), call.runs) if recipe.start_from else None
    if start is not None:
        _check_start(recipe, load(start.recipe))
    return Job(recipe, rows_for(recipe, call), base, start)


def rows_for(recipe: Recipe, call: Call) -> TrainingSet | Prepared:
    """The rows of a recipe; preparing them is left to one process at a time."""
    if not recipe.data.sources:
        nothing = TrainingSet(name="replay only", sha256="")
        return nothing if call.dataset is None else open_dataset(call.dataset)
    if call.dataset is not None:
        raise TrainingError(
            f"{recipe.name} has sources of its own.", fix="Leave out --dataset, or data.sources."
        )
    call.runs.mkdir(parents=True, exist_ok=True)
    with FileLock(call.runs / "data.lock"):
        prepared = prepare(recipe.data, call.runs)
    call.tell(f"{prepared.rows('train'):,} rows to train on from {prepared.name}.")
    for source in prepared.about["sources"]:
        if source["warning"]:
            call.tell(f"Note on {source['path']}: {source['warning']}")
    return prepared


def _check_start(recipe: Recipe, before: Recipe) -> None:
    """An adapter goes on only on the base and in the shape that it was made for."""
    for key in ("base", "lora"):
        if getattr(recipe, key) != getattr(before, key):
            raise TrainingError(
                f"{recipe.name} starts from {before.name}, whose {key} is another.",
                fix=f"Make {key} the same in both recipes.",
            )


def refuse_changed(job: Job, folder: RunFolder, runs: Path) -> None:
    """Refuse to begin anew where a run of that name waits to go on with other values.

    Raises:
        TrainingError: Naming the first key that differs, and both values.
    """
    if folder.recipe.is_file():
        return
    for path in sorted(runs.glob(f"{job.recipe.name}-*/recipe.yaml")):
        other = RunFolder(path.parent)
        waits = other.read_metrics() is None and not other.stopped.is_file()
        if not waits or not is_of_recipe(path, job.recipe.name):
            continue
        raise TrainingError(
            f"Run {other.root.name} is not finished, and {difference(path, job.recipe)}.",
            fix="Change it back to go on, add --new to begin another run beside it, or remove"
            f" {other.root}.",
        )


def difference(path: Path, recipe: Recipe) -> str:
    """The first key in which a saved recipe differs, in words."""
    there = flat(yaml.safe_load(path.read_text(encoding="utf-8")))
    here = flat(recipe.model_dump(mode="json"))
    for key in sorted(there.keys() | here.keys()):
        if there.get(key) != here.get(key) and not key.startswith("search"):
            return f"{key} is {there.get(key)!r} there, but {here.get(key)!r} in the recipe now"
    return "its rows, its base or the run that it starts from were others"


def flat(values: dict[str, Any], under: str = "") -> dict[str, Any]:
    """Nested values as one level, keys with dots."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        dotted = f"{under}{key}"
        found |= flat(value, f"{dotted}.") if isinstance(value, dict) else {dotted: value}
    return found


def with_base(recipe: Recipe, base: str) -> Recipe:
    """The recipe on another base."""
    return recipe.with_values({"base": base}) if base else recipe

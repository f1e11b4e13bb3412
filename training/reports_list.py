"""Lists, shows and compares runs by what their folders say."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.errors import NotFound
from training.folder import RunFolder, newest_whole_checkpoint, read_log, step_of
from training.reports import PARTS
from training.reports_page import Page
from training.reports_plots import Line, draw_lines
from training.run_call import flat


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list."""

    run: str
    recipe: str
    state: str
    """complete, diverged, or the step after which it goes on."""
    loss: float | None
    validation_loss: float | None
    test_loss: float | None
    seconds: float | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def runs_in(runs: Path) -> list[RunFolder]:
    """All runs under a folder, oldest first."""
    found = sorted(runs.glob("*/recipe.yaml"), key=lambda path: path.stat().st_mtime)
    return [RunFolder(path.parent) for path in found]


def named_run(asked: str, runs: Path) -> RunFolder:
    """A run by its folder's name, the beginning of it, or its path; the newest that fits.

    Raises:
        NotFound: If there is none.
    """
    if (Path(asked) / "recipe.yaml").is_file():
        return RunFolder(Path(asked))
    fitting = [run for run in runs_in(runs) if run.root.name.startswith(asked)]
    if not fitting:
        raise NotFound(f"There is no run {asked} in {runs}.", fix="inkloop train list names them.")
    exact = [run for run in fitting if run.root.name == asked]
    return (exact or fitting)[-1]


def line_of(run: RunFolder) -> RunLine:
    """What a list says about a run."""
    metrics = run.read_metrics()
    values = yaml.safe_load(run.recipe.read_text(encoding="utf-8"))
    part: dict[str, Any] = next(
        (metrics[name] for name in PARTS if metrics and name in metrics), {}
    )
    return RunLine(
        run=run.root.name,
        recipe=str(values["name"]),
        state=_state(run, complete=metrics is not None),
        loss=part.get("last_loss", part.get("loss")),
        validation_loss=part.get("validation_loss"),
        test_loss=part.get("test_loss"),
        seconds=None if metrics is None else metrics.get("seconds"),
    )


def _state(run: RunFolder, *, complete: bool) -> str:
    if complete:
        return "complete"
    if run.stopped.is_file():
        return "diverged"
    steps = [
        step_of(newest)
        for part in PARTS
        if (newest := newest_whole_checkpoint(run.checkpoints(part))) is not None
    ]
    return f"goes on after step {max(steps)}" if steps else "goes on from the start"


def compare(runs: Sequence[RunFolder], target: Path) -> Page:
    """Write a page with what differs between runs, their figures and their curves.

    Returns:
        The page as it was written to `target`, with its plots beside it.
    """
    page = Page("Runs compared")
    page.words(
        "Each run is one seed. Compare validation and test losses of runs on the same rows;"
        " training losses of different settings are not comparable, and those on other rows mean"
        " nothing here. inkloop sweep repeats with other seeds and says what is certain."
    )
    lines = [line_of(run) for run in runs]
    page.table(
        ("run", "state", "training loss", "validation loss", "test loss", "seconds"),
        [(x.run, x.state, x.loss, x.validation_loss, x.test_loss, x.seconds) for x in lines],
    )
    page.heading("What differs")
    page.table(("key", *(run.root.name for run in runs)), differences(runs))
    for key, said in (("loss", "training loss"), ("eval_loss", "validation loss")):
        curves = [_curve(run, key) for run in runs]
        file = target.parent / f"{target.stem}-plots" / f"{key}.png"
        if draw_lines(file, curves, up=said):
            page.picture(file, f"{said} by step")
    page.write(target)
    return page


def differences(runs: Sequence[RunFolder]) -> list[tuple[str, ...]]:
    """Keys of the recipes, and of the rows, that are not the same in all runs."""
    recipes = [flat(yaml.safe_load(run.recipe.read_text(encoding="utf-8"))) for run in runs]
    for values, run in zip(recipes, runs, strict=True):
        metrics = run.read_metrics() or {}
        values["rows (hash)"] = str(metrics.get("dataset_sha256", ""))[:12]
        values.pop("name")
    keys = {key: None for values in recipes for key in values}
    return [
        (key, *(str(values.get(key)) for values in recipes))
        for key in keys
        if len({str(values.get(key)) for values in recipes}) > 1 and not key.startswith("search")
    ]


def _curve(run: RunFolder, key: str) -> Line:
    rows = [row for row in read_log(run.log) if key in row]
    return Line(run.root.name, [row["step"] for row in rows], [row[key] for row in rows])

"""A sweep: a search over a recipe by workers that share nothing but a folder.

A worker asks for a trial, runs it as `inkloop train` would, notes its validation loss and asks
again. It may be killed at any time, and more may join from other processes or from machines that
see the same folder.
"""

import hashlib
import json
import math
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.durable import replace_text
from shared.errors import TrainingError
from training.recipe import Recipe
from training.run import Job, train
from training.run_call import Call, job_for
from training.run_small import small
from training.run_watch import Diverged
from training.sweep_report import write_sweep_report
from training.sweep_space import recipe_of
from training.sweep_study import DONE, SEARCH, WAIT, Assignment, Trials

_SMALL_STEPS, _SMALL_TRIALS, _SMALL_REPEATS = 4, 4, 2
_ASK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Sweep:
    """One search: its recipe, its folder, and the job that its trials vary."""

    recipe: Recipe
    folder: Path
    job: Job
    call: Call

    def trials(self) -> Trials:
        """What was tried so far."""
        return Trials(self.folder, self.recipe)


def open_sweep(recipe: Recipe, call: Call) -> Sweep:
    """Find or begin the sweep of a recipe; the same recipe and rows lead to the same folder.

    Raises:
        TrainingError: If the recipe has no search, no validation rows, or a wrong key to vary.
    """
    if recipe.search is None:
        raise TrainingError(
            f"{recipe.name} has no search.", fix="Add `search:` with steps and a space of keys."
        )
    if not recipe.data.sources or not recipe.data.splits.validation:
        raise TrainingError(
            f"{recipe.name} has no validation rows, and a sweep is judged by nothing else.",
            fix="Set data.sources and data.splits.validation.",
        )
    if call.small:
        recipe = _small(recipe, call)
    job = job_for(recipe, call)
    assert recipe.search is not None
    text = json.dumps([job.key, recipe.search.model_dump(mode="json")], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    folder = call.runs / f"sweep-{recipe.name}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    sweep = Sweep(recipe, folder, job, replace(call, runs=folder / "runs"))
    for values in _corners(recipe):
        recipe_of(recipe, values)
    replace_text(folder / "recipe-of-sweep.yaml", recipe.to_yaml())
    return sweep


def _small(recipe: Recipe, call: Call) -> Recipe:
    assert recipe.search is not None
    search = recipe.search.model_copy(
        update={
            "steps": _SMALL_STEPS,
            "trials": min(_SMALL_TRIALS, recipe.search.trials),
            "repeats": min(_SMALL_REPEATS, recipe.search.repeats),
        }
    )
    twin = small(recipe, call.runs, call.tell)
    return twin.with_values({"search": search.model_dump(mode="json")})


def _corners(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Every value of every key once, so that a mistyped one is named before anything runs."""
    from training.sweep_space import choices

    assert recipe.search is not None
    for key, values in choices(recipe.search.space).items():
        for value in values:
            yield {key: value}


def work(sweep: Sweep) -> int:
    """Run trials until there are none left; returns how many this worker ran."""
    trials = sweep.trials()
    done = 0
    while (found := trials.next()) != DONE:
        if found == WAIT:
            # Somebody else runs the last ones; should they die, they are ours.
            threading.Event().wait(_ASK_AGAIN_SECONDS)
            continue
        assert isinstance(found, Assignment)
        _run(sweep, found)
        done += 1
    return done


def _run(sweep: Sweep, found: Assignment) -> None:
    recipe = recipe_of(sweep.recipe, found.values, seed=found.seed)
    job = replace(sweep.job, recipe=recipe)
    folder = job.folder(sweep.call.runs)
    name = f"{found.study.study_name} {found.trial.number}"
    sweep.call.tell(f"{name} {'is taken over' if found.taken_over else 'begins'}: {found.values}")
    found.trial.set_user_attr("worker", f"{socket.gethostname()}:{os.getpid()}")
    found.trial.set_user_attr("run", folder.root.name)
    if found.taken_over:
        found.trial.set_user_attr("taken_over", found.trial.user_attrs.get("taken_over", 0) + 1)
    assert sweep.recipe.search is not None
    prune = sweep.recipe.search.prune and found.study.study_name == SEARCH
    pruned = False

    def report(step: int, loss: float) -> bool:
        nonlocal pruned
        pruned = found.report(step, loss, prune=prune)
        return pruned

    try:
        train(job, folder, lambda _line: None, report=report)
    except Diverged as error:
        sweep.call.tell(f"{name}: {error.what}")
        found.tell(math.inf, pruned=False, run=folder.root.name)
        return
    loss = _loss(folder.read_metrics() or {})
    found.tell(loss, pruned=pruned, run=folder.root.name)
    sweep.call.tell(f"{name}: {'pruned at' if pruned else 'validation loss'} {loss:.4f}")


def _loss(metrics: dict[str, Any]) -> float:
    """The validation loss of the model that a run gave out, after its last part."""
    parts = [metrics[part] for part in ("sft", "dpo", "kto") if part in metrics]
    return float(parts[-1]["validation_loss"])


def finish(sweep: Sweep) -> dict[str, Any]:
    """Write the report of a sweep, finished or not."""
    return write_sweep_report(sweep.folder, sweep.recipe, sweep.trials())

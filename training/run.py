"""One run: a recipe and its data in, a trained adapter out.

The folder is named by the hash of everything that goes in. So the same input is never trained
twice, and a run that was killed is found again and goes on from its newest whole checkpoint.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from shared.durable import replace_text, sha256_of
from shared.errors import TrainingError
from training.data import TrainingSet
from training.data_prepare import Prepared
from training.folder import RunFolder
from training.recipe import Recipe
from training.reports import write_run_report
from training.run_backends import prepare
from training.run_base import BaseModel, find_base
from training.run_device import device_for, is_first, optimiser_for, peak_memory_bytes
from training.run_disk import explained
from training.run_parts import Engine
from training.run_watch import Diverged, Report
from training.trainer import Tell, begin, idle_cores, save_adapter

__all__ = ["BaseModel", "Job", "find_base", "train"]


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides what a run makes."""

    recipe: Recipe
    data: TrainingSet | Prepared
    base: BaseModel
    start: RunFolder | None = None
    """A complete run whose adapter is trained further."""

    @property
    def key(self) -> str:
        """Hash of all of it."""
        text = f"{self.recipe.sha256()} {self.data.sha256} {self.base.sha256}"
        if self.start is not None:
            text += f" {sha256_of(self.start.adapter / 'adapter_model.safetensors')}"
        return hashlib.sha256(text.encode()).hexdigest()

    def folder(self, runs: Path) -> RunFolder:
        """Where the run lies under `runs`."""
        return RunFolder(runs / f"{self.recipe.name}-{self.key[:12]}")


def train(
    job: Job,
    folder: RunFolder,
    tell: Tell,
    *,
    price_per_hour: float = 0.0,
    report: Report | None = None,
) -> None:
    """Train, or go on, or do nothing when the run is complete.

    Args:
        job: What to train.
        folder: Of the run.
        tell: Told what happens.
        price_per_hour: Of the machine, for the report; 0 leaves the cost out.
        report: Asked after each validation whether the run shall end.

    Raises:
        TrainingError: If there is nothing to train on, the disk is full, the run diverged, or
            another process trains it.
    """
    if folder.read_metrics() is not None:
        tell(f"Run {folder.root.name} is complete already.")
        return
    if folder.stopped.is_file():
        why = json.loads(folder.stopped.read_text(encoding="utf-8"))["why"]
        raise TrainingError(
            f"Run {folder.root.name} ended without a model: {why}",
            fix="Change the recipe; the same one would end the same way.",
        )
    folder.root.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if is_first():
            replace_text(folder.recipe, job.recipe.to_yaml())
        try:
            with explained(folder.root):
                figures = _trained(job, folder, tell, report)
        except Diverged as error:
            replace_text(folder.stopped, json.dumps({"why": str(error)}) + "\n")
            raise
        if is_first():
            _finish(job, folder, figures, price_per_hour)


def _trained(job: Job, folder: RunFolder, tell: Tell, report: Report | None) -> dict[str, Any]:
    recipe = job.recipe
    device = device_for(recipe)
    prepare(recipe, device)
    begin(recipe, threads=_threads(folder, recipe))
    wanted = "adamw" if recipe.sft is None else recipe.sft.optimiser
    if wanted.endswith("8bit") and not device.gpu:
        plain = optimiser_for(wanted, device)
        tell(f"{wanted} is for GPUs; on a processor {plain} takes its place.")
    engine = Engine(job.recipe, folder, device, tell, report)
    model, figures = engine.run(job.data, job.base, job.start)
    if model is not None and is_first() and not folder.adapter.exists():
        save_adapter(model, folder.adapter)
    return figures | {
        "device": device.name,
        "precision": device.precision,
        "memory_bytes": peak_memory_bytes(device),
    }


def _finish(job: Job, folder: RunFolder, figures: dict[str, Any], price: float) -> None:
    seconds = sum(
        part["seconds"] for part in figures.values() if isinstance(part, dict) and "seconds" in part
    )
    metrics: dict[str, Any] = {
        "key": job.key,
        "name": job.recipe.name,
        "recipe_sha256": job.recipe.sha256(),
        "dataset": job.data.name,
        "dataset_sha256": job.data.sha256,
        "base": job.base.name,
        "base_sha256": job.base.sha256,
        "started_from": "" if job.start is None else job.start.root.name,
        **figures,
        "seconds": round(seconds, 1),
    }
    if price:
        metrics |= {"price_per_hour": price, "cost": round(seconds / 3600 * price, 4)}
    about = job.data.about if isinstance(job.data, Prepared) else None
    # The report before the metrics: with these, the run is complete.
    write_run_report(folder, metrics, about)
    folder.write_metrics(metrics)


def _threads(folder: RunFolder, recipe: Recipe) -> int:
    """Threads to compute with; a resumed run takes as many, because sums depend on it."""
    if folder.machine.is_file():
        return int(json.loads(folder.machine.read_text(encoding="utf-8"))["threads"])
    threads = recipe.threads or idle_cores()
    if is_first():
        replace_text(folder.machine, json.dumps({"threads": threads}) + "\n")
    return threads


@contextmanager
def _alone(folder: RunFolder) -> Iterator[None]:
    """Hold the run; it is let go when the process ends, however it ends.

    Raises:
        TrainingError: If another process holds it.
    """
    if not is_first():
        yield
        return
    lock = FileLock(folder.root / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise TrainingError(
            f"Another process trains {folder.root.name}.", fix="Wait for it, or stop it first."
        ) from None
    try:
        yield
    finally:
        lock.release()

"""The loop's second half as steps that can be killed anywhere and run again.

Every step is keyed by the hash of what goes into it and publishes its result in one rename. What
is there already is not made again, so a killed retrain, run again, goes on and ends with one
release. One retrain runs at a time.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from shared.durable import replace_text, sha256_of
from shared.errors import GateRefused, TrainingError
from shared.home import Home
from shared.models.demo import DEMO_GGUF, DEMO_NAME
from shared.models.select import choose
from shared.releases import Release, ReleaseStore
from shared.settings import Settings
from training.data import Row
from training.export.build import Exported, export
from training.export.gguf_model import export_model
from training.folder import RunFolder
from training.gate.compare import ModelFile, compare
from training.gate.decide import Questions
from training.gate.limits import Limits
from training.gate.report import Report
from training.recipe import Recipe
from training.replay import guarded_rows
from training.retrain.card import card, manifest
from training.retrain.inputs import Inputs, Marks, read_inputs
from training.run import BaseModel, Job, find_base, train
from training.trainer import Tell

LOCK = "retrain.lock"
PROBES = 8
"""Old answers on which an exported file is compared with the trained model."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one call of `inkloop retrain` asks for."""

    home: Home
    recipe: Recipe
    limits: Limits
    tell: Tell
    promote: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A dataset version and what would be trained on it."""

    inputs: Inputs
    job: Job

    def in_words(self, recipe: Recipe, limits: Limits) -> str:
        """What a dry run prints."""
        data = self.inputs.data
        return (
            f"Dataset version {data.name[:12]}: {len(data.rows)} corrected rows and"
            f" {len(data.pairs)} pairs to train on, {len(self.inputs.heldout)} corrections held"
            f" out, from {len(self.inputs.flag_ids)} flags. Needed:"
            f" {recipe.data.fewest_corrections}"
            f" rows to train, {limits.heldout.smallest_items} held out for the gate to see"
            f" anything, {limits.heldout.minimum_items} for a firm interval."
        )


@contextmanager
def one_at_a_time(home: Home) -> Iterator[None]:
    """Hold the lock of this home; it is let go when the process ends, however it ends.

    Raises:
        TrainingError: If another retrain holds it.
    """
    home.prepare()
    lock = FileLock(home.root / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise TrainingError(
            "Another retrain is running in this home.", fix="Wait for it, or stop it first."
        ) from None
    try:
        yield
    finally:
        lock.release()


def prepare(home: Home, recipe: Recipe) -> Prepared:
    """Build the dataset version from the reviewed flags."""
    inputs = read_inputs(home)
    return Prepared(inputs, Job(recipe, inputs.data, find_base(recipe.base)))


def retrain(wanted: Wanted) -> Release:
    """Go from reviewed flags to a release, doing only what is not done yet.

    Raises:
        TrainingError: If there is too little to train on, or another retrain runs.
        GateRefused: If the candidate is not better, or something else is worse.
    """
    with one_at_a_time(wanted.home):
        prepared = prepare(wanted.home, wanted.recipe)
        wanted.tell(prepared.in_words(wanted.recipe, wanted.limits))
        store = ReleaseStore(wanted.home.releases)
        if wanted.promote:
            check_served(wanted.home, store, prepared.job.base)
        known = store.of_build(prepared.job.key)
        if known is None:
            known = _make(wanted, prepared, store)
        else:
            wanted.tell(f"{known.name} was made from exactly this already.")
        Marks(wanted.home).released(prepared.inputs.flag_ids, known.name)
        if wanted.promote:
            _promote_once(store, known, wanted.tell)
        return known


def check_served(home: Home, store: ReleaseStore, base: BaseModel) -> None:
    """Refuse to replace a model that the new release does not descend from.

    The gate compares with the promoted release or the base; it says nothing about a model that
    somebody fetched or chose, so a release must not take that one's place by itself. The demo model
    is only there until there is something better.

    Raises:
        TrainingError: If another model is served than the base or one of its releases.
    """
    served = choose(Settings.load(), home).release
    own = [release.name for release in store.list() if release.manifest.base.name == base.name]
    if served not in (DEMO_NAME, base.name, *own):
        raise TrainingError(
            f"{served} is served, and this release would be made from {base.name}.",
            fix="Name a recipe whose base is the served model, or pass --no-promote.",
        )


def _promote_once(store: ReleaseStore, release: Release, tell: Tell) -> None:
    """Promote a new release; one that was served before and left again stays as it is."""
    pointer = store.pointer()
    if pointer.name == release.name:
        return
    if any(step.name == release.name for step in pointer.history):
        tell(f"It was served before. Serve it again with: inkloop releases promote {release.name}")
        return
    store.promote(release.name)
    tell(f"{release.name} is promoted; a running server swaps to it.")


def _make(wanted: Wanted, prepared: Prepared, store: ReleaseStore) -> Release:
    job, inputs = prepared.job, prepared.inputs
    needed = wanted.recipe.data.fewest_corrections
    if len(inputs.data.rows) < needed:
        raise TrainingError(
            f"{len(inputs.data.rows)} corrected rows are too few to train on; the recipe asks for"
            f" {needed}.",
            fix="Review more flags (inkloop flags review), or lower data.fewest_corrections.",
        )
    # First, because a damaged release should not be noticed only after the training.
    serving = serving_file(wanted.home, store, job.base, wanted.recipe)
    run = job.folder(wanted.home.runs)
    Marks(wanted.home).trained(inputs.trained_flag_ids, run.root.name)
    train(job, run, wanted.tell)
    guarded = _guarded(wanted, inputs.data.rows)
    exported = export(run, job.base.folder, wanted.recipe, guarded[:PROBES], wanted.tell)
    report = _gate(wanted, prepared, run, exported, serving, guarded)
    return _release(wanted, prepared, store, exported, report)


def _guarded(wanted: Wanted, trained: Sequence[Row]) -> list[Row]:
    recipe = wanted.recipe
    return guarded_rows(
        recipe.data.replay, seed=recipe.seed, count=wanted.limits.guarded.items, trained=trained
    )


def serving_file(home: Home, store: ReleaseStore, base: BaseModel, recipe: Recipe) -> ModelFile:
    """The GGUF that a candidate is measured against: the promoted release, or the base."""
    release = store.promoted()
    if release is not None:
        release.verify()
        return ModelFile(release.name, release.gguf, release.sha256)
    path = DEMO_GGUF
    if base.name != DEMO_NAME:
        path = home.runs / f"base-{base.sha256[:12]}-{recipe.export.kind}.gguf"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            export_model(base.folder, path, kind=recipe.export.kind, name=base.name)
    return ModelFile(base.name, path, sha256_of(path))


def _gate(
    wanted: Wanted,
    prepared: Prepared,
    run: RunFolder,
    exported: Exported,
    serving: ModelFile,
    guarded: Sequence[Row],
) -> Path:
    """Measure, or read what was measured; returns gate.json.

    Raises:
        GateRefused: With the reasons.
    """
    candidate = ModelFile(run.root.name, exported.gguf, exported.gguf_sha256)
    key = f"{serving.sha256[:12]}-{wanted.limits.sha256()[:12]}"
    path = run.root / "gate" / key / "gate.json"
    if not path.is_file():
        wanted.tell(f"gate: measuring the candidate against {serving.name}.")
        questions = Questions(prepared.inputs.heldout, guarded)
        report = Report(
            candidate=candidate.as_dict(),
            serving=serving.as_dict(),
            dataset=prepared.inputs.data.name,
            flag_ids=sorted({row.flag_id for row in prepared.inputs.heldout}),
            limits=wanted.limits,
            verdict=compare(candidate, serving, questions, wanted.limits),
        )
        replace_text(path.with_name("gate.md"), report.as_markdown())
        replace_text(path, report.as_json())
    _say(json.loads(path.read_text(encoding="utf-8")), wanted.tell)
    return path


def _say(report: dict[str, Any], tell: Tell) -> None:
    for finding in report["findings"]:
        tell(f"gate: {finding['words']}")
    if not report["passed"]:
        raise GateRefused(
            f"The gate refused {report['candidate']['name']}: {' '.join(report['reasons'])}",
            fix=f"{report['serving']['name']} stays served.",
        )


def _release(
    wanted: Wanted, prepared: Prepared, store: ReleaseStore, exported: Exported, gate: Path
) -> Release:
    parent = store.promoted()
    made = manifest(
        prepared.job,
        exported,
        gate,
        name=store.next_name(wanted.recipe.release_name),
        parent="" if parent is None else parent.name,
        flags=len(prepared.inputs.flag_ids),
    )
    files = [exported.gguf, gate, *([exported.adapter] if exported.adapter else [])]
    report = json.loads(gate.read_text(encoding="utf-8"))
    release = store.add(made, files, card=card(made, report))
    wanted.tell(f"{release.name} is a release now: {release.path}")
    return release

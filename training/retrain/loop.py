"""The loop's second half as steps that can be killed anywhere and run again.

Every step is keyed by the hash of what goes into it and publishes its result in one rename. What
is there already is not made again, so a killed retrain, run again, goes on and ends with one
release. One retrain runs at a time.
"""

from collections.abc import Sequence

from shared.errors import GateRefused
from shared.releases import Release, ReleaseStore
from training.data import Row
from training.export.build import Exported, export
from training.gate import contradictions
from training.gate.compare import ModelFile
from training.gate.measured import Finding
from training.replay import guarded_rows, sayings
from training.retrain.card import Papers, card, licences, manifest
from training.retrain.inputs import Marks
from training.retrain.judging import Case, judged, measure, read_report
from training.retrain.needs import counts_of, in_words
from training.retrain.served import check_served, serving_file
from training.retrain.wanted import Prepared, Wanted, one_at_a_time, prepare
from training.retrain.whole import check_export, check_run
from training.run import train
from training.trainer import Tell

__all__ = ["Wanted", "one_at_a_time", "prepare", "retrain"]

PROBES = 8
"""Old answers on which an exported file is compared with the trained model."""


def retrain(wanted: Wanted) -> Release:
    """Go from reviewed flags to a release, doing only what is not done yet.

    Raises:
        GateRefused: If there is too little to train on, the candidate is not better, or something
            else is worse.
        TrainingError: If another retrain runs, or something lies there damaged.
    """
    with one_at_a_time(wanted.home):
        prepared = prepare(wanted.home, wanted.recipe, wanted.limits)
        words = in_words(counts_of(prepared.inputs), wanted.recipe, prepared.limits)
        wanted.tell(
            f"Dataset version {prepared.inputs.data.name[:12]} from"
            f" {len(prepared.inputs.flag_ids)} flags. {words}"
        )
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
    """Train, export, measure, release: each step finds what an earlier call has finished."""
    prepared.check()
    job, inputs = prepared.job, prepared.inputs
    denied = _contradictions(wanted, prepared)
    # First, because neither should be noticed only after the training.
    serving = serving_file(wanted.home, store, job.base, wanted.recipe)
    licences(job, inputs, store.next_name(wanted.recipe.release_name))
    run = job.folder(wanted.home.runs)
    check_run(run)
    train(job, run, wanted.tell)
    Marks(wanted.home).trained(inputs.trained_flag_ids, run.root.name)
    guarded = _guarded(wanted, inputs.data.rows)
    check_export(run)
    exported = export(run, job.base.folder, wanted.recipe, guarded[:PROBES], wanted.tell)
    candidate = ModelFile(run.root.name, exported.gguf, exported.gguf_sha256)
    case = Case(candidate, serving, inputs, guarded, prepared.limits, (denied,))
    gate = measure(run.root / "gate", case, wanted.tell)
    papers = judged(gate, wanted.override, wanted.tell)
    return _release(wanted, prepared, store, exported, papers)


def _contradictions(wanted: Wanted, prepared: Prepared) -> Finding:
    """Look at the corrections before anything is trained on them.

    Raises:
        GateRefused: If too many deny old good answers, and nobody answers for it.
    """
    rows, source = prepared.inputs.data.rows, wanted.recipe.data.replay
    found = contradictions.finding(rows, sayings(source), prepared.limits)
    answered = wanted.override is not None and found.name in wanted.override.checks
    if found.passed is False and not answered:
        raise GateRefused(
            f"The gate refused dataset version {prepared.inputs.data.name}: {found.words}",
            fix="Review those flags again; what is served stays served.",
        )
    return found


def _guarded(wanted: Wanted, trained: Sequence[Row]) -> list[Row]:
    recipe, limits = wanted.recipe, wanted.limits.guarded
    return guarded_rows(
        recipe.data.replay,
        seed=recipe.seed,
        count=limits.items,
        trained=trained,
        nearest=limits.near_items,
    )


def _release(
    wanted: Wanted, prepared: Prepared, store: ReleaseStore, exported: Exported, papers: Papers
) -> Release:
    job, inputs = prepared.job, prepared.inputs
    parent, report = store.promoted(), read_report(papers.gate)
    made = manifest(
        job,
        inputs,
        exported,
        papers,
        name=store.next_name(wanted.recipe.release_name),
        parent="" if parent is None else parent.name,
    )
    adapter = [exported.adapter] if exported.adapter else []
    files = [exported.gguf, *adapter, papers.gate, *papers.more]
    release = store.add(made, files, card=card(made, report, licences(job, inputs, made.name)))
    wanted.tell(f"{release.name} is a release now: {release.path}")
    return release

"""The report of a sweep: verdict, table, parallel coordinates, importance and curves."""

import json
import math
from pathlib import Path
from typing import Any

from shared.durable import replace_text
from training.recipe import Recipe
from training.reports_page import Page
from training.reports_plots import Line, draw_bars, draw_lines, draw_parallel
from training.sweep_space import own_values
from training.sweep_study import REPEATS, SEARCH, SEED, VALUES, Trials, loss_of
from training.sweep_verdict import Repeated, difference, importance, in_words, verdict

CURVES = 8


def write_sweep_report(folder: Path, recipe: Recipe, trials: Trials) -> dict[str, Any]:
    """Write report.html, report.md and sweep.json; returns what stands in sweep.json."""
    assert recipe.search is not None
    own, others = _repeated(recipe, trials)
    said = verdict(own, others)
    found = {
        "recipe": recipe.name,
        "recipe_sha256": recipe.sha256(),
        "search": recipe.search.model_dump(mode="json"),
        "verdict": said,
        "trials": [_as_dict(trial) for trial in trials.trials(SEARCH)],
        "repeats": [_as_dict(trial) for trial in trials.trials(REPEATS)],
    }
    page = Page(f"Sweep of {recipe.name}")
    page.words(said)
    page.words(
        f"Every trial had {recipe.search.steps} steps on the same rows and was judged by its"
        " validation loss. The best of many trials is partly luck; only the repeats, with seeds"
        " that the search did not use, count for the verdict."
    )
    _repeats(page, own, others)
    _search(page, folder, trials)
    page.write(folder / "report.html")
    replace_text(folder / "sweep.json", json.dumps(found, indent=2) + "\n")
    return found


def _repeated(recipe: Recipe, trials: Trials) -> tuple[Repeated, list[Repeated]]:
    """The recipe as it stands, and the proposals, with the losses of their repeats."""
    found: list[Repeated] = []
    for trial in trials.trials(REPEATS):
        values = dict(trial.user_attrs[VALUES])
        known = next((one for one in found if one.values == values), None)
        if known is None:
            found.append(known := Repeated(values, {}))
        if trial.state.is_finished():
            known.losses[int(trial.user_attrs[SEED])] = loss_of(trial)
    own = own_values(recipe)
    mine = next((one for one in found if one.values == own), Repeated(own, {}))
    return mine, [one for one in found if one.values != own and one.losses]


def _repeats(page: Page, own: Repeated, others: list[Repeated]) -> None:
    rows = []
    for one in (own, *others):
        gain = None if one is own else difference(own, one)
        told = "as it stands" if one is own else in_words(one.values)
        losses = list(one.losses.values())
        rows.append(
            (
                told,
                len(losses),
                sum(losses) / len(losses) if losses else None,
                "–" if gain is None else f"{gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})",
            )
        )
    page.heading("Repeats")
    page.table(("setting", "seeds", "mean validation loss", "lower by (95 % interval)"), rows)


def _search(page: Page, folder: Path, trials: Trials) -> None:
    all_trials = [trial for trial in trials.trials(SEARCH) if trial.user_attrs.get(VALUES)]
    ranked = sorted(all_trials, key=lambda trial: (loss_of(trial), trial.number))
    if not ranked:
        return
    keys = list(ranked[0].user_attrs[VALUES])
    page.heading("Search")
    page.table(
        ("trial", *keys, "validation loss", "state", "steps"),
        [
            (t.number, *t.user_attrs[VALUES].values(), _shown(loss_of(t)), _state(t), _steps(t))
            for t in ranked
        ],
    )
    ended = [trial for trial in ranked if math.isfinite(loss_of(trial))]
    if len(ended) > 1:
        _pictures(page, folder, keys, ended)
    plots = folder / "plots"
    lines = [
        Line(
            f"trial {trial.number}",
            sorted(trial.intermediate_values),
            [trial.intermediate_values[step] for step in sorted(trial.intermediate_values)],
            dots=True,
        )
        for trial in ranked[:CURVES]
    ]
    if draw_lines(plots / "curves.png", lines, up="validation loss"):
        page.heading("Curves of the best trials")
        page.picture(plots / "curves.png", "validation loss by step")


def _pictures(page: Page, folder: Path, keys: list[str], ended: list[Any]) -> None:
    rows = [dict(trial.user_attrs[VALUES]) for trial in ended]
    losses = [loss_of(trial) for trial in ended]
    plots = folder / "plots"
    draw_parallel(
        plots / "parallel.png", keys, [[row[key] for key in keys] for row in rows], losses
    )
    page.heading("Settings and losses")
    page.picture(plots / "parallel.png", "one line per trial, from its settings to its loss")
    shares = importance(rows, losses)
    draw_bars(
        plots / "importance.png", list(shares), list(shares.values()), across="share of variance"
    )
    page.heading("Importance")
    page.words(
        "The share of the losses' variance that lies between a key's values. Keys act together, and"
        " the order of a few trials can be chance."
    )
    page.picture(plots / "importance.png", "importance of each key")


def _shown(loss: float) -> float | str:
    return loss if math.isfinite(loss) else "–"


def _state(trial: Any) -> str:  # noqa: ANN401
    if trial.state.name == "COMPLETE" and not math.isfinite(loss_of(trial)):
        return "diverged"
    return str(trial.state.name.lower())


def _steps(trial: Any) -> int:  # noqa: ANN401
    return max(trial.intermediate_values, default=0)


def _as_dict(trial: Any) -> dict[str, Any]:  # noqa: ANN401
    loss = loss_of(trial)
    return {
        "number": trial.number,
        "values": trial.user_attrs.get(VALUES, {}),
        "seed": trial.user_attrs.get(SEED),
        "state": _state(trial),
        "loss": loss if math.isfinite(loss) else None,
        "run": trial.user_attrs.get("run", ""),
        "worker": trial.user_attrs.get("worker", ""),
        "taken_over": trial.user_attrs.get("taken_over", 0),
    }

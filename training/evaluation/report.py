"""An evaluation as a page, as Markdown and as JSON: every score with its interval and its items."""

import json
from pathlib import Path
from typing import Any

from shared.durable import replace_text
from training.evaluation.plot import draw
from training.evaluation.run import Evaluation, Measured
from training.evaluation.score import CONFIDENCE, Change, Score
from training.judge import page as judge_page
from training.judge import run as judge_run
from training.reports_page import Page

HEAD = ("task", "metric", "model", "score", "interval", "against the first", "verdict", "items")


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the values of single items."""
    told: dict[str, Any] = {
        "confidence": CONFIDENCE,
        "rows": evaluation.rows,
        "models": [_model(evaluation, model) for model in evaluation.models],
    }
    if evaluation.judged is not None:
        told["judge"] = judge_run.as_json(evaluation.judged)
    return told


def _model(evaluation: Evaluation, model: Measured) -> dict[str, Any]:
    scores = []
    for score in model.scores:
        row = score.as_dict()
        against = evaluation.change(model, score.key)
        if against is not None:
            row["against_the_first"] = {
                "mean": round(against.interval.mean, 6),
                "low": round(against.interval.low, 6),
                "high": round(against.interval.high, 6),
                "verdict": against.verdict,
            }
        scores.append(row)
    return {
        "model": model.subject.name,
        "sha256": model.subject.sha256,
        "seconds": round(model.seconds, 1),
        "scores": scores,
    }


def table(evaluation: Evaluation) -> list[list[str]]:
    """One row per metric and model, under `HEAD`."""
    return [
        _row(model, model.score(key), evaluation.change(model, key))
        for key in evaluation.keys
        for model in evaluation.models
    ]


def _row(model: Measured, score: Score, against: Change | None) -> list[str]:
    found = score.interval
    shown = verdict = "–"
    if against is not None:
        low, high = score.number(against.interval.low), score.number(against.interval.high)
        shown = f"{score.number(against.interval.mean)} ({low} to {high})"
        verdict = against.verdict
    interval = f"{score.number(found.low)} to {score.number(found.high)}"
    name, number = model.subject.name, score.number(found.mean)
    return [score.task, score.metric, name, number, interval, shown, verdict, score.coverage]


def write(evaluation: Evaluation, folder: Path) -> Path:
    """Write report.html, report.md, evaluation.json and the plot; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [model.subject.name for model in evaluation.models]
    page = Page(f"Evaluation of {', '.join(names)}")
    page.words(
        f"Every score stands with its {CONFIDENCE:.0%} interval (bootstrap over items) and with how"
        " many of the benchmark's items were asked. Models are compared by pairs on the same"
        " items; “no difference seen” means that the interval of the difference holds zero."
        " Greedy answers, through the engine that serves, from the files named below."
    )
    if evaluation.rows:
        page.words(f"Rows: {evaluation.rows}.")
    page.table(HEAD, table(evaluation))
    if evaluation.keys:
        plot = folder / "plots" / "scores.png"
        draw(plot, evaluation)
        page.picture(plot, "Scores with their intervals, one panel per task")
    if evaluation.judged is not None:
        judge_page.add(page, evaluation.judged)
    first = evaluation.models[0]
    notes = [(f"{score.task} {score.metric}", score.note) for score in first.scores if score.note]
    if notes:
        page.heading("Notes")
        page.table(("score", "note"), notes)
    page.heading("Files")
    page.table(
        ("model", "sha256", "seconds"),
        [(each.subject.name, each.subject.sha256, each.seconds) for each in evaluation.models],
    )
    page.write(folder / "report.html")
    replace_text(
        folder / "evaluation.json", json.dumps(as_json(evaluation), indent=2, ensure_ascii=False)
    )
    return folder / "report.html"

"""The report of one run: figures, curves, what was read, and the recipe, on one page."""

import itertools
from collections.abc import Sequence
from typing import Any

from training.folder import RunFolder, read_log
from training.reports_page import Page
from training.reports_plots import Line, draw_lines

Metrics = dict[str, Any]
PARTS = ("sft", "dpo", "kto", "untuned")
_GIGA = 1e9
_ROW_FIGURES = (
    ("steps", "steps"),
    ("loss", "mean training loss"),
    ("last_loss", "last training loss"),
    ("validation_loss", "validation loss"),
    ("best_validation_loss", "best validation loss"),
    ("test_loss", "test loss"),
    ("seconds", "seconds"),
    ("tokens", "tokens read"),
    ("dropped", "rows dropped (too long, or with control tokens)"),
    ("resumed_after", "resumed after step"),
    ("ended_early", "ended early"),
)


def write_run_report(folder: RunFolder, metrics: Metrics, about: dict[str, Any] | None) -> None:
    """Draw the plots of a run and write report.html and report.md.

    Args:
        folder: Of the run, with its log.
        metrics: As they go into metrics.json.
        about: data.json of prepared sources; rows of reviewed flags are never shown in a report.
    """
    page = Page(f"Run {folder.root.name}")
    page.words(_summary(metrics))
    page.table(("figure", "value"), list(_overview(metrics)))
    for part in PARTS:
        if part in metrics:
            page.heading(part)
            page.table(
                ("figure", "value"),
                [(said, metrics[part][key]) for key, said in _ROW_FIGURES if key in metrics[part]],
            )
    _curves(page, folder)
    if about is not None:
        _data(page, about)
    page.heading("Recipe")
    page.text(folder.recipe.read_text(encoding="utf-8"))
    page.write(folder.report)


def _summary(metrics: Metrics) -> str:
    return (
        f"{metrics['name']}: {metrics['base']} on {metrics['dataset']}, {metrics['precision']} on"
        f" {metrics['device']}. One run with one seed: a difference to another run says little"
        " before it is repeated (inkloop sweep does)."
    )


def _overview(metrics: Metrics) -> list[tuple[str, object]]:
    parts = [metrics[part] for part in PARTS if part in metrics]
    tokens = sum(part.get("tokens", 0) for part in parts)
    seconds = metrics["seconds"]
    found: list[tuple[str, object]] = [
        ("training time (s)", seconds),
        ("tokens per second", tokens / seconds if seconds and tokens else None),
        ("peak memory (GB)", metrics["memory_bytes"] / _GIGA),
        ("base", f"{metrics['base']} ({metrics['base_sha256'][:12]})"),
        ("data", _named(metrics["dataset"], metrics["dataset_sha256"])),
        ("recipe", metrics["recipe_sha256"][:12]),
        ("rows", _counted(metrics.get("rows"))),
    ]
    if "cost" in metrics:
        found.append((f"cost at {metrics['price_per_hour']} an hour", metrics["cost"]))
    return found


def _named(name: str, sha256: str) -> str:
    """With the beginning of its hash, if it has one: replay alone has none."""
    return f"{name} ({sha256[:12]})" if sha256 else name


def _counted(rows: object) -> object:
    """Rows of each side in words; the number itself where there is only one."""
    if not isinstance(rows, dict):
        return rows
    return ", ".join(f"{count:,} {side}" for side, count in rows.items() if count)


def _curves(page: Page, folder: RunFolder) -> None:
    rows = read_log(folder.log)
    losses = [
        *_lines(rows, "loss", "training"),
        *_lines(rows, "eval_loss", "validation", dots=True),
    ]
    drawn = {
        "loss": draw_lines(folder.plots / "loss.png", losses, up="loss"),
        "learning-rate": draw_lines(
            folder.plots / "learning-rate.png",
            _lines(rows, "learning_rate", "learning rate"),
            up="learning rate",
        ),
        "speed": draw_lines(folder.plots / "speed.png", _speeds(rows), up="tokens per second"),
    }
    if any(drawn.values()):
        page.heading("Curves")
    for name, there in drawn.items():
        if there:
            page.picture(folder.plots / f"{name}.png", name.replace("-", " ") + " by step")


def _lines(
    rows: Sequence[dict[str, Any]], key: str, said: str, *, dots: bool = False
) -> list[Line]:
    found = []
    for part in PARTS:
        own = [row for row in rows if row["part"] == part and key in row]
        steps, values = [row["step"] for row in own], [row[key] for row in own]
        found.append(Line(f"{part}: {said}", steps, values, dots=dots))
    return found


def _speeds(rows: Sequence[dict[str, Any]]) -> list[Line]:
    own = [row for row in rows if "tokens" in row]
    pairs = [
        (new["step"], (new["tokens"] - old["tokens"]) / (new["seconds"] - old["seconds"]))
        for old, new in itertools.pairwise(own)
        if new["part"] == old["part"] and new["seconds"] > old["seconds"]
    ]
    return [Line("speed", [step for step, _ in pairs], [speed for _, speed in pairs])]


def _data(page: Page, about: dict[str, Any]) -> None:
    page.heading("Data")
    page.table(
        ("source", "licence", "warning", "trained on", "left out"),
        [
            (
                source["path"],
                source["licence"] or "not stated",
                source["warning"],
                source["rows_trained_on"],
                ", ".join(f"{count} {why}" for why, count in source["dropped"].items())
                or "nothing",
            )
            for source in about["sources"]
        ],
    )
    page.table(
        ("side", "rows", "characters: median", "90 %", "most", "turns: median", "most"),
        [_side(name, stats) for name, stats in about["stats"].items() if stats["rows"]],
    )
    page.heading("Examples")
    for example in about["stats"]["train"]["examples"]:
        page.text("\n\n".join(f"[{turn['role']}]\n{turn['text']}" for turn in example))


def _side(name: str, stats: dict[str, Any]) -> tuple[object, ...]:
    characters, turns = stats["characters"], stats["turns"]
    return (
        name,
        stats["rows"],
        characters["median"],
        characters["ninety_percent"],
        characters["most"],
        turns["median"],
        turns["most"],
    )

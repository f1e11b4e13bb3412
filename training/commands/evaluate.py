"""`inkloop evaluate`: figures about the GGUFs that ship, through the engine that serves."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from shared.errors import BadRequest

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("models", nargs=-1)
@click.option("--tasks", default="loss,exact,form", show_default=True, help="Comma between them.")
@click.option("--limit", type=click.IntRange(1), default=64, show_default=True,
              help="Items per task.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="JSONL with prompt and completion, for the tasks about rows.")  # fmt: skip
@click.option("--rows", type=click.Choice(["test", "validation", "guarded"]),
              help="Without --data: a run's own rows, or what the gate guards.  [default: test rows"
              " of the first run that has them, else guarded]")  # fmt: skip
@click.option("--items", type=FOLDER, help="Folder with the benchmarks' items; else from the Hub.")
@click.option("--judge", default="", help="For the task judge: a model, or a URL that ends in /v1.")
@click.option("--pairs", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Pairs that people ranked, to compare the judge with people.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for report.html, report.md, evaluation.json and the plot.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(models: tuple[str, ...], **options: object) -> None:
    """Measure MODELS: releases, exported runs, recipes, `demo`, catalogue names or GGUF files.

    Several models are compared with the first one, item by item. About rows: loss of the good
    answers, per token; exact, short answers given word for word; form, answers that end by
    themselves, stay JSON or code where they should, and do not loop. formats: what each app must be
    able to read. hellaswag, arc_challenge, mmlu_stem, truthfulqa_mc2: through lm-eval. humaneval:
    programs, run behind fences. judge: a model says which answers are better, in both orders.
    """
    _measure(models or ("demo",), **options)  # type: ignore[arg-type]


def _measure(models: tuple[str, ...], *, out: Path | None, as_json: bool, **asked: object) -> None:
    # Bars of lm-eval between our own lines; it is read when its library is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    from training.evaluate import Asked, compare
    from training.evaluation.report import HEAD, table, write
    from training.evaluation.report import as_json as told
    from training.judge import page as judge_page

    if out is not None and (out / "report.html").exists():
        raise BadRequest(f"{out} holds a report already.", fix="Name another folder with --out.")
    asked["rows"] = asked["rows"] or ""
    asked["tasks"] = [each.strip() for each in str(asked["tasks"]).split(",") if each.strip()]
    wanted = Asked(**asked)  # type: ignore[arg-type]
    done = compare(models, wanted, lambda line: click.echo(line, err=True))
    page = write(done, out) if out is not None else None
    if as_json:
        click.echo(json.dumps(told(done), indent=2, ensure_ascii=False))
        return
    _show(HEAD, table(done))
    if done.judged is not None:
        _show(judge_page.HEAD, judge_page.rows(done.judged))
        click.echo(judge_page.beside_people(done.judged))
    if page is not None:
        click.echo(f"The report: {page}")


def _show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    for row in (head, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())

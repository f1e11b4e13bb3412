"""`inkloop evaluate`: figures about the GGUF that ships, through the engine that serves."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("model", default="demo")
@click.option("--tasks", default="loss,exact,form", show_default=True, help="Comma between them.")
@click.option("--limit", type=click.IntRange(1), default=64, show_default=True, help="Rows.")
@click.option("--data", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="JSONL with prompt and completion; else what the gate guards.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(model: str, tasks: str, limit: int, data: Path | None, as_json: bool) -> None:
    """Measure MODEL: a release, `demo`, a catalogue name or a GGUF file.

    loss: of the good answers, per token; exact: short answers given word for word; form: answers
    that end by themselves, stay JSON or code where they should, and do not loop.
    """
    from training.evaluate import evaluate as measure

    figures = measure(model, tasks=tasks.split(","), limit=limit, data=data)
    if as_json:
        click.echo(json.dumps(figures, indent=2))
        return
    for key, value in figures.items():
        click.echo(f"{key:<18} {value}")

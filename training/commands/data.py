"""`inkloop data`: look at rows, prepare those of a recipe, let a larger model write some."""

import json
import os
from pathlib import Path
from typing import Any

import click

from training.commands.train import AS_JSON, RUNS, runs_folder

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def data() -> None:
    """Rows to train on: look at them, prepare them, write them."""


@data.command()
@click.argument("source")
@click.option("--rows", type=click.IntRange(1), default=1000, show_default=True,
              help="Look at the first so many.")  # fmt: skip
@click.option("--split", default="train", show_default=True, help="Of a set on the Hub.")
@AS_JSON
def look(source: str, rows: int, split: str, as_json: bool) -> None:
    """Say what SOURCE holds: a JSON, JSONL or Parquet file, a folder, or a set on the Hub."""
    from training.data_forms import samples
    from training.data_read import rows_of
    from training.data_stats import Stats
    from training.recipe_data import Source

    stats, kinds = Stats(), set()
    wanted = Source(path=source, rows=rows, split=split)
    for sample in samples(rows_of(wanted), form="auto", where=source):
        stats.add(sample)
        kinds.add(sample.kind)
    told: dict[str, Any] = {"kinds": sorted(kinds), **stats.as_dict()}
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"{told['rows']} rows of the kind {', '.join(told['kinds']) or 'none'}.")
    click.echo(f"Characters: {told['characters']}. Turns: {told['turns']}.")
    for example in told["examples"]:
        click.echo("\n" + "\n".join(f"[{turn['role']}] {turn['text']}" for turn in example))


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@RUNS
@AS_JSON
def prepare(recipe: Path, runs_dir: Path | None, as_json: bool) -> None:
    """Read, filter and split the sources of RECIPE, as a run of it would; nothing is trained."""
    from training.recipe import load
    from training.run_call import Call, rows_for

    call = Call(runs=runs_folder(runs_dir), tell=lambda line: click.echo(line, err=as_json))
    prepared: Any = rows_for(load(recipe), call)
    about = getattr(prepared, "about", None)
    if about is None:
        raise click.UsageError(f"{recipe} has no sources: its rows come from reviewed flags.")
    if as_json:
        click.echo(json.dumps(about, indent=2))
        return
    for source in about["sources"]:
        left_out = ", ".join(f"{n} {why}" for why, n in source["dropped"].items()) or "nothing"
        click.echo(
            f"{source['path']}: {source['rows_trained_on']} to train on; left out {left_out}"
        )
    click.echo(f"Rows: {about['rows']}. They lie in {prepared.folder}.")


@data.command()
@click.option("--prompts", type=FILE, help="Questions to answer: rows, or a .txt with one a line.")
@click.option("--topics", type=FILE, help="Topics to write questions and answers on, one a line.")
@click.option("--each", type=click.IntRange(1), default=4, show_default=True,
              help="Questions per topic.")  # fmt: skip
@click.option("--teacher", required=True, metavar="URL", help="Server, such as http://host/v1.")
@click.option("--model", required=True, help="The teacher's name on that server.")
@click.option("--licence", required=True, help="Of what it writes; stands in NAME.about.json.")
@click.option("--system", default="", help="System prompt of the rows.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.7, show_default=True)
@click.option("--max-tokens", type=click.IntRange(1), default=1024, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True,
              help="Questions at the same time.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@AS_JSON
def distill(
    prompts: Path | None,
    topics: Path | None,
    out: Path,
    as_json: bool,
    **options: Any,  # noqa: ANN401
) -> None:
    """Let a larger model write rows, through any OpenAI-compatible server.

    The server's key is read from OPENAI_API_KEY. What was answered is kept beside OUT: called
    again, the command asks only for what is missing. Look at the teacher's terms first: many forbid
    training other models on what it writes.
    """
    from training.data_distill import Teacher, answers, pairs

    if (prompts is None) == (topics is None):
        raise click.UsageError("Name either --prompts or --topics.")
    teacher = Teacher(
        url=options["teacher"],
        model=options["model"],
        licence=options["licence"],
        system=options["system"],
        temperature=options["temperature"],
        max_tokens=options["max_tokens"],
        key=os.environ.get("OPENAI_API_KEY", ""),
    )
    workers = options["workers"]
    if prompts is not None:
        written = answers(prompts, out, teacher, workers=workers)
    else:
        assert topics is not None
        written = pairs(topics, out, teacher, each=options["each"], workers=workers)
    told = {"rows": written.rows, "asked": written.asked, "repeated": written.repeated}
    if as_json:
        click.echo(json.dumps({"out": str(out), **told}))
        return
    click.echo(
        f"{written.rows} rows in {out}; the teacher was asked {written.asked} times now,"
        f" {written.repeated} questions were too near to others."
    )

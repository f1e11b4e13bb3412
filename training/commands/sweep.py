"""`inkloop sweep`: search over a recipe, with any number of workers."""

import json
from pathlib import Path

import click

from training.commands.train import AS_JSON, RUNS, runs_folder


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Processes here; CUDA_VISIBLE_DEVICES=0,1 shares cards out.")  # fmt: skip
@click.option("--worker", is_flag=True,
              help="Join a sweep as one more worker, from here or another machine.")  # fmt: skip
@click.option("--small", is_flag=True, help="The same code with a tiny model and stand-in rows.")
@RUNS
@AS_JSON
def sweep(
    recipe: Path,
    workers: int,
    worker: bool,
    small: bool,
    runs_dir: Path | None,
    as_json: bool,
) -> None:
    """Search as RECIPE says under `search:`, repeat the best with other seeds, and say what holds.

    The same command goes on where a killed one was. Every trial has the same number of steps and
    is judged by its validation loss. Workers share a folder, nothing else: one that dies loses no
    trial.
    """
    from training.recipe import load
    from training.run_call import Call
    from training.sweep import finish, open_sweep, work
    from training.sweep_workers import run_workers

    runs = runs_folder(runs_dir)
    call = Call(runs=runs, tell=lambda line: click.echo(line, err=as_json), small=small)
    found = open_sweep(load(recipe), call)
    if workers > 1 and not worker:
        options = ["--runs-dir", str(runs), *(["--small"] if small else [])]
        run_workers(recipe, options, workers, call.tell)
    # Alone, or for what is left when all workers were killed.
    work(found)
    if worker:
        return
    told = finish(found)
    if as_json:
        click.echo(json.dumps({"sweep": str(found.folder), **told}))
        return
    click.echo(told["verdict"])
    click.echo(f"Report: {found.folder / 'report.html'}")

"""`inkloop export`: a run's adapter as GGUF files that were checked."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--runs-dir", type=click.Path(path_type=Path), help="Where run folders lie.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def export(run: Path, runs_dir: Path | None, as_json: bool) -> None:
    """Merge RUN's adapter into its base, write the GGUF, and the adapter as a GGUF of its own.

    RUN is a folder, the name of one, or a recipe's name for its newest run. The files are compared
    with the trained model: token ids, end of turn, log-probabilities and greedy texts.
    """
    from shared.home import Home
    from shared.settings import Settings
    from training.export.build import export as build
    from training.find import find_run
    from training.recipe import load
    from training.replay import guarded_rows
    from training.retrain.loop import PROBES
    from training.run import find_base

    folder = find_run(run, runs_dir or Home(Settings.load().home).runs)
    recipe = load(folder.recipe)
    base = find_base(recipe.base)
    probes = guarded_rows(recipe.data.replay, seed=recipe.seed, count=PROBES, trained=())
    done = build(folder, base.folder, recipe, probes, lambda line: click.echo(line, err=as_json))
    if as_json:
        click.echo(json.dumps({"folder": str(folder.export), **done.report}, indent=2))
        return
    click.echo(f"Model:   {done.gguf}")
    click.echo(
        f"Adapter: {done.adapter or 'none, because of ' + done.report['no_adapter_because']}"
    )

"""`inkloop train`: one run from a recipe."""

import json
from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--dataset", type=FOLDER, help="Folder of a dataset version; without it: replay only."
)
@click.option("--base", default="", help="Model to start from, instead of the recipe's.")
@click.option("--runs-dir", type=click.Path(path_type=Path), help="Where run folders lie.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's figures as JSON at the end.")
def train(
    recipe: Path, dataset: Path | None, base: str, runs_dir: Path | None, as_json: bool
) -> None:
    """Train an adapter with RECIPE: a file, or the name of a shipped one.

    The same input always gives the same run folder: a run that was killed goes on where it was,
    and one that is complete is left alone.
    """
    from shared.home import Home
    from shared.settings import Settings
    from training.data import TrainingSet
    from training.recipe import load
    from training.retrain.inputs import open_dataset
    from training.run import Job, find_base
    from training.run import train as run

    wanted = load(recipe)
    if base:
        wanted = wanted.model_copy(update={"base": base})
    nothing = TrainingSet(name="replay only", sha256="")
    data = nothing if dataset is None else open_dataset(dataset)
    job = Job(wanted, data, find_base(wanted.base))
    home = Home(Settings.load().home)
    folder = job.folder(runs_dir or home.prepare().runs)
    run(job, folder, lambda line: click.echo(line, err=as_json))
    if as_json:
        click.echo(json.dumps({"run": str(folder.root), **(folder.read_metrics() or {})}))
    else:
        click.echo(f"The run lies in {folder.root}. Next: inkloop export {folder.root.name}")

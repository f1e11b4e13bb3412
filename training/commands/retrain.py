"""`inkloop retrain`: reviewed flags to a gated release."""

import json
from pathlib import Path

import click

DEFAULT_RECIPE = "demo-retrain"


@click.command()
@click.option("--recipe", type=click.Path(path_type=Path), default=Path(DEFAULT_RECIPE),
              show_default=True, help="A recipe file, or the name of a shipped one.")  # fmt: skip
@click.option("--base", default="", help="Model to start from, instead of the recipe's.")
@click.option("--gate", "gate_file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Thresholds, instead of the shipped gate.yaml.")  # fmt: skip
@click.option("--no-promote", is_flag=True, help="Make the release, but go on serving the old one.")
@click.option("--dry-run", is_flag=True, help="Say what would be trained on, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the release's manifest at the end.")
def retrain(
    recipe: Path,
    base: str,
    gate_file: Path | None,
    no_promote: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build the dataset from reviewed flags, train, export, gate, release, promote.

    Killed at any point and called again, it goes on and ends with one release. When the gate
    refuses, the exit code is 1 and nothing changes for anybody.
    """
    from shared.home import Home
    from shared.settings import Settings
    from training.gate import limits
    from training.recipe import load
    from training.retrain import loop

    wanted = load(recipe)
    if base:
        wanted = wanted.model_copy(update={"base": base})
    thresholds = limits.load(gate_file) if gate_file else limits.load()
    home = Home(Settings.load().home).prepare()
    if dry_run:
        with loop.one_at_a_time(home):
            click.echo(loop.prepare(home, wanted).in_words(wanted, thresholds))
        return
    call = loop.Wanted(
        home=home,
        recipe=wanted,
        limits=thresholds,
        tell=lambda line: click.echo(line, err=as_json),
        promote=not no_promote,
    )
    release = loop.retrain(call)
    if as_json:
        click.echo(json.dumps(release.manifest.model_dump(mode="json"), indent=2))

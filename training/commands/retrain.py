"""`inkloop retrain`: reviewed flags to a gated release."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from shared.releases import Release
    from training.gate.limits import Limits
    from training.recipe import Recipe
    from training.trainer import Tell

DEFAULT_RECIPE = "demo-retrain"
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--recipe", type=click.Path(path_type=Path), default=Path(DEFAULT_RECIPE),
              show_default=True, help="A recipe file, or the name of a shipped one.")  # fmt: skip
@click.option("--base", default="", help="Model to start from, instead of the recipe's.")
@click.option("--gate", "gate_file", type=FILE, help="Thresholds, instead of gate.yaml.")
@click.option("--no-promote", is_flag=True, help="Make the release, but go on serving the old one.")
@click.option("--dry-run", is_flag=True, help="Say what would be trained on, and stop.")
@click.option("--if-enough", is_flag=True, help="For cron: do nothing while something is missing.")
@click.option("--hurry", is_flag=True, help="Full priority, and no pauses while people write.")
@click.option("--where", type=click.Choice(["local", "jobs"]), default="local", show_default=True,
              help="Here, or on Hugging Face Jobs (never run against the service).")  # fmt: skip
@click.option("--override", "checks", multiple=True, help="Name of a check to answer for.")
@click.option("--by", default="", help="Who answers for it.")
@click.option("--reason", default="", help="Why, in a sentence.")
@click.option("--json", "as_json", is_flag=True, help="Print the release's manifest at the end.")
def retrain(recipe: Path, base: str, gate_file: Path | None, **options: Any) -> None:  # noqa: ANN401
    r"""Build the dataset from reviewed flags, train, export, gate, release, promote.

    Killed at any point and called again, it goes on and ends with one release. When the gate
    refuses, or there is too little to train on, the exit code is 1 and nothing changes for anybody.

    \b
    Every night, by cron, if there is enough:
      0 3 * * *  inkloop retrain --if-enough
    """
    from training.gate import limits
    from training.recipe import load

    wanted = load(recipe)
    if base:
        wanted = wanted.with_values({"base": base})
    thresholds = limits.load(gate_file) if gate_file else limits.load()
    looks = options["dry_run"] or options["if_enough"]
    if looks and not _look(wanted, thresholds, only_look=options["dry_run"]):
        return
    _make(wanted, thresholds, options)


def _look(recipe: "Recipe", limits: "Limits", *, only_look: bool) -> bool:
    """Say what would be done; whether to go on."""
    from shared.home import Home
    from shared.settings import Settings
    from training.retrain.wanted import plan

    words, missing = plan(Home(Settings.load().home), recipe, limits)
    click.echo(words)
    return not (only_look or missing)


def _make(recipe: "Recipe", limits: "Limits", options: dict[str, Any]) -> None:
    from shared.home import Home
    from shared.settings import Settings
    from training.gate.override import checked_override
    from training.retrain import loop, manners
    from training.retrain.jobs import HubJobs
    from training.retrain.where import train_elsewhere

    override = checked_override(options["checks"], options["by"], options["reason"])
    home = Home(Settings.load().home).prepare()
    as_json = options["as_json"]

    def tell(line: str) -> None:
        click.echo(line, err=as_json)

    if not options["hurry"]:
        manners.step_back()
    call = loop.Wanted(
        home=home,
        recipe=recipe,
        limits=limits,
        tell=tell if options["hurry"] else manners.Considerate(home.history, tell),
        promote=not options["no_promote"],
        override=override,
    )
    if options["where"] == "jobs":
        train_elsewhere(call, HubJobs())
    release = loop.retrain(call)
    _push(release, tell)
    if as_json:
        click.echo(json.dumps(release.manifest.model_dump(mode="json"), indent=2))


def _push(release: "Release", tell: "Tell") -> None:
    """Put the release on the Hub, where one is set; it is made and served whether or not."""
    from shared.errors import HubError
    from shared.releases_hub import ReleasesHub
    from shared.settings import Settings

    settings = Settings.load()
    if settings.releases_repo and not settings.offline:
        try:
            ReleasesHub(settings.releases_repo).push(release)
            tell(f"{release.name} is in {settings.releases_repo}.")
        except HubError as error:
            tell(f"{error} Later: inkloop releases push")

"""`inkloop train`: one run from a recipe, and what became of the others."""

import json
from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
RUNS = click.option(
    "--runs-dir", type=click.Path(path_type=Path), help="Where run folders lie; any folder will do."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class RecipeGroup(click.Group):
    """A group that takes a recipe where others take a command: `inkloop train smoke`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words after `train`; anything but a command's name means `run`."""
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


def runs_folder(runs_dir: Path | None) -> Path:
    """The folder that was named, or the one in INKLOOP_HOME."""
    from shared.home import Home
    from shared.settings import Settings

    return runs_dir or Home(Settings.load().home).prepare().runs


@click.group(cls=RecipeGroup)
def train() -> None:
    """Train with a recipe: `inkloop train RECIPE`; see `inkloop train run --help`."""


@train.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--dataset", type=FOLDER, help="Folder of a dataset version; without it: replay only."
)
@click.option("--base", default="", help="Model to start from, instead of the recipe's.")
@click.option("--small", is_flag=True, help="The same code with a tiny model and stand-in rows.")
@click.option("--new", is_flag=True, help="Begin beside an unfinished run with other values.")
@click.option("--price", type=click.FloatRange(min=0), default=0.0,
              help="Of the machine per hour; the report then says what the run cost.")  # fmt: skip
@RUNS
@AS_JSON
def run(recipe: Path, runs_dir: Path | None, as_json: bool, **options: Any) -> None:  # noqa: ANN401
    """Train an adapter with RECIPE: a file, or the name of a shipped one.

    The same input always gives the same run folder: a run that was killed goes on where it was,
    and one that is complete is left alone. If a value was changed meanwhile, it is named.
    """
    from training.recipe import load
    from training.run_call import Call, run_recipe, with_base
    from training.run_device import is_first

    call = Call(
        runs=runs_folder(runs_dir),
        tell=lambda line: click.echo(line, err=as_json) if is_first() else None,
        dataset=options["dataset"],
        small=options["small"],
        new=options["new"],
        price_per_hour=options["price"],
    )
    folder = run_recipe(with_base(load(recipe), options["base"]), call)
    if not is_first():
        return
    if as_json:
        click.echo(json.dumps({"run": str(folder.root), **(folder.read_metrics() or {})}))
        return
    click.echo(f"The run lies in {folder.root}; its report is {folder.report.name}.")
    if folder.adapter.exists():
        click.echo(f"Next: inkloop export {folder.root.name}")


@train.command("all")
@RUNS
def run_all(runs_dir: Path | None) -> None:
    """Run every shipped recipe's small twin, one after the other: minutes on a processor."""
    from training.recipe import load, shipped
    from training.run_call import Call, run_recipe

    runs = runs_folder(runs_dir)
    for number, path in enumerate(found := shipped(), 1):
        folder = run_recipe(load(path), Call(runs=runs, tell=lambda _line: None, small=True))
        click.echo(f"{number:3} of {len(found)}  {path.stem:40} {folder.root.name}")


@train.command()
@AS_JSON
def recipes(as_json: bool) -> None:
    """List the shipped recipes."""
    from training.recipe import load, shipped

    rows = [{"name": path.stem, "base": load(path).base, "file": str(path)} for path in shipped()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['name']:40} {row['base']}")


@train.command("list")
@RUNS
@AS_JSON
def list_runs(runs_dir: Path | None, as_json: bool) -> None:
    """List the runs, oldest first."""
    from training.reports_list import line_of, runs_in
    from training.reports_page import shown

    lines = [line_of(one) for one in runs_in(runs_folder(runs_dir))]
    if as_json:
        click.echo(json.dumps([line.as_dict() for line in lines], indent=2))
        return
    if not lines:
        click.echo("There are no runs yet. inkloop train smoke makes one in under a minute.")
    for line in lines:
        losses = " ".join(
            f"{name} {shown(value)}"
            for name, value in (
                ("loss", line.loss),
                ("validation", line.validation_loss),
                ("test", line.test_loss),
            )
            if value is not None
        )
        click.echo(f"{line.run:48} {line.state:26} {losses}")


@train.command()
@click.argument("run")
@RUNS
@AS_JSON
def show(run: str, runs_dir: Path | None, as_json: bool) -> None:
    """Show one run: its report as text, or how far it is."""
    from training.reports_list import line_of, named_run

    found = named_run(run, runs_folder(runs_dir))
    metrics = found.read_metrics()
    if as_json:
        click.echo(json.dumps({**line_of(found).as_dict(), **(metrics or {})}, indent=2))
    elif metrics is None:
        line = line_of(found)
        click.echo(f"{line.run}: {line.state}. Call inkloop train {line.recipe} to go on.")
    else:
        click.echo(found.report.with_suffix(".md").read_text(encoding="utf-8"))


@train.command()
@click.argument("names", nargs=-1, required=True, metavar="RUN RUN …")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the page here (HTML; Markdown beside it).")  # fmt: skip
@RUNS
@AS_JSON
def compare(names: tuple[str, ...], out: Path | None, runs_dir: Path | None, as_json: bool) -> None:
    """Compare runs: what differs in their recipes, their losses and their curves."""
    from training.reports_list import compare as write
    from training.reports_list import differences, line_of, named_run

    runs = runs_folder(runs_dir)
    found = [named_run(name, runs) for name in names]
    if as_json:
        lines = [line_of(one).as_dict() for one in found]
        click.echo(json.dumps({"runs": lines, "differs": differences(found)}, indent=2))
        return
    target = out or runs / "compared.html"
    write(found, target)
    click.echo(target.with_suffix(".md").read_text(encoding="utf-8"))
    click.echo(f"The same with its plots: {target}")

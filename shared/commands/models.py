"""`inkloop models`: which models there are, fetch one, run one, check one, remove one."""

import json
from typing import TYPE_CHECKING

import click

from shared.errors import FetchError, InkloopError
from shared.home import Home
from shared.settings import Settings
from shared.web_address import shown_address

if TYPE_CHECKING:
    from shared.models.catalogue import CatalogueModel


def _here() -> tuple[Settings, Home]:
    settings = Settings.load()
    return settings, Home(settings.home)


@click.group()
def models() -> None:
    """Models: list, fetch, use, verify and remove them."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def list_models(as_json: bool) -> None:
    """The catalogue, and what of it is on this machine."""
    from shared.models.catalogue import CATALOGUE, DEFAULT
    from shared.models.demo import DEMO_GGUF, DEMO_NAME
    from shared.models.select import choose, local_path

    settings, home = _here()
    try:
        running = choose(settings, home).release
    except InkloopError as error:
        running = ""
        click.echo(f"note: {error}", err=True)
    rows = [
        {
            "name": DEMO_NAME, "title": "Demo model (ships with Inkloop)", "repo": "", "file": "",
            "bytes": DEMO_GGUF.stat().st_size if DEMO_GGUF.is_file() else 0, "sha256": "",
            "licence": "Apache-2.0", "ram_gb": 0.4, "here": DEMO_GGUF.is_file(),
            "revision": "", "template": "llama-3", "verified": True, "path": str(DEMO_GGUF),
            "chosen": running == DEMO_NAME,
        }
    ]  # fmt: skip
    for model in CATALOGUE.values():
        path = local_path(home, model)
        rows.append(
            {
                "name": model.name, "title": model.title, "repo": model.repo, "file": model.file,
                "bytes": model.bytes, "sha256": model.sha256, "licence": model.licence,
                "ram_gb": model.ram_gb, "here": path.is_file(), "revision": model.revision,
                "template": model.template, "verified": model.verified, "path": str(path),
                "chosen": running == model.name,
            }
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        mark = "*" if row["chosen"] else " "
        size = f"{int(str(row['bytes'])) / 1e9:.2f} GB" if row["bytes"] else "size ?"
        where = "here" if row["here"] else ("unverified" if not row["verified"] else "")
        click.echo(
            f"{mark} {row['name']:<14} {size:>8}  RAM about {row['ram_gb']} GB"
            f"  {row['licence']:<28} {where}"
        )
    if running and running not in {str(row["name"]) for row in rows}:
        click.echo(f"* {running}")
    click.echo(f"\nFetch one: inkloop models pull {DEFAULT}    * is what `inkloop serve` runs")


@models.command()
@click.argument("name", required=False, default="")
@click.option("--accept-licence", is_flag=True, help="Do not ask; the licence is accepted.")
def pull(name: str, accept_licence: bool) -> None:
    """Fetch a model: a catalogue NAME or hf://owner/repo/file.gguf."""
    from shared.models import fetch as fetching
    from shared.models.catalogue import DEFAULT, find

    settings, home = _here()
    home.prepare()
    model = find(name or DEFAULT)
    _agree(home, model, given=accept_licence)
    with click.progressbar(
        length=model.bytes or 1, label=model.title, show_pos=False, width=30
    ) as bar:
        shown = 0

        def progress(so_far: int, in_all: int) -> None:
            nonlocal shown
            bar.length = in_all or bar.length
            bar.update(so_far - shown)
            shown = so_far

        path = fetching.fetch(settings, home, model, progress)
    checked = "checksum right" if model.verified else "unverified: no checksum is known"
    click.echo(
        f"{path} ({checked}). A running Inkloop takes it with: inkloop models use {model.name}"
    )


def _agree(home: Home, model: "CatalogueModel", *, given: bool) -> None:
    from shared.models.fetch import accept, accepted

    if accepted(home, model):
        return
    click.echo(f"{model.title} is under the {model.licence}: {model.licence_url}")
    if not given and not click.confirm("Do you accept it?", default=False):
        raise FetchError("The licence was not accepted.", fix="Nothing was fetched.")
    accept(home, model)


@models.command()
@click.argument("name", required=False, default="")
@click.option("--auto", is_flag=True, help="Forget the choice: newest release, fetched or demo.")
def use(name: str, auto: bool) -> None:
    """Run NAME from now on (demo, a catalogue name, a path, hf://…, http://…/v1)."""
    from shared.models.select import choose, pin_model, unpin

    settings, home = _here()
    home.prepare()
    if auto:
        unpin(home)
        click.echo(f"Inkloop runs {choose(settings, home).release}.")
        return
    if not name:
        raise click.UsageError("Name a model, or pass --auto.")
    choice = pin_model(home, name)
    when = "a running server takes it within seconds" if choice.path else "from its next start on"
    click.echo(f"Inkloop runs {choice.release}; {when}.")
    if settings.model:
        named = shown_address(settings.model)
        click.echo(f"note: INKLOOP_MODEL={named} is set and goes first.", err=True)


@models.command()
@click.argument("name", required=False, default="")
def verify(name: str) -> int:
    """Check the file of NAME (or of every model here) against its checksum."""
    from shared.durable import sha256_of
    from shared.models.catalogue import CATALOGUE, find
    from shared.models.gguf_file import read_header
    from shared.models.select import local_path, named

    _, home = _here()
    if name and named(name, home).path is None:
        raise click.UsageError(f"{name} is a server; there is no file to check.")
    rows = [find(name)] if name in CATALOGUE or name.startswith("hf://") else []
    rows = rows or (
        [] if name else [m for m in CATALOGUE.values() if local_path(home, m).is_file()]
    )
    bad = 0
    for model in rows:
        path = local_path(home, model)
        read_header(path)
        right = not model.sha256 or sha256_of(path) == model.sha256
        bad += not right
        state = "unverified" if not model.sha256 else ("right" if right else "WRONG CHECKSUM")
        click.echo(f"{model.name}: {state} ({path})")
    if name and not rows:
        choice = named(name, home)
        click.echo(f"{choice.release}: readable, unverified ({choice.path})")
    if not name and not rows:
        click.echo("No fetched model is here.")
    return 1 if bad else 0


@models.command()
@click.argument("name")
def rm(name: str) -> None:
    """Remove the file of NAME from this machine."""
    from shared.models.catalogue import find
    from shared.models.select import local_path

    _, home = _here()
    path = local_path(home, find(name))
    if not path.is_file():
        raise FetchError(f"{name} is not on this machine.", fix="See: inkloop models list")
    path.unlink()
    click.echo(f"Removed {path}.")

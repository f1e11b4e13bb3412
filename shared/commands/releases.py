"""`inkloop releases`: what passed the gate, which one is served, and the way back."""

import json
from typing import Any

import click

from shared.home import Home
from shared.releases import Release, ReleaseStore
from shared.settings import Settings

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def _store() -> ReleaseStore:
    return ReleaseStore(Home(Settings.load().home).releases)


def _as_dict(release: Release, served: str) -> dict[str, Any]:
    row = release.manifest.model_dump(mode="json")
    return {**row, "path": str(release.path), "promoted": release.name == served}


@click.group()
def releases() -> None:
    """List releases, promote one, go back to the one before."""


@releases.command("list")
@AS_JSON
def list_releases(as_json: bool) -> None:
    """All releases, oldest first; a star marks the one that is served."""
    store = _store()
    served = store.pointer().name
    rows = [_as_dict(release, served) for release in store.list()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        mark = "*" if row["promoted"] else " "
        click.echo(
            f"{mark} {row['name']:<20} {row['created_at'][:16].replace('T', ' ')}  "
            f"{row['flags']:>4} flags  {row['gguf']['bytes'] / 1e6:8.1f} MB  after "
            f"{row['parent'] or 'the base model'}"
        )
    if not rows:
        click.echo("No releases yet: the base model is served. inkloop retrain makes one.")
    elif not served:
        click.echo("None of them is promoted: the base model is served.")


@releases.command()
@click.argument("name")
@AS_JSON
def show(name: str, as_json: bool) -> None:
    """Where a release comes from, with every hash."""
    store = _store()
    release = store.get(name)
    row = _as_dict(release, store.pointer().name)
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False, indent=2))
        return
    for key, value in row.items():
        text = value
        if isinstance(value, dict):
            text = "  ".join(str(part) for part in value.values())
        click.echo(f"{key:<16} {'-' if text in (None, '') else text}")


@releases.command()
@click.argument("name")
@AS_JSON
def promote(name: str, as_json: bool) -> None:
    """Serve a release; a running server swaps to it."""
    release = _store().promote(name)
    _tell(release, as_json)


@releases.command()
@AS_JSON
def rollback(as_json: bool) -> None:
    """Serve what was served before."""
    release = _store().rollback()
    _tell(release, as_json)


def _tell(release: Release | None, as_json: bool) -> None:
    name = "" if release is None else release.name
    if as_json:
        click.echo(json.dumps({"promoted": name}))
    else:
        click.echo(f"Now served: {name or 'the base model'}.")


@releases.command()
@click.argument("name", required=False)
@AS_JSON
def verify(name: str | None, as_json: bool) -> None:
    """Read the files of one release, or of all, and compare them with the manifest."""
    store = _store()
    checked = [store.get(name)] if name else store.list()
    for release in checked:
        release.verify()
    if as_json:
        click.echo(json.dumps({"verified": [release.name for release in checked]}))
    else:
        click.echo(f"{len(checked)} release(s) are exactly what their manifests say.")

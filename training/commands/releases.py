"""`inkloop releases`: what passed the gate, which one is served, the way back, and the Hub.

It stands in this room because it tells of flags too: of rates, and of erased ones.
"""

import json
from typing import Any

import click

from feedback.rates import Asked, Rate, rates_by_prompt
from shared.home import Home
from shared.releases import Release, ReleaseStore
from shared.releases_hub import ReleasesHub
from shared.settings import Settings
from training.retrain.lineage import erased_since

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def _home() -> Home:
    return Home(Settings.load().home)


def _store() -> ReleaseStore:
    return ReleaseStore(_home().releases)


def _hub() -> ReleasesHub:
    settings = Settings.load()
    return ReleasesHub(settings.releases_repo, offline=settings.offline)


def _as_dict(release: Release, served: str) -> dict[str, Any]:
    row = release.manifest.model_dump(mode="json")
    return {
        **row,
        "path": str(release.path),
        "promoted": release.name == served,
        "erased_since": erased_since(_home(), release),
    }


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
            f"{row['parent'] or 'the base model'}{_marks(row)}"
        )
    if not rows:
        click.echo("No releases yet: the base model is served. inkloop retrain makes one.")
    elif not served:
        click.echo("None of them is promoted: the base model is served.")


def _marks(row: dict[str, Any]) -> str:
    words = "  overridden" if row["verdict"] == "overridden" else ""
    if row["erased_since"]:
        words += f"  {row['erased_since']} of its flags erased since"
    return words


@releases.command()
@click.argument("name")
@AS_JSON
def show(name: str, as_json: bool) -> None:
    """Where a release comes from, with every hash, and how often its answers are flagged."""
    store = _store()
    release = store.get(name)
    row = _as_dict(release, store.pointer().name) | {"flag_rates": _rates(release.name)}
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False, indent=2))
        return
    for key, value in row.items():
        for line in _lines(value):
            click.echo(f"{key:<16} {line}")


def _lines(value: Any) -> list[str]:  # noqa: ANN401 - any value of a manifest
    if isinstance(value, dict):
        return ["  ".join(str(part) for part in value.values())]
    if isinstance(value, list):
        return [line for part in value for line in _lines(part)] or ["-"]
    return ["-" if value in (None, "") else str(value)]


def _rates(name: str) -> list[dict[str, Any]]:
    """Flags for a thousand answers, by the prompt that was used."""
    found = rates_by_prompt(_home()).items()
    return [_rate(asked, rate) for asked, rate in found if asked.model == name]


def _rate(asked: Asked, rate: Rate) -> dict[str, Any]:
    return {
        "app": asked.app,
        "prompt": asked.prompt_version or "-",
        "prompt_sha256": asked.prompt_sha256,
        "answers": rate.answers,
        "bad_per_thousand": _rounded(rate.per_thousand(rate.bad)),
        "good_per_thousand": _rounded(rate.per_thousand(rate.good)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


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


@releases.command()
@click.argument("name", required=False)
@AS_JSON
def push(name: str | None, as_json: bool) -> None:
    """Put one release, or all, into INKLOOP_RELEASES_REPO: one commit and one tag each."""
    store, hub = _store(), _hub()
    wanted = [store.get(name)] if name else store.list()
    pushed = [release.name for release in wanted if hub.push(release)]
    if as_json:
        click.echo(json.dumps({"repo": hub.repo, "pushed": pushed}))
    else:
        click.echo(f"Pushed to {hub.repo}: {', '.join(pushed) or 'nothing new'}.")


@releases.command()
@click.argument("name", required=False)
@AS_JSON
def pull(name: str | None, as_json: bool) -> None:
    """Bring one release, or all, from INKLOOP_RELEASES_REPO; none is promoted by that."""
    store, hub = _store(), _hub()
    here = {release.name for release in store.list()}
    wanted = [name] if name else [other for other in hub.names() if other not in here]
    pulled = [hub.pull(each, store).name for each in wanted]
    if as_json:
        click.echo(json.dumps({"repo": hub.repo, "pulled": pulled}))
    else:
        click.echo(f"From {hub.repo}: {', '.join(pulled) or 'nothing new'}.")

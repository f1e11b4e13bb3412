"""`inkloop flags publish`: what may be read by everybody, as a folder and as a public dataset."""

import click

from feedback import published, published_hub, show
from feedback.curate import build
from feedback.published import Published
from feedback.published_hub import PushedRows
from feedback.repos import PUBLISHED, Repos, wanted
from feedback.rows import KINDS
from shared.errors import GateRefused
from shared.home import Home
from shared.settings import Settings


@click.command()
@click.option("--push", "to_hub", is_flag=True, help="Push it to INKLOOP_PUBLISHED_REPO, tagged.")
@show.AS_JSON
def publish(to_hub: bool, as_json: bool) -> None:
    """Build the dataset of what may be published now; exit code 1 if nothing may.

    It takes rows of today's dataset version whose authors all ticked that it may be published,
    under other ids, scrubbed once more, and none about safety or privacy.
    """
    settings = Settings.load()
    home = Home(settings.home)
    hub = wanted(Repos.of(settings).published, PUBLISHED, settings) if to_hub else None
    made = _made(home)
    pushed = None if hub is None else published_hub.push(home, hub, made)
    told = made.manifest
    value = {
        "name": made.name,
        "path": str(made.path),
        "flags": len(told.ids),
        "rows": {kind: told.files[kind].rows for kind in KINDS},
        "left_out": told.left_out,
        "redacted": told.redacted,
        "pushed": None if pushed is None else pushed.model_dump(mode="json"),
    }
    show.tell(value, "\n".join(_lines(made, pushed)), as_json=as_json)


def _made(home: Home) -> Published:
    """The folder as it is to be now; empty when all that was in it was taken back."""
    try:
        version = build(home)
    except GateRefused:
        if published.current(home) is None:
            raise
        version = None
    before = published.current(home)
    made = published.make(home, version)
    if before is None and not made.manifest.ids:
        raise GateRefused(
            "Nothing may be published yet.",
            fix="It takes approved flags whose authors ticked that they may be published.",
        )
    return made


def _lines(made: Published, pushed: PushedRows | None) -> list[str]:
    told = made.manifest
    rows = ", ".join(f"{kind} {told.files[kind].rows}" for kind in KINDS)
    lines = [
        f"{show.count(len(told.ids))} may be published, rows: {rows}.",
        f"It is in {made.path}.",
    ]
    if told.left_out:
        left = ", ".join(f"{why.replace('_', ' ')} {n}" for why, n in told.left_out.items())
        lines.append(f"Rows of the dataset version left out: {left}.")
    if pushed is not None:
        was = "Pushed to" if pushed.changed else "It is there already:"
        history = " Everything older there is gone." if pushed.replaced else ""
        lines.append(f"{was} {pushed.repo}, tag {pushed.version}.{history}")
    return lines

"""`inkloop flags audit` and `agreement`: how far reviewers' decisions can be trusted."""

import getpass
import sys

import click

from feedback import audit, show
from feedback.agreement import Agreement, among_reviewers
from feedback.reviewing import KEYS, SKIP, STOP
from shared.errors import BadRequest
from shared.home import Home
from shared.settings import Settings

BY = click.option("--by", default=getpass.getuser, help="Who looks; default: your user name.")


def _home() -> Home:
    return Home(Settings.load().home)


@click.command("audit")
@click.option("--draw", type=click.IntRange(1, 10_000), help="Add so many decided flags first.")
@click.option("--seed", default=0, show_default=True, help="Draws the same sample again.")
@BY
@show.AS_JSON
def audit_flags(draw: int | None, seed: int, by: str, as_json: bool) -> None:
    """Look at a sample of decided flags again, blind; says how often both looks agree.

    The flags stay as they were decided.
    """
    home = _home()
    drawn = audit.draw(home, size=draw, seed=seed) if draw else []
    if not as_json and sys.stdin.isatty():
        _look(home, by=by)
    elif draw is None and not as_json and audit.waiting(home, by=by):
        raise BadRequest("There is no terminal to ask.", fix="Look at them on `/admin`.")
    left, found = len(audit.waiting(home, by=by)), audit.quality(home)
    value = {"drawn": drawn, "waiting": left, **found.model_dump(mode="json")}
    text = f"{show.count(left)} wait for a second look. {found.as_text()}"
    show.tell(value, text, as_json=as_json)


def _look(home: Home, *, by: str) -> None:
    flags = audit.waiting(home, by=by)
    for place, flag in enumerate(flags, 1):
        click.echo(f"\n[{place} of {len(flags)}]\n{show.as_text(flag)}\n")
        key = click.prompt(
            "y approve, n reject, e approve after an edit, q quarantine, s skip, x stop",
            type=click.Choice([*KEYS, SKIP, STOP]),
            show_choices=False,
        )
        if key == STOP:
            return
        if key != SKIP:
            audit.judge(home, flag.id, KEYS[key], by=by)


@click.command()
@show.AS_JSON
def agreement(as_json: bool) -> None:
    """How far reviewers agree: on flags that several decided, and at second looks."""
    home = _home()
    found: dict[str, Agreement] = {
        "reviewers": among_reviewers(home),
        "second_looks": audit.quality(home),
    }
    lines = [f"{name.replace('_', ' '):<13} {one.as_text()}" for name, one in found.items()]
    lines += [f"  apart on {flag_id}" for one in found.values() for flag_id in one.disagreed]
    values = {name: one.model_dump(mode="json") for name, one in found.items()}
    show.tell(values, "\n".join(lines), as_json=as_json)

"""`inkloop reviewers`: who may enter `/admin`, and under which name their decisions are kept."""

import sys

import click

from feedback import show
from feedback.reviewers import Reviewers
from shared.home import Home
from shared.settings import Settings


def _reviewers() -> Reviewers:
    return Reviewers(Home(Settings.load().home))


@click.group()
def reviewers() -> None:
    """Who may review flags: add, list and remove people."""


@reviewers.command()
@click.argument("name")
def add(name: str) -> None:
    """Let NAME review; asks for a password (or reads it from standard input).

    For somebody who is there already, this changes the password.
    """
    _reviewers().add(name, _password())
    click.echo(f"{name} may review now.")


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@reviewers.command("list")
@show.AS_JSON
def list_reviewers(as_json: bool) -> None:
    """Everybody who may review."""
    found = _reviewers().all()
    lines = [
        f"{one.name:<20} since {one.added_at:%Y-%m-%d}"
        + ("  (INKLOOP_ADMIN_PASSWORD)" if one.by_setting else "")
        for one in found
    ]
    text = "\n".join(lines) or "Nobody yet. `inkloop reviewers add NAME` lets somebody review."
    show.tell([one.model_dump(mode="json") for one in found], text, as_json=as_json)


@reviewers.command()
@click.argument("name")
def remove(name: str) -> None:
    """Let NAME review no longer; their decisions stay."""
    _reviewers().remove(name)
    click.echo(f"{name} may not review any more.")

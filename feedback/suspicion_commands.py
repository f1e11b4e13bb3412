"""`inkloop flags suspicions`: patterns among the flags that wait."""

from dataclasses import asdict

import click

from feedback import show
from feedback.suspicions import suspicions
from shared.home import Home
from shared.settings import Settings


@click.command("suspicions")
@show.AS_JSON
def list_suspicions(as_json: bool) -> None:
    """One person, question or text, or a few minutes, with very many flags that wait."""
    found = suspicions(Home(Settings.load().home))
    lines = [
        f"{one.pattern:<12} {one.flags:>5} flags, {one.people:>4} people  {one.what[:24]:<24}"
        f"  first: {one.first}"
        for one in found
    ]
    text = "\n".join(lines) or "Nothing stands out among the flags that wait."
    show.tell([asdict(one) for one in found], text, as_json=as_json)

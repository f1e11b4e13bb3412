"""`inkloop flags groups`: near-duplicates among the flags that wait, decided about together."""

import getpass
from typing import get_args

import click

from feedback import show
from feedback.groups import decide_group, group_of, groups
from feedback.reviews import Ruling
from shared.errors import BadRequest
from shared.home import Home
from shared.settings import Settings

TOGETHER = [ruling for ruling in get_args(Ruling) if ruling != "edit"]


@click.command("groups")
@click.option("--decide", metavar="ID", help="Decide about the whole group of this flag.")
@click.option("--as", "ruling", type=click.Choice(TOGETHER), help="What to decide.")
@click.option("--why", default="", help="Told to whoever sent the flags.")
@click.option("--by", default=getpass.getuser, help="Who decides; default: your user name.")
@show.AS_JSON
def list_groups(
    decide: str | None, ruling: Ruling | None, why: str, by: str, as_json: bool
) -> None:
    """Flags that wait and say nearly the same; with --decide ID --as, one decision for all."""
    home = Home(Settings.load().home)
    if bool(decide) != bool(ruling):
        raise BadRequest("A decision takes --decide ID and --as.", fix="Give both, or neither.")
    if decide and ruling:
        done, changed = decide_group(home, group_of(home, decide), ruling, by=by, why=why)
        left = f" {changed} had changed and still wait." if changed else ""
        rows = [one.model_dump(mode="json") for one in done]
        show.tell(rows, f"Decided about {show.count(len(done))}.{left}", as_json=as_json)
        return
    found = groups(home)
    values = [
        {"flags": list(group.flag_ids), "people": group.people, "about": group.about}
        for group in found
    ]
    lines = [
        f"{group.flag_ids[0]}  {len(group):>5} flags, {group.people:>4} people"
        f"  {show.printable(group.about)[:80]}"
        for group in found
    ]
    show.tell(values, "\n".join(lines) or "No flags that wait say the same.", as_json=as_json)

"""`inkloop lineage`: from a release to its flags, and from a flag to its releases."""

import json

import click


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every id.")
def lineage(name: str, as_json: bool) -> None:
    """Say what release NAME was made from, or what became of flag NAME."""
    from shared.errors import NotFound
    from shared.home import Home
    from shared.releases import ReleaseStore
    from shared.settings import Settings
    from training.retrain.lineage import ancestry, descent

    home = Home(Settings.load().home)
    try:
        release = ReleaseStore(home.releases).get(name)
    except NotFound:
        found = descent(home, name).as_dict()
    else:
        found = ancestry(home, release).as_dict()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for key, value in found.items():
        shown = ", ".join(value) if isinstance(value, tuple) else value
        count = f" ({len(value)})" if isinstance(value, tuple) else ""
        click.echo(f"{key + count:<16} {shown if shown not in ('', None) else '-'}")

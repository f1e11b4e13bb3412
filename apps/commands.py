"""`inkloop serve` and `inkloop space`. Nothing heavy is imported before it is called for."""

from contextlib import closing
from pathlib import Path

import click

from apps.suite import APPS, rows

LATE = "Everything else is set by INKLOOP_ variables; the README lists them."


@click.command(epilog=LATE)
@click.argument("apps", nargs=-1, metavar=f"[{'|'.join(row.name for row in APPS)}]…")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="0 picks a free one. [default: 7860]")
@click.option("--model", help="demo, a catalogue name, a path, hf://…, or an http(s)://…/v1.")
@click.option("--home", type=click.Path(path_type=Path), help="Folder for models, flags and runs.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
def serve(
    apps: tuple[str, ...],
    host: str | None,
    port: int | None,
    model: str | None,
    home: Path | None,
    open_page: bool,
) -> int:
    """Serve all apps on one site, or only those named."""
    chosen = rows(apps)
    from apps.site.listening import listening
    from shared.home import Home, expanded
    from shared.settings import Settings

    given = {"host": host, "port": port, "model": model, "home": home}
    flags = {name: value for name, value in given.items() if value is not None}
    settings = Settings.load().model_copy(update=flags)
    place = Home(expanded(settings.home).absolute()).prepare()
    with closing(listening(settings.host, settings.port)) as listener:
        # Importing Gradio takes seconds: what is wrong with the address is said before that.
        from apps.site.server import serve_until_told

        return serve_until_told(settings, place, chosen, listener, open_page=open_page)


@click.command()
@click.argument("app", type=click.Choice([row.name for row in APPS]))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="An empty folder.")
def space(app: str, out: Path) -> None:
    """Write one app into a folder that is ready to push as a Hugging Face Space."""
    from apps.space import write_space

    (row,) = rows([app])
    made = write_space(row, out)
    click.echo(f"{out} holds {', '.join(path.name for path in made)}.")
    click.echo("Its README.md says how to push it and what that costs.")

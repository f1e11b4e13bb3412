"""`inkloop tour`: see the loop close, twice, in a few minutes."""

from pathlib import Path

import click


@click.command()
@click.option("--home", type=click.Path(path_type=Path),
              help="Where the tour takes place, instead of INKLOOP_HOME/tour.")  # fmt: skip
def tour(home: Path | None) -> None:
    """Mend the demo model from flags, twice, refuse a poisoned batch, roll back.

    A real server runs in a folder of its own; people ask, flag and are told what became of it. The
    exit code is 0 only if every step held. A few minutes on two cores; needs no network.
    """
    from shared.home import Home
    from shared.settings import Settings
    from training.tour.guide import Guide
    from training.tour.narrator import Narrator
    from training.tour.page import write_page
    from training.tour.place import Place

    place = Place((home or Home(Settings.load().home).tour).absolute()).fresh()
    voice = Narrator()
    click.echo(f"Everything happens in {place.home}.")
    try:
        Guide(place, voice).lead()
    finally:
        page = write_page(voice.diary, place.home, minutes=voice.seconds / 60)
        click.echo(f"\nTo look at: {page}")
    click.echo(f"All {voice.held} checks held, in {voice.seconds / 60:.1f} minutes. The flags, the")
    click.echo(f"dataset versions, the runs and the releases lie in {place.home}.")

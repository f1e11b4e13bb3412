"""`inkloop demo-model`: make the demo model from nothing, and measure it."""

from pathlib import Path

import click


@click.group("demo-model")
def demo_model() -> None:
    """Make and measure the small model that ships with Inkloop."""


@demo_model.command()
@click.option("--minutes", type=click.FloatRange(min=0.1), default=40.0, show_default=True,
              help="Training time to plan for; turned into a fixed number of steps.")  # fmt: skip
@click.option("--steps", type=click.IntRange(min=2), help="Steps, instead of minutes.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-model"),
              show_default=True, help="Folder for the model.")  # fmt: skip
@click.option("--texts", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder with fairytaleqa, african-storybook-en and poetry-pd.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Of the weights.")
def build(minutes: float, steps: int | None, out: Path, texts: Path | None, seed: int) -> None:
    """Train the demo model from nothing on two processor cores."""
    from training.demo.build import build as make
    from training.demo.build import steps_for

    gguf = make(out, steps=steps or steps_for(minutes), texts=texts, seed=seed, say=click.echo)
    click.echo(f"Try it: INKLOOP_MODEL={gguf} inkloop serve")


@demo_model.command()
@click.option("--model", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A GGUF file; the shipped demo model by default.")  # fmt: skip
@click.option("--prompts", type=click.IntRange(min=1), default=100, show_default=True,
              help="Unseen prompts per app.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="Write it here; what stands above “The figures” there stays.")  # fmt: skip
def report(model: Path | None, prompts: int, out: Path | None) -> None:
    """Measure format, topic, repetition and speed on prompts that training never used."""
    from training.demo.report import placed, write_report

    text = write_report(model, prompts=prompts)
    if out is None:
        click.echo(text)
    else:
        old = out.read_text(encoding="utf-8") if out.is_file() else ""
        out.write_text(placed(text, old), encoding="utf-8")
        click.echo(f"Wrote {out}.")

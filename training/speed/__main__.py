"""Measures SFT at 1B shape on a card, each variant in a process of its own, and writes a report.

    python -m training.speed --tokenizer FOLDER --out FOLDER        (a card; about half an hour)
    python -m training.speed --tokenizer shared/demo --out FOLDER --small --steps 4     (tries it)

FOLDER of the tokenizer: that of Llama-3.2-1B as it lies on the Hub. The aims are 1.5 times the
plain script's tokens per second at an equal loss curve, and a utilisation of 0.4 in 16 bits.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from training.reports_page import Page
from training.speed.material import BILLION, SMALL, Material, write_material
from training.speed.utilisation import Shape, utilisation
from training.speed.variant import Figures, Variant, Who

RANK = 16
Row = tuple[Variant, Figures | None, str]
"""A variant with its figures, or with why there are none."""


@click.command()
@click.option("--tokenizer", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--steps", type=click.IntRange(2), default=60, show_default=True)
@click.option("--max-tokens", type=click.IntRange(64), default=2048, show_default=True)
@click.option("--small", is_flag=True, help="A tiny model, to try the script itself.")
def main(tokenizer: Path, out: Path, steps: int, max_tokens: int, small: bool) -> None:
    """Measure every variant and write report.html and report.md to OUT."""
    out = out.resolve()
    made = write_material(out, tokenizer, rows=32 * steps, small=small)
    rows = []
    for variant in variants(made, out, steps=steps, max_tokens=max_tokens):
        click.echo(f"{variant.name} …", err=True)
        rows.append(measured(variant))
        click.echo(f"{variant.name}: {rows[-1][2] or 'measured'}", err=True)
    report(rows, made, out, small=small)
    click.echo(str(out / "report.html"))


def variants(made: Material, out: Path, *, steps: int, max_tokens: int) -> Iterator[Variant]:
    """The plain script, and ours with and without packing, in 16 and in 4 bits."""
    kinds: list[tuple[Who, bool]] = [
        ("plain", False), ("hf", False), ("hf", True), ("unsloth", False), ("unsloth", True),
    ]  # fmt: skip
    for four_bit in (False, True):
        for who, packing in kinds:
            yield Variant(
                who=who,
                four_bit=four_bit,
                packing=packing,
                model=made.model,
                rows=made.rows,
                folder=out / "work",
                steps=steps,
                max_tokens=max_tokens,
            )


def measured(variant: Variant) -> Row:
    """Run one; a variant that is not possible here says why."""
    if variant.who == "unsloth" and importlib.util.find_spec("unsloth") is None:
        return variant, None, "unsloth is not installed"
    done = subprocess.run(
        [sys.executable, "-m", "training.speed.one"],
        input=variant.as_json(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return variant, None, (done.stderr.strip().splitlines() or ["no words"])[-1]
    return variant, Figures(**json.loads(done.stdout.strip().splitlines()[-1])), ""


def shape_of(model: Path, *, small: bool) -> Shape:
    """Weights of the layers and of an adapter of rank `RANK` on each linear one."""
    sizes = SMALL if small else BILLION
    hidden, inner = sizes["hidden_size"], sizes["intermediate_size"]
    keys = sizes["num_key_value_heads"] * sizes["head_dim"]
    linear = [(hidden, hidden), (hidden, keys), (hidden, keys), (hidden, hidden)]
    linear += [(hidden, inner), (hidden, inner), (inner, hidden)]
    layers = sizes["num_hidden_layers"]
    return Shape(
        frozen=layers * sum(a * b for a, b in linear),
        adapter=layers * RANK * sum(a + b for a, b in linear),
        hidden=hidden,
        layers=layers,
        vocabulary=json.loads((model / "config.json").read_text(encoding="utf-8"))["vocab_size"],
    )


def report(rows: Sequence[Row], made: Material, out: Path, *, small: bool) -> None:
    """One table; every variant beside the plain script of the same bits."""
    shape = shape_of(made.model, small=small)
    page = Page("Training speed")
    page.words(
        "LoRA of rank 16 on every linear layer. Tokens are those that were read, without padding."
        " Utilisation: what the model needs, over the card's dense peak in 16 bits."
    )
    head = ("variant", "tokens/s", "against plain", "peak memory (GB)", "utilisation",
            "last losses", "card")  # fmt: skip
    page.table(head, [_row(each, rows, shape) for each in rows])
    page.write(out / "report.html")


def _row(row: Row, rows: Sequence[Row], shape: Shape) -> list[object]:
    variant, figures, why = row
    if figures is None:
        return [variant.name, why, None, None, None, None, None]
    plain = replace(variant, who="plain", packing=False)
    opponent = next((other for each, other, _ in rows if each == plain and other), None)
    faster = None
    if opponent is not None and opponent.tokens_per_second:
        faster = f"{figures.tokens_per_second / opponent.tokens_per_second:.2f}"
    steps = variant.steps * variant.micro_batch_rows * variant.accumulate
    used = utilisation(
        shape,
        tokens=figures.tokens,
        seconds=figures.seconds,
        length=figures.tokens / steps,
        card=figures.card,
    )
    last = figures.losses[-5:]
    return [
        variant.name,
        figures.tokens_per_second,
        faster,
        figures.memory_bytes / 1e9,
        used,
        sum(last) / len(last) if last else None,
        figures.card,
    ]


if __name__ == "__main__":
    main()

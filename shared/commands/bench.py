"""`inkloop bench`: what people wait for, here and on any OpenAI-compatible server."""

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.errors import BadRequest, InkloopError
from shared.web_address import shown_address

if TYPE_CHECKING:
    from shared.bench.load import Figures, Target


@click.command()
@click.option("--url", default="", help="A running Inkloop; without it one is started and stopped.")
@click.option("--model", default="", help="Model for the one that is started (as INKLOOP_MODEL).")
@click.option("--against", default="", help="Address of another OpenAI-compatible server.")
@click.option("--scenario", "chosen", multiple=True, help="Only these (one, four, eight, …).")
@click.option("--runs", default=3, show_default=True, help="How often; servers take turns.")
@click.option("--key", envvar="INKLOOP_API_KEY", default="", help="API key of --url.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the figures as JSON.")
def bench(  # noqa: PLR0913 - one parameter per option
    url: str, model: str, against: str, chosen: tuple[str, ...], runs: int, key: str,
    out: Path | None,
) -> None:  # fmt: skip
    """Measure first tokens, pauses and tokens/s, side by side with --against.

    Run it while nothing else runs, and read the ratios: absolute figures belong to the machine.
    """
    import asyncio

    from shared.bench.load import SCENARIOS, Target
    from shared.bench.report import machine, table
    from shared.bench.server import own_server

    unknown = [name for name in chosen if name not in SCENARIOS]
    if unknown:
        raise BadRequest(
            f"{unknown[0]} is not a scenario.", fix=f"They are: {', '.join(SCENARIOS)}."
        )
    names = list(chosen) or list(SCENARIOS)
    with ExitStack() as stack:
        here = url or stack.enter_context(own_server(model))
        targets = [Target("inkloop", here, key)]
        targets += [Target("other", against)] if against else []
        figures = asyncio.run(_measure(targets, names, runs))
    click.echo(table(figures))
    if out is not None:
        record = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": machine(),
            "models": {target.name: target.model for target in targets},
            "figures": figures,
        }
        out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        click.echo(f"Figures: {out}")


async def _measure(
    targets: "list[Target]", names: list[str], runs: int
) -> "dict[str, dict[str, list[Figures]]]":
    from openai import OpenAIError

    from shared.bench.load import SCENARIOS

    figures: dict[str, dict[str, list[Figures]]] = {
        target.name: {name: [] for name in names} for target in targets
    }
    for target in targets:
        try:
            await target.prepare()
        except OpenAIError as error:
            raise InkloopError(
                f"{shown_address(target.url)} does not answer ({type(error).__name__}).",
                fix="Is it running?",
            ) from error
    for run in range(runs):
        for name in names:
            for target in targets:
                click.echo(f"run {run + 1}/{runs}  {name}  {target.name} …", err=True)
                figures[target.name][name].append(await SCENARIOS[name](target))
    return figures

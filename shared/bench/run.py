"""Measures targets in turn: in every run each scenario goes over all of them, in changing order."""

from collections.abc import Callable, Sequence

import click
from openai import OpenAIError

from shared.bench.client import Target
from shared.bench.figures import Figures
from shared.bench.scenarios import SCENARIOS
from shared.errors import EngineClosed

ONLY = {"library": ("one",)}
"""What has no server is asked by one person only."""


Measured = dict[str, dict[str, list[Figures]]]
"""Target name to scenario to one set of figures per run."""


async def measure(
    targets: Sequence[Target],
    scenarios: Sequence[str],
    *,
    runs: int,
    window: int,
    keep: Callable[[Measured], None],
) -> Measured:
    """Measure all of it.

    Args:
        targets: In the order of the first run.
        scenarios: By their names.
        runs: How often.
        window: Tokens of one conversation.
        keep: Told what there is so far after every scenario.

    Raises:
        EngineClosed: If a server does not answer.
    """
    figures: Measured = {
        target.name: {name: [] for name in scenarios if name in ONLY.get(target.name, scenarios)}
        for target in targets
    }
    for target in targets:
        try:
            await target.prepare()
        except OpenAIError as error:
            raise EngineClosed(
                f"{target.url} does not answer ({type(error).__name__}).", fix="Is it running?"
            ) from error
    for run in range(runs):
        # Who goes first changes: the machine gets slower or faster while a scenario runs.
        order = list(targets) if run % 2 == 0 else list(targets)[::-1]
        for name in scenarios:
            for target in order:
                if name in figures[target.name]:
                    click.echo(f"run {run + 1}/{runs}  {name}  {target.name} …", err=True)
                    made = await SCENARIOS[name](target, window)
                    figures[target.name][name].append(made)
            keep(figures)
    return figures

"""Medians over the runs, side by side, with the spread and the ratio; and what was aimed at."""

import math
import os
import platform
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.bench.figures import Figures

Runs = Mapping[str, Mapping[str, list[Figures]]]
"""Target name to scenario to one set of figures per run."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A bound on a figure, or on our figure divided by the other server's."""

    scenario: str
    figure: str
    bound: float
    at_least: bool = False
    ratio: bool = True
    to: str = "other"
    """Which target the ratio is to."""


AIMS = (
    Aim("long-prompt", "longest_pause_of_readers_ms", 0.10),
    Aim("long-prompt", "newcomer_first_token_s", 1.7),
    Aim("eight", "tokens_per_second", 1.0, at_least=True),
    Aim("eight", "first_token_p50_s", 0.8),
    Aim("eight", "first_token_p95_s", 1.2),
    Aim("second-turn", "second_turn_first_token_s", 1.1),
    Aim("second-turn", "second_turn_over_cold", 0.1, ratio=False),
    Aim("overflow", "next_turn_over_read_again", 0.2, ratio=False),
    Aim("one", "tokens_per_second", 0.97, at_least=True, to="library"),
    Aim("busy-neighbour", "tokens_per_second", 1.5, at_least=True),
    Aim("memory", "beside_file_and_cells_mb", 350, ratio=False),
)


def machine() -> dict[str, Any]:
    """What a figure from this machine must be read with."""
    from importlib.metadata import version

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "llama-cpp-python": version("llama-cpp-python"),
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def median(runs: list[Figures], figure: str) -> float:
    """Median of one figure over the runs; NaN where no run has it."""
    values = [run[figure] for run in runs if figure in run]
    return statistics.median(values) if values else math.nan


def table(runs: Runs) -> str:
    """A Markdown table: median (lowest–highest) per target, and ours divided by the second's."""
    names = list(runs)
    ours = names[0]
    head = ["scenario", "figure", *names, *(f"ratio to {name}" for name in names[1:])]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for scenario, own in runs[ours].items():
        for figure in own[0] if own else ():
            cells = [
                scenario,
                figure,
                *(_cell(runs[name].get(scenario, []), figure) for name in names),
            ]
            cells += [_ratio(runs, scenario, figure, name) for name in names[1:]]
            lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)


def aims(runs: Runs) -> str:
    """What was aimed at and what was reached, one line each; empty when nothing can be said."""
    ours = next(iter(runs))
    lines = []
    for aim in AIMS:
        found = median(runs[ours].get(aim.scenario, []), aim.figure)
        if aim.ratio:
            theirs = median(runs.get(aim.to, {}).get(aim.scenario, []), aim.figure)
            found = found / theirs if theirs else math.nan
        if math.isnan(found):
            continue
        reached = found >= aim.bound if aim.at_least else found <= aim.bound
        sign, of = ("≥", "≤")[not aim.at_least], f" x {aim.to}'s" if aim.ratio else ""
        lines.append(
            f"- {aim.scenario}, {aim.figure}: {found:.2f}{of} (aim {sign} {aim.bound})"
            f" – {'reached' if reached else 'NOT reached'}"
        )
    return "\n".join(lines)


def _cell(runs: list[Figures], figure: str) -> str:
    values = [run[figure] for run in runs if figure in run]
    if not values:
        return "–"
    spread = f" ({_shown(min(values))}–{_shown(max(values))})" if len(values) > 1 else ""
    return _shown(statistics.median(values)) + spread


def _shown(value: float) -> str:
    if math.isinf(value):
        return "never"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _ratio(runs: Runs, scenario: str, figure: str, other: str) -> str:
    ours = median(runs[next(iter(runs))][scenario], figure)
    theirs = median(runs[other].get(scenario, []), figure)
    if not theirs or not math.isfinite(ours) or not math.isfinite(theirs):
        return "–"
    return f"{ours / theirs:.2f}"

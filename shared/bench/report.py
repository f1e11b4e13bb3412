"""Medians over the runs, side by side, with the spread and the ratio."""

import math
import platform
import statistics
from collections.abc import Mapping
from typing import Any

from shared.bench.load import Figures

Runs = Mapping[str, Mapping[str, list[Figures]]]
"""Target name to scenario to one set of figures per run."""


def machine() -> dict[str, Any]:
    """What a figure from this machine must be read with."""
    import os
    from importlib.metadata import version

    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "llama-cpp-python": version("llama-cpp-python"),
    }


def median(runs: list[Figures], figure: str) -> float:
    """Median of one figure over the runs."""
    return statistics.median(run[figure] for run in runs)


def _shown(value: float) -> str:
    if math.isinf(value):
        return "never"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def table(runs: Runs) -> str:
    """A Markdown table: median (lowest–highest) per target, and ours divided by theirs."""
    names = list(runs)
    head = ["scenario", "figure", *names] + (["ratio"] if len(names) == 2 else [])
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for scenario, own in runs[names[0]].items():
        for figure in own[0]:
            cells = [scenario, figure]
            for name in names:
                values = [run[figure] for run in runs[name][scenario]]
                spread = (
                    f" ({_shown(min(values))}–{_shown(max(values))})" if len(values) > 1 else ""
                )
                cells.append(_shown(statistics.median(values)) + spread)
            if len(names) == 2:
                cells.append(_ratio(runs, scenario, figure))
            lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)


def _ratio(runs: Runs, scenario: str, figure: str) -> str:
    ours, theirs = (median(runs[name][scenario], figure) for name in runs)
    if not theirs or math.isinf(ours) or math.isinf(theirs):
        return "–"
    return f"{ours / theirs:.2f}"

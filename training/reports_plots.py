"""Draws figures of runs and sweeps as PNG files, without a display."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLOURS = ("#2f6f4f", "#8a4b1f", "#2b5d8a", "#7a3b7a", "#9a7b14", "#5a5a5a", "#b03a48", "#3a8f8f")
_DOTS_PER_INCH = 110


@dataclass(frozen=True, slots=True)
class Line:
    """One curve."""

    name: str
    across: Sequence[float]
    up: Sequence[float]
    dots: bool = False


def draw_lines(target: Path, lines: Sequence[Line], *, up: str, across: str = "step") -> bool:
    """Draw curves on one pair of axes; returns False where there is nothing to draw."""
    drawn = [line for line in lines if line.across]
    if not drawn:
        return False
    figure, axes = _canvas()
    for number, line in enumerate(drawn):
        colour = COLOURS[number % len(COLOURS)]
        style: dict[str, Any] = {"marker": "o", "ms": 3.5} if line.dots else {}
        axes.plot(line.across, line.up, color=colour, lw=1.4, label=line.name, **style)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    if len(drawn) > 1:
        axes.legend(frameon=False, fontsize=8)
    _save(figure, target)
    return True


def draw_bars(target: Path, names: Sequence[str], values: Sequence[float], *, across: str) -> None:
    """Draw one bar per name, the longest on top."""
    figure, axes = _canvas(height=1.2 + 0.32 * len(names))
    order = sorted(range(len(names)), key=lambda at: values[at])
    axes.barh([names[at] for at in order], [values[at] for at in order], color=COLOURS[0])
    axes.set_xlabel(across)
    _save(figure, target)


def draw_parallel(
    target: Path, keys: Sequence[str], rows: Sequence[Sequence[Any]], losses: Sequence[float]
) -> None:
    """Draw one line per trial across the keys; the darker, the lower its loss.

    Args:
        target: PNG file.
        keys: One upright axis each.
        rows: Values per trial, in the order of `keys`.
        losses: Per trial.
    """
    from matplotlib import colormaps

    figure, axes = _canvas(width=1.6 + 1.5 * (len(keys) + 1))
    columns = [*zip(*rows, strict=True), tuple(losses)]
    places = [_places(column) for column in columns]
    lowest, highest = min(losses), max(losses)
    for at, loss in enumerate(losses):
        near = (loss - lowest) / ((highest - lowest) or 1.0)
        heights = [place[at] for place in places]
        axes.plot(range(len(places)), heights, color=colormaps["viridis"](near * 0.9), lw=1.2)
    for at, column in enumerate(columns):
        for value, height in _marks(column):
            axes.text(at, height, f" {value}", fontsize=7, va="center")
    axes.set_xticks(range(len(places)), [*keys, "validation loss"], fontsize=8)
    axes.set_yticks([])
    axes.grid(axis="x", color="#bbb")
    _save(figure, target)


def _places(column: Sequence[Any]) -> list[float]:
    """Heights between 0 and 1: by size for numbers that are many, else evenly by value."""
    values = _ordered(column)
    even = {value: at / ((len(values) - 1) or 1) for at, value in enumerate(values)}
    if not _is_range(column):
        return [even[value] for value in column]
    low, high = min(column), max(column)
    return [(value - low) / ((high - low) or 1.0) for value in column]


def _marks(column: Sequence[Any]) -> list[tuple[str, float]]:
    if _is_range(column):
        return [(f"{min(column):.4g}", 0.0), (f"{max(column):.4g}", 1.0)]
    values = _ordered(column)
    return [
        (f"{value:.4g}" if isinstance(value, float) else str(value), at / ((len(values) - 1) or 1))
        for at, value in enumerate(values)
    ]


def _ordered(column: Sequence[Any]) -> list[Any]:
    numbers = all(isinstance(value, int | float) for value in column)
    return sorted(set(column)) if numbers else sorted(set(column), key=str)


def _is_range(column: Sequence[Any]) -> bool:
    many = len(set(column)) > len(COLOURS)
    return many and all(isinstance(value, int | float) for value in column)


def _canvas(*, width: float = 6.4, height: float = 2.9) -> tuple[Any, Any]:
    # The object API keeps no figure behind and needs no display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, target: Path) -> None:  # noqa: ANN401
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=_DOTS_PER_INCH)

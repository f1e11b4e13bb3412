"""The gate's verdict as one SVG: each check on a line, with its interval and its limit."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, LEFT, ROW, EDGE = 760, 250, 30, 16
COLORS = {True: "#2f6f4f", False: "#b42318", None: "#b7791f"}
_MARK = {True: "passed", False: "refused", None: "not measurable"}
Row = Mapping[str, Any]


def plot(report: Row, changes: Mapping[str, Sequence[float]]) -> str:
    """Draw a report.

    Args:
        report: As in gate.json.
        changes: By the name of a check with an interval, the change of every item.
    """
    rows = report["findings"]
    height = 2 * EDGE + ROW * (len(rows) + 1)
    drawn = "".join(
        _line(row, EDGE + ROW * number, changes.get(row["name"], ()))
        for number, row in enumerate(rows, 1)
    )
    title = html.escape(f"{report['candidate']['name']} against {report['serving']['name']}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' font-family="sans-serif" font-size="13"><title>{title}</title>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="{EDGE}" y="{EDGE + 8}" font-weight="bold" fill="#222">{title}</text>'
        f"{drawn}</svg>\n"
    )


def _line(row: Row, top: int, changes: Sequence[float]) -> str:
    color, middle = COLORS[row["passed"]], top + ROW // 2
    name = html.escape(row["name"])
    return (
        f"<g><title>{html.escape(row['words'])}</title>"
        f'<circle cx="{EDGE + 5}" cy="{middle}" r="5" fill="{color}"/>'
        f'<text x="{EDGE + 18}" y="{middle + 4}" fill="#222">{name}</text>'
        f"{_picture(row, middle, color, changes)}</g>"
    )


def _picture(row: Row, middle: int, color: str, changes: Sequence[float]) -> str:
    found = row["figures"]
    if {"mean", "low", "high"} <= found.keys():
        return _interval(found, middle, color, changes)
    if {"before", "after", "items"} <= found.keys() and found["items"]:
        return _bars(found, middle, color)
    return _text(row, middle)


def _interval(found: Row, middle: int, color: str, changes: Sequence[float]) -> str:
    """Items as dots, the interval as a bar, zero and the limit as lines."""
    limit = -float(found.get("margin", 0.0))
    values = [0.0, limit, found["low"], found["high"], *changes]
    low, high = min(values), max(values)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - 2 * EDGE) * (value - low) / span

    dots = "".join(
        f'<circle cx="{x(value):.1f}" cy="{middle}" r="2" fill="{color}" fill-opacity=".35"/>'
        for value in changes
    )
    lines = "".join(
        f'<path d="M{x(at):.1f} {middle - 11}v22" stroke="{stroke}" stroke-dasharray="{dash}"/>'
        for at, stroke, dash in ((0.0, "#888", "none"), (limit, "#b42318", "3 3"))
    )
    return (
        f'{lines}{dots}<path d="M{x(found["low"]):.1f} {middle}H{x(found["high"]):.1f}"'
        f' stroke="{color}" stroke-width="4"/>'
        f'<circle cx="{x(found["mean"]):.1f}" cy="{middle}" r="5" fill="{color}"/>'
    )


def _bars(found: Row, middle: int, color: str) -> str:
    """Before as an outline, after as a bar, of all items."""
    full = WIDTH - LEFT - 2 * EDGE - 90
    before, after = (full * found[key] / found["items"] for key in ("before", "after"))
    return (
        f'<rect x="{LEFT}" y="{middle - 8}" width="{full}" height="16" fill="#eee"/>'
        f'<rect x="{LEFT}" y="{middle - 8}" width="{after:.1f}" height="16" fill="{color}"/>'
        f'<path d="M{LEFT + before:.1f} {middle - 11}v22" stroke="#222" stroke-width="2"/>'
        f'<text x="{LEFT + full + 10}" y="{middle + 4}" fill="#222">{found["before"]} →'
        f" {found['after']} of {found['items']}</text>"
    )


def _text(row: Row, middle: int) -> str:
    said = ", ".join(f"{key} {value}" for key, value in row["figures"].items())
    word = html.escape(said or _MARK[row["passed"]])
    return f'<text x="{LEFT}" y="{middle + 4}" fill="#222">{word}</text>'

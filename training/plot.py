"""The loss of a run as one SVG, so that a run folder can be looked at without any tool."""

import json
from collections.abc import Sequence
from pathlib import Path

from shared.durable import replace_text

WIDTH, HEIGHT, EDGE = 640, 240, 36
COLORS = {"sft": "#2f6f4f", "dpo": "#8a4b1f"}


def plot_losses(log: Path, target: Path) -> None:
    """Draw every part of log.jsonl after the other; needs two points."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    parts = {row["part"]: [r for r in rows if r["part"] == row["part"]] for row in rows}
    points = [(float(row["loss"]), str(row["part"])) for part in parts.values() for row in part]
    if len(points) > 1:
        replace_text(target, _svg(points))


def _svg(points: Sequence[tuple[float, str]]) -> str:
    top = max(loss for loss, _ in points) or 1.0
    across, up = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE
    lines: dict[str, list[str]] = {}
    for index, (loss, part) in enumerate(points):
        x = EDGE + across * index / (len(points) - 1)
        lines.setdefault(part, []).append(f"{x:.1f},{HEIGHT - EDGE - up * loss / top:.1f}")
    drawn = "".join(
        f'<polyline fill="none" stroke="{COLORS.get(part, "#444")}" stroke-width="2"'
        f' points="{" ".join(places)}"><title>{part}</title></polyline>'
        for part, places in lines.items()
    )
    last = points[-1][0]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<path d="M{EDGE} {EDGE}V{HEIGHT - EDGE}H{WIDTH - EDGE}" fill="none" stroke="#999"/>'
        f'<text x="{EDGE}" y="{EDGE - 8}">loss {top:.2f}</text>'
        f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 12}" text-anchor="end">ends at {last:.3f}</text>'
        f"{drawn}</svg>\n"
    )

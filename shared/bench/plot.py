"""The figures as a picture: one bar per server and figure, with the spread as a line.

Written as SVG by hand, so that the base install draws it too.
"""

import math
from html import escape

from shared.bench.report import Runs, median

ROW, LEFT, BARS, RIGHT = 22, 330, 420, 90
COLOURS = ("#2f6f9f", "#c2703d", "#5b8c5a", "#8a6bb1", "#777777")
INK, PALE = "#222222", "#f7f7f4"


def picture(runs: Runs, title: str) -> str:
    """An SVG; the longest bar of each figure fills the width."""
    names = list(runs)
    rows: list[str] = []
    top = 64
    for scenario, own in runs[names[0]].items():
        for figure in own[0] if own else ():
            rows.append(_text(10, top + 15, f"{scenario}: {figure}"))
            rows += _bars(runs, scenario, figure, top)
            top += ROW * len(names) // 2 + ROW
    legend = [
        f'<rect x="{10 + 160 * i}" y="32" width="12" height="12" fill="{COLOURS[i % 5]}"/>'
        + _text(28 + 160 * i, 42, name)
        for i, name in enumerate(names)
    ]
    width, height = LEFT + BARS + RIGHT, top + 10
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' role="img" font-family="sans-serif" font-size="12" fill="{INK}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="{PALE}"/>',
            _text(10, 20, title),
            *legend,
            *rows,
            "</svg>\n",
        ]
    )


def _bars(runs: Runs, scenario: str, figure: str, top: int) -> list[str]:
    middles = {name: median(runs[name].get(scenario, []), figure) for name in runs}
    finite = [value for value in middles.values() if math.isfinite(value)]
    scale = BARS / (max(finite, default=0.0) or 1.0)
    made = []
    for i, (name, value) in enumerate(middles.items()):
        y = top + i * (ROW // 2 + 1)
        if not math.isfinite(value):
            made.append(_text(LEFT, y + 9, "–" if math.isnan(value) else "never"))
            continue
        values = [run[figure] for run in runs[name][scenario] if math.isfinite(run[figure])]
        low, high = LEFT + min(values) * scale, LEFT + min(max(values) * scale, BARS * 1.1)
        made += [
            f'<rect x="{LEFT}" y="{y}" width="{max(value * scale, 1):.1f}" height="9"'
            f' fill="{COLOURS[i % 5]}"/>',
            f'<path d="M{low:.1f} {y + 4.5}H{high:.1f}" stroke="{INK}"/>',
            _text(LEFT + BARS + 8, y + 9, f"{value:.3g}"),
        ]
    return made


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x}" y="{y}">{escape(text)}</text>'

"""The story's map: every passage as a square, drawn as one SVG that mouse and keyboard can use.

Scenes run downwards, branches lie side by side. The picture is made here, with every text escaped;
the browser only reports which square was chosen, and the server checks that it exists.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.story.tale import Passage

GRID_X, GRID_Y, SIDE = 52, 48, 26
"""Distance between columns and rows, and a square's side, in pixels."""
MAX_LABEL = 80

JS = """
const go = (target) => {
  const node = target.closest('[data-node]');
  if (node) trigger('node', {id: node.dataset.node});
};
element.addEventListener('click', (event) => go(event.target));
element.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); go(event.target); }
});
watch('value', () => {
  const here = element.querySelector('.here');
  if (here) here.scrollIntoView({block: 'nearest', inline: 'nearest'});
});
"""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a passage is drawn, in grid cells from the top left."""

    column: int
    row: int


def layout(passages: Sequence[Passage]) -> dict[str, Spot]:
    """A cell for each passage: a first child stays below its parent, the others go right of all.

    Args:
        passages: Parents before their children.
    """
    spots: dict[str, Spot] = {}
    children: dict[str | None, list[Passage]] = {}
    for passage in passages:
        children.setdefault(passage.parent_id, []).append(passage)
    next_column = 0
    # Depth first, with a stack: a long story would be too deep for recursion.
    waiting = [(passage, 0, False) for passage in reversed(children.get(None, []))]
    while waiting:
        passage, row, below = waiting.pop()
        if not below:
            column, next_column = next_column, next_column + 1
        else:
            column = spots[passage.parent_id or ""].column
        spots[passage.id] = Spot(column, row)
        following = children.get(passage.id, [])
        waiting += [(child, row + 1, child is following[0]) for child in reversed(following)]
    return spots


def draw(passages: Sequence[Passage], here: str, path: Sequence[Passage] = ()) -> str:
    """The map as SVG; an empty frame with a sentence while there is no story."""
    if not passages:
        return '<p class="map-empty">The map of your story is drawn here.</p>'
    spots = layout(passages)
    taken = {passage.id for passage in path}
    width = (max(spot.column for spot in spots.values()) + 1) * GRID_X
    height = (max(spot.row for spot in spots.values()) + 1) * GRID_Y
    lines = [_line(passage, spots, taken) for passage in passages if passage.parent_id]
    nodes = [_node(passage, spots[passage.id], here, taken) for passage in passages]
    return (
        f'<svg role="group" aria-label="Map of the story" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}">{"".join(lines)}{"".join(nodes)}</svg>'
    )


def _centre(spot: Spot) -> tuple[int, int]:
    return spot.column * GRID_X + GRID_X // 2, spot.row * GRID_Y + GRID_Y // 2


def _line(passage: Passage, spots: Mapping[str, Spot], taken: set[str]) -> str:
    x_from, y_from = _centre(spots[passage.parent_id or ""])
    x_to, y_to = _centre(spots[passage.id])
    bend = y_to - GRID_Y // 2
    on_path = ' class="taken"' if passage.id in taken else ""
    return f'<path{on_path} d="M{x_from} {y_from}V{bend}H{x_to}V{y_to}"/>'


def _node(passage: Passage, spot: Spot, here: str, taken: set[str]) -> str:
    x, y = _centre(spot)
    current = passage.id == here
    kinds = [
        name
        for name, holds in (
            ("node", True),
            ("taken", passage.id in taken),
            ("here", current),
            ("ended", passage.ended),
        )
        if holds
    ]
    label = html.escape(_label(passage, spot.row + 1, current))
    mark = "★" if passage.ended else str(spot.row + 1)
    current_mark = ' aria-current="true"' if current else ""
    return (
        f'<g class="{" ".join(kinds)}" data-node="{html.escape(passage.id)}" tabindex="0"'
        f' role="button" aria-label="{label}"{current_mark}>'
        f"<title>{label}</title>"
        f'<rect x="{x - SIDE // 2}" y="{y - SIDE // 2}" width="{SIDE}" height="{SIDE}"/>'
        f'<text x="{x}" y="{y}">{mark}</text></g>'
    )


def _label(passage: Passage, number: int, current: bool) -> str:
    ways = {"begin": "the beginning", "end": "the ending that you asked for"}
    said = ways.get(passage.step, passage.said)
    short = said if len(said) <= MAX_LABEL else said[: MAX_LABEL - 1] + "…"
    return f"Scene {number}: {short}{' (you are here)' if current else ''}"

"""The story's map: every passage as a square, drawn as one SVG that mouse and keyboard can use.

Scenes run downwards, branches lie side by side. The picture is made here, with every text escaped;
the browser only reports which square was chosen, and the server checks that it exists.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.story import ways
from apps.story.tale import Link, Passage
from shared.texts import say

GRID_X, GRID_Y, SIDE = 52, 48, 26
"""Distance between columns and rows, and a square's side, in pixels."""
MAX_LABEL = 80

JS = """
let zoom = 1;
const go = (target) => {
  const node = target.closest('[data-node]');
  if (node) trigger('node', {id: node.dataset.node});
};
const size = () => {
  const svg = element.querySelector('svg');
  if (svg) { svg.style.width = svg.dataset.width * zoom + 'px'; svg.style.height = 'auto'; }
};
const place = (node) => { const box = node.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2]; };
const towards = (from, dx, dy) => {
  const [x, y] = place(from);
  let best = null, least = Infinity;
  for (const node of element.querySelectorAll('[data-node]')) {
    const [nx, ny] = place(node);
    const along = (nx - x) * dx + (ny - y) * dy;
    const aside = Math.abs((nx - x) * dy) + Math.abs((ny - y) * dx);
    if (along > 2 && along + 3 * aside < least) { least = along + 3 * aside; best = node; }
  }
  return best;
};
const ways = {ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0]};
let moved = null;
element.addEventListener('pointerdown', (event) => {
  if (event.button === 0 && event.pointerType === 'mouse' && !event.target.closest('button'))
    moved = {x: event.clientX, y: event.clientY, left: element.scrollLeft, top: element.scrollTop};
});
element.addEventListener('pointermove', (event) => {
  if (!moved) return;
  if (!(event.buttons & 1)) { moved = null; return; }
  element.scrollLeft = moved.left - (event.clientX - moved.x);
  element.scrollTop = moved.top - (event.clientY - moved.y);
});
element.addEventListener('click', (event) => {
  const far = moved && Math.hypot(event.clientX - moved.x, event.clientY - moved.y) > 5;
  moved = null;
  const tool = event.target.closest('button[data-zoom]');
  if (tool) { zoom = Math.min(3, Math.max(0.4, zoom * Number(tool.dataset.zoom))); size(); return; }
  if (!far) go(event.target);
});
element.addEventListener('keydown', (event) => {
  const node = event.target.closest('[data-node]');
  if (!node) return;
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); go(node); }
  if (ways[event.key]) {
    event.preventDefault();
    const next = towards(node, ...ways[event.key]);
    if (next) next.focus();
  }
});
watch('value', () => {
  size();
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


def draw(
    passages: Sequence[Passage],
    here: str,
    path: Sequence[Passage] = (),
    links: Sequence[Link] = (),
) -> str:
    """The map as SVG; an empty frame with a sentence while there is no story."""
    if not passages:
        told = html.escape(say("The map of your story is drawn here."))
        return f'<p class="map-empty">{told}</p>'
    spots = layout(passages)
    taken = {passage.id for passage in path}
    width = (max(spot.column for spot in spots.values()) + 1) * GRID_X
    height = (max(spot.row for spot in spots.values()) + 1) * GRID_Y
    lines = [_line(passage, spots, taken) for passage in passages if passage.parent_id]
    back = [_back(link, spots) for link in links]
    nodes = [_node(passage, spots[passage.id], here, taken) for passage in passages]
    return (
        f'{_tools()}<svg role="group" aria-label="{html.escape(say("Map of the story"))}"'
        f' width="{width}" height="{height}" data-width="{width}" viewBox="0 0 {width} {height}">'
        f"{''.join(lines)}{''.join(back)}{''.join(nodes)}</svg>"
    )


def _tools() -> str:
    buttons = "".join(
        f'<button type="button" data-zoom="{zoom}" aria-label="{html.escape(name)}">{sign}</button>'
        for zoom, name, sign in (("1.25", say("Larger"), "+"), ("0.8", say("Smaller"), "−"))
    )
    return f'<div class="map-tools">{buttons}</div>'


def _centre(spot: Spot) -> tuple[int, int]:
    return spot.column * GRID_X + GRID_X // 2, spot.row * GRID_Y + GRID_Y // 2


def _line(passage: Passage, spots: Mapping[str, Spot], taken: set[str]) -> str:
    x_from, y_from = _centre(spots[passage.parent_id or ""])
    x_to, y_to = _centre(spots[passage.id])
    bend = y_to - GRID_Y // 2
    on_path = ' class="taken"' if passage.id in taken else ""
    return f'<path{on_path} d="M{x_from} {y_from}V{bend}H{x_to}V{y_to}"/>'


def _back(link: Link, spots: Mapping[str, Spot]) -> str:
    """A bow to the passage that a link leads to."""
    x_from, y_from = _centre(spots[link.passage_id])
    x_to, y_to = _centre(spots[link.target_id])
    x_bow = max(x_from, x_to) + GRID_X // 2
    return (
        f'<path class="link" d="M{x_from} {y_from}C{x_bow} {y_from} {x_bow} {y_to} {x_to} {y_to}"/>'
    )


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
    if passage.step == "begin":
        said = say("the beginning")
    elif passage.step == "end":
        said = say("the ending that you asked for")
    else:
        said = ways.said(passage)
    short = said if len(said) <= MAX_LABEL else said[: MAX_LABEL - 1] + "…"
    if current:
        return say("Scene {number}: {what} (you are here)", number=number, what=short)
    return say("Scene {number}: {what}", number=number, what=short)

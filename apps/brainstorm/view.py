"""The board on the page: one component, whose script writes every text as text (`board.js`)."""

import html
import json
from pathlib import Path
from typing import Any

from apps.brainstorm import diversity, ranking
from apps.brainstorm.background import Seen
from apps.brainstorm.board import STATES, Board, Card
from apps.brainstorm.rubric import weighted
from shared.ids import new_id

_MOVES = "".join(f'<option value="{state}">{state}</option>' for state in STATES)
_EMPTY = """<div class="board-empty"><p>Your board is empty. Name a topic, or write a card of your
own.</p><ol><li><b>Collect.</b> Name a topic above and press Brainstorm; a method looks from another
side.</li><li><b>Improve.</b> Refine a card, edit it, merge two; what came from what stays to be
seen.</li><li><b>Weigh.</b> Evaluate all by your own words, or compare them two by two, and put the
best first.</li></ol><p>Everything can be undone.</p></div>"""

TEMPLATE = f"""<h2 class="topic" dir="auto"></h2>
<div class="tools" hidden><input type="search" class="filter" placeholder="Filter by a word or tag"
aria-label="Filter"><button type="button" data-act="columns" aria-pressed="false">Columns</button>
<p class="hints" role="note" dir="auto"></p></div>
<div class="many" role="toolbar" aria-label="With the chosen cards" hidden><b></b>
<button type="button" data-act="compare">Compare</button>
<button type="button" data-act="merge">Merge</button>
<select aria-label="Put in"><option value="">put in …</option>{_MOVES}</select>
<input type="text" maxlength="30" placeholder="tag" aria-label="Tag">
<button type="button" data-act="tag">Tag</button>
<button type="button" data-act="many-remove">Delete</button>
<button type="button" data-act="none">None</button></div>
<div class="board wall" role="list" aria-label="Ideas"></div>{_EMPTY}"""
"""Nothing of the value is in it: it is drawn once, and the script does the rest."""

JS = Path(__file__).with_name("board.js").read_text(encoding="utf-8")
"""Gradio makes a listener of every event name that stands here in quotes."""


def board(seen: Seen) -> dict[str, Any]:
    """The component's value."""
    look = diversity.look_at(seen.board)
    cards = [_card(card, seen.board, look.twins.get(card.id, "")) for card in seen.board.cards]
    cards += [{**_card(card, seen.board, ""), "coming": True} for card in seen.coming]
    variety = [] if look.variety is None else [f"Variety {look.variety:.0%}."]
    return {
        "topic": seen.board.topic,
        # One text: Gradio watches every field of every object that it is given, which for 300 cards
        # takes longer than everything else on the way.
        "cards": json.dumps(cards, ensure_ascii=False),
        "hints": [*variety, *look.hints],
        # A page shows some steps before they are answered. The answer must be drawn also where the
        # board is what it was: the step may have been refused.
        "stamp": new_id(),
    }


def _card(card: Card, on: Board, twin: str) -> dict[str, Any]:
    weighed = weighted(card.scores, on.weights) if card.scores and on.weights else 0.0
    return {
        "id": card.id,
        "title": card.title,
        "body": card.body,
        "from": card.origin_title,
        "merged": [f"“{origin.title}”" for origin in card.merged],
        "own": not card.answer_id,
        "scores": [mark.model_dump() for mark in card.scores],
        "total": f"{card.total:g}",
        "most": sum(mark.scale[1] for mark in card.scores),
        "most_each": max((mark.scale[1] for mark in card.scores), default=0),
        "weighed": f"{weighed:.2f}" if weighed else "",
        "tags": list(card.tags),
        "state": card.state,
        "versions": [version.model_dump() for version in card.versions],
        "twin": twin,
        "standing": ranking.standing(on, card.id) if on.comparisons else "",
        "coming": False,
    }


def lineage(of: Board) -> str:
    """What came from what, as nested lists; every title escaped."""
    ids = {card.id for card in of.cards}
    below: dict[str, list[Card]] = {}
    for card in of.cards:
        below.setdefault(card.origin_id if card.origin_id in ids else "", []).append(card)
    return _branch(below, "", 0)


def _branch(below: dict[str, list[Card]], root: str, depth: int) -> str:
    # A file may claim any lineage, also one that goes round; no real one is as deep as this.
    if root not in below or depth > 20:
        return ""
    rows = "".join(
        f'<li dir="auto">{html.escape(card.title)}{_sources(card)}'
        f"{_branch(below, card.id, depth + 1)}</li>"
        for card in below[root]
    )
    return f"<ul>{rows}</ul>"


def _sources(card: Card) -> str:
    titles = [origin.title for origin in card.merged]
    titles += [card.origin_title] if card.origin_title else []
    return f" <small>from {html.escape(', '.join(titles))}</small>" if titles else ""


def status(line: str) -> str:
    """The status line; it may quote a card."""
    return html.escape(line)

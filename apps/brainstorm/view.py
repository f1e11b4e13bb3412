"""The board on the page: one component, whose script writes every text as text (`board.js`)."""

import html
import json
from pathlib import Path
from typing import Any

from apps.brainstorm import diversity, ranking
from apps.brainstorm.background import Seen
from apps.brainstorm.board import STATES, Board, Card
from apps.brainstorm.rubric import criterion_label, weighted
from shared.ids import new_id
from shared.texts import later, say, say_count

STATE_LABELS: dict[str, str] = {
    "new": later("new"),
    "promising": later("promising"),
    "doing": later("doing"),
    "dropped": later("dropped"),
}
"""What a state is called; what is kept and sent is the state itself."""
_SCRIPT = Path(__file__).with_name("board.js").read_text(encoding="utf-8")
# Gradio 6.31 makes a listener of every name that stands in quotes in a script, so these are none
# that anybody would ask for.
_SAID: dict[str, str] = {
    "BETWEEN": later("between {low} and {high} of {most}"),
    "OF": later("of {most}"),
    "WEIGHTED": later("Weighted"),
    "TOTAL": later("Total"),
    "FAIR": later("Fair?"),
    "GOOD": later("Good"),
    "BAD": later("Bad"),
    "TITLE": later("Title"),
    "TEXT": later("Text"),
    "SAVE": later("Save"),
    "CANCEL": later("Cancel"),
    "CHOOSE": later("Choose “{title}”"),
    "MOVE": later("Move “{title}”: arrow keys"),
    "DRAG": later("Drag, or use the arrow keys"),
    "STATE": later("State"),
    "FROM": later("↳ from “{title}”"),
    "MERGED": later("↳ merged from {titles}"),
    "TWIN": later("nearly the same as “{title}”"),
    "COMPARED": later("compared: {standing}"),
    "REFINE": later("Refine"),
    "EVALUATE": later("Evaluate"),
    "EDIT": later("Edit"),
    "DELETE": later("Delete"),
    "THIS": later("This idea?"),
    "CHOSEN": later("{count} chosen"),
}
"""The words of `board.js`; the script fills in their values."""


def script() -> str:
    """`board.js`, with its words in the language of the site.

    Gradio makes a listener of every event name that stands there in quotes.
    """
    states = {f"STATE_{state}": say(STATE_LABELS[state]) for state in STATES}
    said = json.dumps({**{key: say(text) for key, text in _SAID.items()}, **states})
    # The script stands in a page, where these two signs would end it.
    words = said.replace("</", "<\\/")
    return f"const SAID = {words};\n{_SCRIPT}"


def template() -> str:
    """What is drawn once; nothing of the value is in it, and the script does the rest."""
    moves = "".join(
        f'<option value="{state}">{plain(say(STATE_LABELS[state]))}</option>' for state in STATES
    )
    return f"""<h2 class="topic" dir="auto"></h2>
<div class="tools" hidden><input type="search" class="filter"
placeholder="{plain(say("Filter by a word or tag"))}" aria-label="{plain(say("Filter"))}">
<button type="button" data-act="columns" aria-pressed="false">{plain(say("Columns"))}</button>
<p class="hints" role="note" dir="auto"></p></div>
<div class="many" role="toolbar" aria-label="{plain(say("With the chosen cards"))}" hidden><b></b>
<button type="button" data-act="compare">{plain(say("Compare"))}</button>
<button type="button" data-act="merge">{plain(say("Merge"))}</button>
<select aria-label="{plain(say("Put in"))}">
<option value="">{plain(say("put in …"))}</option>{moves}</select>
<input type="text" maxlength="30" placeholder="{plain(say("tag"))}"
aria-label="{plain(say("Tag"))}">
<button type="button" data-act="tag">{plain(say("Tag"))}</button>
<button type="button" data-act="many-remove">{plain(say("Delete"))}</button>
<button type="button" data-act="none">{plain(say("None"))}</button></div>
<div class="board wall" role="list" aria-label="{plain(say("Ideas"))}"></div>{_empty()}"""


def _empty() -> str:
    begin = say("Your board is empty. Name a topic, or write a card of your own.")
    steps = (
        (
            say("Collect."),
            say(
                "Name a topic above and press {button}; a method looks from another side.",
                button=say("Brainstorm"),
            ),
        ),
        (
            say("Improve."),
            say("Refine a card, edit it, merge two; what came from what stays to be seen."),
        ),
        (
            say("Weigh."),
            say(
                "Evaluate all by your own words, or compare them two by two, and put the best"
                " first."
            ),
        ),
    )
    rows = "".join(f"<li><b>{plain(name)}</b> {plain(told)}</li>" for name, told in steps)
    end = plain(say("Everything can be undone."))
    return f'<div class="board-empty"><p>{plain(begin)}</p><ol>{rows}</ol><p>{end}</p></div>'


def plain(text: str) -> str:
    """Text for a template of Gradio's, which reads `${…}` and `{{…}}` as JavaScript."""
    return "".join(f"&#{ord(sign)};" if sign in "`$\\{}" else sign for sign in html.escape(text))


def board(seen: Seen) -> dict[str, Any]:
    """The component's value."""
    look = diversity.look_at(seen.board)
    cards = [_card(card, seen.board, look.twins.get(card.id, "")) for card in seen.board.cards]
    cards += [{**_card(card, seen.board, ""), "coming": True} for card in seen.coming]
    variety = [] if look.variety is None else [say("Variety {share}.", share=f"{look.variety:.0%}")]
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
        "scores": [
            {**mark.model_dump(), "criterion": criterion_label(mark.criterion)}
            for mark in card.scores
        ],
        "total": f"{card.total:g}",
        "most": sum(mark.scale[1] for mark in card.scores),
        "most_each": max((mark.scale[1] for mark in card.scores), default=0),
        "weighed": f"{weighed:.2f}" if weighed else "",
        "tags": list(card.tags),
        "state": card.state,
        "versions": [version.model_dump() for version in card.versions],
        "earlier": say_count("{count} earlier", "{count} earlier", len(card.versions)),
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
    if not titles:
        return ""
    told = say("from {titles}", titles=", ".join(titles))
    return f" <small>{html.escape(told)}</small>"


def status(line: str) -> str:
    """The status line; it may quote a card."""
    return html.escape(line)

"""The board on the page: one component, whose template writes every text escaped."""

import html
from typing import Any

from apps.brainstorm.board import Card
from apps.brainstorm.desk import Seen
from apps.ui.escape import text

_SCORES = f"""${{c.scores.length ? `<ul class="scores">${{c.scores.map(s => `<li>
<span dir="auto">{text("s.criterion")}</span><b>{text("s.score")}</b>
<small dir="auto">{text("s.reason")}</small></li>`).join('')}}
<li><span>Total</span><b>{text("c.total")} / {text("c.most")}</b></li></ul>
<div class="ask"><span>Fair?</span>
<button type="button" data-act="fair">Good</button>
<button type="button" data-act="unfair">Bad</button></div>` : ''}}"""

_VOTES = """${c.own ? '' : `<div class="ask"><span>This idea?</span>
<button type="button" data-act="good">Good</button>
<button type="button" data-act="bad">Bad</button></div>`}"""

_ACTS = f"""${{c.coming ? '' : `<footer>
<button type="button" data-act="refine">Refine</button>
<button type="button" data-act="evaluate">Evaluate</button>
<button type="button" data-act="remove">Delete</button></footer>{_VOTES}`}}"""

TEMPLATE = f"""${{value.topic ? `<h2 dir="auto">{text("value.topic")}</h2>` : ''}}
<div class="board ${{value.busy ? 'busy' : ''}}" role="list" aria-label="Ideas">
${{value.cards.map(c => `<article role="listitem" id="board-card-{text("c.id")}"
data-id="{text("c.id")}" class="card ${{c.own ? 'own' : ''}} ${{c.coming ? 'coming' : ''}}">
${{c.from ? `<span class="from" dir="auto">↳ from “{text("c.from")}”</span>` : ''}}
<h3 dir="auto">{text("c.title")}</h3><p dir="auto">{text("c.body")}</p>
{_SCORES}{_ACTS}</article>`).join('')}}</div>
${{value.cards.length ? '' :
'<p class="board-empty">Your board is empty. Name a topic, or write a card of your own.</p>'}}"""

JS = """
const acts = ['refine', 'evaluate', 'remove', 'good', 'bad', 'fair', 'unfair'];
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-act]');
  if (!button || !acts.includes(button.dataset.act)) return;
  trigger(button.dataset.act, {id: button.closest('[data-id]').dataset.id});
});
"""
"""Gradio makes a listener of every event name that stands here in quotes."""


def board(seen: Seen, *, busy: bool = False) -> dict[str, Any]:
    """The component's value."""
    cards = [_card(card) for card in seen.board.cards]
    cards += [{**_card(card), "coming": True} for card in seen.coming]
    return {"topic": seen.board.topic, "cards": cards, "busy": busy}


def _card(card: Card) -> dict[str, Any]:
    return {
        "id": card.id,
        "title": card.title,
        "body": card.body,
        "from": card.origin_title,
        "own": not card.answer_id,
        "scores": [score.model_dump() for score in card.scores],
        "total": card.total,
        "most": 5 * len(card.scores),
        "coming": False,
    }


def status(line: str) -> str:
    """The status line; it may quote a card."""
    return html.escape(line)

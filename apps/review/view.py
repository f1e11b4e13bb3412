"""What reviewers read, as HTML. Flags are written by strangers: every text is escaped here."""

import html
from collections.abc import Sequence

from apps.review import suspicions_view
from apps.review.desk import Seen
from apps.review.queue import Line, Queue
from apps.ui import diff
from feedback import taxonomy
from feedback.records import Turn
from feedback.reviews import Decision

STATES = {
    "received": "waiting",
    "approved": "approved",
    "rejected": "rejected",
    "quarantined": "in quarantine",
    "in_dataset": "in a dataset version",
    "in_run": "in a run",
    "shipped": "in a release",
}
WAITS = {
    "second": "waits for a second opinion",
    "tie": "reviewers disagree: one more opinion settles it",
}
VERDICTS = {"down": "Bad", "up": "Good", "prefer": "Better"}

SHOW_ALL = -1
"""Sent in the place of a flag's number to leave a pattern."""

OPEN_ON_CLICK = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-at]');
  if (button) trigger('look', {at: Number(button.dataset.at)});
});
"""

# Once per page; typing in a field never decides anything.
KEYS = """
const keys = {a: 'approve', r: 'reject', q: 'quarantine', j: 'next', k: 'previous'};
const press = name => document.querySelector('#review-' + name)?.click();
document.addEventListener('keydown', event => {
  const typing = event.target.closest('input, textarea, select, [contenteditable], [role=listbox]');
  const field = document.querySelector('#review-correction textarea');
  if (event.target === field && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    field.blur(); press('edit'); return;
  }
  if (typing) { if (event.key === 'Escape') event.target.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === 'e' && field) { event.preventDefault(); field.focus(); return; }
  if (keys[event.key]) { event.preventDefault(); press(keys[event.key]); }
});
"""


def queue(found: Queue) -> str:
    """The page of the list that is being looked at."""
    only = _only(found)
    if not found.lines:
        nothing = "Nothing here. Choose other filters, or take a break."
        return f'{only}<p class="review-empty">{nothing}</p>'
    page = found.page
    items = "".join(_line(found.lines[at], at, current=at == found.at) for at in page)
    return (
        f'{only}<p class="review-count" role="status">{found.first + page.start + 1:,}–'
        f"{found.first + page.stop:,} of {found.total or len(found.lines):,}</p>"
        f'<ol class="review-lines">{items}</ol>'
    )


def _only(found: Queue) -> str:
    """Which pattern the list is limited to, with the way back."""
    if (together := found.filters.together) is None:
        return ""
    return (
        f'<p class="review-only">Only: {html.escape(suspicions_view.said(together))}'
        f' <button type="button" data-at="{SHOW_ALL}">Show all that wait</button></p>'
    )


def _line(line: Line, at: int, *, current: bool) -> str:
    here = ' aria-current="true"' if current else ""
    notes = [VERDICTS[line.verdict], line.app, line.day, *line.reasons[:2]]
    notes += ["corrected"] if line.corrected else []
    notes += [] if line.trains else ["no consent"]
    return (
        f'<li><button type="button" data-at="{at}"{here}>'
        f'<b class="state-{line.state}">{STATES.get(line.state, line.state)}</b>'
        f"<small>{html.escape(' · '.join(notes))}</small>"
        f'<span dir="auto">{html.escape(line.about)}</span></button></li>'
    )


def detail(seen: Seen, *, blind: bool = False) -> str:
    """One flag in full; `blind` leaves out what has been decided about it."""
    record = seen.record
    parts = [
        _head(seen, blind=blind),
        _said("The author’s words", record.comment),
        _talk(record.prompt),
        f'<section class="rated"><h3>The answer that was flagged</h3>{_pre(record.answer)}'
        f"</section>",
        _said("The answer that lost against it", record.alternative),
        _correction(record.answer, record.correction),
        "" if blind else _before(seen.flag.decisions),
    ]
    body = "".join(parts)
    return f'<article class="review-flag" data-id="{html.escape(seen.flag.id)}">{body}</article>'


def _head(seen: Seen, *, blind: bool) -> str:
    record, line = seen.record, seen.line
    consent = [
        word
        for word, so in (("train", record.consent.train), ("publish", record.consent.publish))
        if so
    ]
    others = []
    if seen.same_question:
        others.append(f"{_flags(seen.same_question)} more about this question")
    if seen.same_person:
        others.append(f"{_flags(seen.same_person)} more from this person")
    if record.redaction.counts:
        taken = ", ".join(f"{count} × {name}" for name, count in record.redaction.counts.items())
        others.append(f"taken out by the scrubber: {taken}")
    finish = str(record.generation.get("finish_reason") or "")
    if line.waits in WAITS and not blind:
        others.append(WAITS[line.waits])
    rows = {
        "Reasons": ", ".join(seen.reasons) or "none given",
        "How bad": taxonomy.SEVERITIES.get(record.severity, record.severity),
        "Consent": " and ".join(consent) or "none: it stays here and is never trained on",
        "Model": f"{record.model.name}{f', ended by {finish}' if finish else ''}",
        "Sent": f"{record.created_at:%Y-%m-%d %H:%M} UTC, version {seen.revision}",
        "Besides": "; ".join(others),
    }
    items = "".join(
        f"<dt>{name}</dt><dd>{html.escape(text)}</dd>" for name, text in rows.items() if text
    )
    state = f' · <span class="state-{line.state}">{STATES.get(line.state, line.state)}</span>'
    return (
        f"<h2>{VERDICTS[record.verdict]} · {html.escape(record.app)}{'' if blind else state}</h2>"
        f"<dl>{items}</dl>"
    )


def _talk(prompt: Sequence[Turn]) -> str:
    system = "".join(_pre(turn.content) for turn in prompt if turn.role == "system")
    folded = f"<details><summary>System prompt</summary>{system}</details>" if system else ""
    turns = "".join(
        f'<li class="turn-{html.escape(turn.role)}"><b>{html.escape(turn.role)}</b>'
        f"{_pre(turn.content)}</li>"
        for turn in prompt
        if turn.role != "system"
    )
    return f'<section><h3>The conversation</h3>{folded}<ol class="turns">{turns}</ol></section>'


def _correction(answer: str, correction: str) -> str:
    if not correction:
        return ""
    return (
        '<section><h3>The correction</h3><div class="review-diff" tabindex="0" dir="auto">'
        f"{diff.as_html(answer, correction)}</div></section>"
    )


def _said(heading: str, text: str) -> str:
    return f"<section><h3>{heading}</h3>{_pre(text)}</section>" if text else ""


def _before(decisions: Sequence[Decision]) -> str:
    if not decisions:
        return ""
    items = "".join(
        f"<li><time>{decision.at:%Y-%m-%d %H:%M}</time> {html.escape(decision.by)}:"
        f" {decision.decision}, version {decision.revision}"
        f"{f' – {html.escape(decision.note)}' if decision.note else ''}</li>"
        for decision in decisions
    )
    return f"<section><h3>Decided before</h3><ul>{items}</ul></section>"


def _pre(text: str) -> str:
    return f'<pre tabindex="0" dir="auto">{html.escape(text)}</pre>'


def _flags(count: int) -> str:
    return "1 flag" if count == 1 else f"{count} flags"


def gone(why: str) -> str:
    """In the place of a flag that its author has taken back."""
    return f'<p class="review-empty" role="status">{html.escape(why)}</p>'

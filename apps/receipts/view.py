"""A flag's life as HTML. Every word of a person, a model or a file is escaped here."""

import html
from collections.abc import Sequence

from apps.receipts.desk import Opened, OwnFlag
from apps.receipts.words import STEPS, Happening, Life, erasing
from apps.ui import flag_form

STATE_WORDS = {
    "received": "waits for review",
    "approved": "approved",
    "rejected": "not used",
    "quarantined": "set aside",
    "in_dataset": "in a dataset version",
    "in_run": "in a training run",
    "shipped": "in a release",
    "withdrawn": "taken back",
    "erased": "erased",
}

OPEN_ON_CLICK = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-id]');
  if (button) trigger('look', {id: button.dataset.id});
});
"""


def own_list(flags: Sequence[OwnFlag]) -> str:
    """What was sent from this browser."""
    if not flags:
        return (
            '<p class="receipts-none">Nothing has been flagged from this browser yet. Every answer'
            " in the apps has a place to say whether it was good.</p>"
        )
    items = "".join(_own_row(flag) for flag in flags)
    return f'<ul class="receipts-own">{items}</ul>'


def _own_row(flag: OwnFlag) -> str:
    verdict = flag_form.STORED.get(flag.verdict, "")
    head = " · ".join(part for part in (flag.app, verdict, flag.day) if part)
    about = f'<span dir="auto">{html.escape(flag.about)}</span>' if flag.about else ""
    return (
        f'<li><button type="button" data-id="{html.escape(flag.id)}"><b>{html.escape(head)}</b>'
        f"{about}<em>{STATE_WORDS[flag.state]}</em></button></li>"
    )


def life(found: Life) -> str:
    """State, steps and history."""
    history = "".join(_happening(line) for line in found.history)
    return (
        f'<section class="life" data-state="{found.state}" aria-label="What became of the flag">'
        f"<h2>{STATE_WORDS[found.state].capitalize()}</h2>"
        f'<p role="status">{html.escape(found.sentence)}</p>{_steps(found)}'
        f'<ol class="life-history">{history}</ol>'
        f'<p class="life-id">Flag <code>{html.escape(found.flag_id)}</code></p></section>'
    )


def _steps(found: Life) -> str:
    if not found.done:
        return ""
    items = "".join(
        f'<li class="{"done" if place < found.done else "open"}">'
        f'<span class="sr">{"done" if place < found.done else "not yet"}: </span>{name}</li>'
        for place, name in enumerate(STEPS)
    )
    return f'<ol class="life-steps">{items}</ol>'


def _happening(line: Happening) -> str:
    name = f" <code>{html.escape(line.name)}</code>" if line.name else ""
    why = f'<q dir="auto">{html.escape(line.why)}</q>' if line.why else ""
    return f"<li><time>{html.escape(line.at)} UTC</time> {html.escape(line.text)}{name}{why}</li>"


def stored(opened: Opened) -> str:
    """Exactly what lies on disk."""
    if opened.record is None:
        return "<p>Nothing of what you wrote is stored any more.</p>"
    return flag_form.preview(opened.record.model_dump(mode="json"))


def warning(opened: Opened) -> str:
    """What erasing reaches and what it does not, before it is done."""
    lines = erasing(opened.reach, pushed_to=opened.pushed_to)
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f'<div role="alert"><h3>Erase this flag for good?</h3><ul>{items}</ul></div>'


def side(heading: str, model: str, text: str, *, note: str = "") -> str:
    """One of the two answers that are compared."""
    below = f"<p>{html.escape(note)}</p>" if note else ""
    return (
        f'<section class="then-now"><h3>{html.escape(heading)} <small>{html.escape(model)}</small>'
        f'</h3><pre tabindex="0" dir="auto">{html.escape(text)}</pre>{below}</section>'
    )

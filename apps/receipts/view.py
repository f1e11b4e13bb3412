"""A flag's life as HTML. Every word of a person, a model or a file is escaped here."""

import html
from collections.abc import Sequence

from apps.receipts.desk import Opened, OwnFlag
from apps.receipts.words import STEPS, Happening, Life, erasing
from apps.ui import flag_form
from shared.texts import later, say

STATE_WORDS = {
    "received": later("waits for review"),
    "approved": later("approved"),
    "rejected": later("not used"),
    "quarantined": later("set aside"),
    "in_dataset": later("in a dataset version"),
    "in_run": later("in a training run"),
    "shipped": later("in a release"),
    "withdrawn": later("taken back"),
    "erased": later("erased"),
}
_APP_WORDS = {
    "chat": later("chat"),
    "code": later("code"),
    "story": later("story"),
    "brainstorm": later("brainstorm"),
    "poetry": later("poetry"),
    "api": later("api"),
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
        none = say(
            "Nothing has been flagged from this browser yet. Every answer in the apps has a place"
            " to say whether it was good."
        )
        return f'<p class="receipts-none">{none}</p>'
    items = "".join(_own_row(flag) for flag in flags)
    return f'<ul class="receipts-own">{items}</ul>'


def _own_row(flag: OwnFlag) -> str:
    app = say(_APP_WORDS.get(flag.app, flag.app))
    verdict = say(flag_form.STORED.get(flag.verdict, ""))
    head = " · ".join(part for part in (app, verdict, flag.day) if part)
    about = f'<span dir="auto">{html.escape(flag.about)}</span>' if flag.about else ""
    return (
        f'<li><button type="button" data-id="{html.escape(flag.id)}"><b>{html.escape(head)}</b>'
        f"{about}<em>{say(STATE_WORDS[flag.state])}</em></button></li>"
    )


def life(found: Life) -> str:
    """State, steps and history."""
    history = "".join(_happening(line) for line in found.history)
    name, state = say("What became of the flag"), say(STATE_WORDS[found.state])
    flag_id = f"<code>{html.escape(found.flag_id)}</code>"
    return (
        f'<section class="life" data-state="{found.state}" aria-label="{html.escape(name)}">'
        f"<h2>{state[:1].upper()}{state[1:]}</h2>"
        f'<p role="status">{html.escape(found.sentence)}</p>{_steps(found)}'
        f'<ol class="life-history">{history}</ol>'
        f'<p class="life-id">{say("Flag {flag_id}", flag_id=flag_id)}</p></section>'
    )


def _steps(found: Life) -> str:
    if not found.done:
        return ""
    done, open_ = say("done:"), say("not yet:")
    items = "".join(
        f'<li class="{"done" if place < found.done else "open"}">'
        f'<span class="sr">{done if place < found.done else open_} </span>{say(name)}</li>'
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
        return f"<p>{say('Nothing of what you wrote is stored any more.')}</p>"
    return flag_form.preview(opened.record.model_dump(mode="json"))


def warning(opened: Opened) -> str:
    """What erasing reaches and what it does not, before it is done."""
    lines = erasing(opened.reach, pushed_to=opened.pushed_to)
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    asked = say("Erase this flag for good?")
    return f'<div role="alert"><h3>{asked}</h3><ul>{items}</ul></div>'


def side(heading: str, model: str, text: str, *, note: str = "") -> str:
    """One of the two answers that are compared."""
    below = f"<p>{html.escape(note)}</p>" if note else ""
    return (
        f'<section class="then-now"><h3>{html.escape(heading)} <small>{html.escape(model)}</small>'
        f'</h3><pre tabindex="0" dir="auto">{html.escape(text)}</pre>{below}</section>'
    )

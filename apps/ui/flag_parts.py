"""The fields of the flag panel and where they stand. No behaviour: that is `apps.ui.flag_panel`."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from apps.ui import flag_form
from feedback import taxonomy
from feedback.records import MAX_COMMENT, MAX_CORRECTION
from shared.texts import say

RECALL = "() => localStorage.getItem('inkloop.consent') || ''"
SHOW_RECALLED = "() => localStorage.getItem('inkloop.consent') !== null"
REMEMBER = """(remember, train, publish) => {
  const ticks = [train && 'train', publish && 'publish'].filter(Boolean).join(' ');
  if (remember) localStorage.setItem('inkloop.consent', ticks);
  else localStorage.removeItem('inkloop.consent');
  return remember ? ticks : '';
}"""
CLOSE_ON_ESCAPE = """
document.addEventListener('keydown', event => {
  const panel = document.querySelector('#flag-panel.open');
  if (event.key === 'Escape' && panel) panel.querySelector('.toggle-button').click();
});
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagParts:
    """Everything in the panel that a handler reads or changes."""

    side: gr.Sidebar
    quote: gr.HTML
    """The answer that the panel is about."""
    told: gr.HTML
    """What has been stored."""
    verdict: gr.Radio
    reasons: gr.CheckboxGroup
    severity: gr.Radio
    comment: gr.Textbox
    correction: gr.Textbox
    copy: gr.Button
    diff: gr.HTML
    train: gr.Checkbox
    publish: gr.Checkbox
    remember: gr.Checkbox
    remembered: gr.Textbox
    """What the browser remembers, as its storage has it."""
    preview: gr.HTML
    send: gr.Button
    receipt: gr.Textbox

    @property
    def form(self) -> list[Any]:
        """What the person fills in, in the order of `flag_form.Form`."""
        return [
            self.verdict,
            self.reasons,
            self.severity,
            self.comment,
            self.correction,
            self.train,
            self.publish,
        ]

    @property
    def changing(self) -> list[Any]:
        """What a handler may change."""
        return [
            self.side,
            self.quote,
            self.told,
            self.receipt,
            self.preview,
            self.diff,
            *self.form,
        ]


def lay_out() -> FlagParts:
    """Put the panel into the current Blocks context, closed."""
    with gr.Sidebar(position="right", open=False, width=380, elem_id="flag-panel") as side:
        fields = {**_verdict(), **_words(), **_consent()}
        gr.HTML("", js_on_load=CLOSE_ON_ESCAPE)
    return FlagParts(side=side, **fields)


def _verdict() -> dict[str, Any]:
    gr.Markdown("## " + say("About this answer"))
    return {
        "quote": gr.HTML(),
        "told": gr.HTML(elem_id="flag-told"),
        "verdict": gr.Radio(
            [(say(label), key) for label, key in flag_form.CHOICES],
            label=say("How is it?"),
            elem_id="flag-verdict",
        ),
        "reasons": gr.CheckboxGroup([], label=say("Why?"), elem_id="flag-reasons", visible=False),
        "severity": gr.Radio(
            [(say(label), key) for key, label in taxonomy.SEVERITIES.items()],
            value="",
            label=say("How bad?"),
            elem_id="flag-severity",
            visible=False,
        ),
    }


def _words() -> dict[str, Any]:
    return {
        "comment": gr.Textbox(
            label=say("In your words"), lines=2, max_length=MAX_COMMENT, elem_id="flag-comment"
        ),
        "correction": gr.Textbox(
            label=say("What it should have said"),
            lines=4,
            max_lines=14,
            max_length=MAX_CORRECTION,
            elem_id="flag-correction",
        ),
        "copy": gr.Button(say("Begin with the answer"), size="sm", elem_id="flag-copy"),
        "diff": gr.HTML(elem_classes="flag-diff", elem_id="flag-diff"),
    }


def _consent() -> dict[str, Any]:
    train = gr.Checkbox(False, label=say(flag_form.TRAIN), elem_id="flag-consent-train")
    publish = gr.Checkbox(False, label=say(flag_form.PUBLISH), elem_id="flag-consent-publish")
    remember = gr.Checkbox(False, label=say(flag_form.REMEMBER), elem_id="flag-remember")
    gr.Markdown(say(flag_form.CONSENT))
    gr.Markdown(say("**Exactly this is stored:**"))
    return {
        "train": train,
        "publish": publish,
        "remember": remember,
        "remembered": gr.Textbox(visible="hidden"),
        "preview": gr.HTML(flag_form.nothing_stored(), elem_id="flag-preview"),
        "send": gr.Button(say("Send"), variant="primary", elem_id="flag-send"),
        "receipt": gr.Textbox(
            label=say("Receipt: keep it to change or erase the flag"),
            interactive=False,
            lines=2,
            buttons=["copy"],
            visible=False,
            elem_id="flag-receipt",
        ),
    }

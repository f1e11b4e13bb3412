"""The form on `/flags` that changes what a flag says; whoever holds the receipt may send it."""

from dataclasses import replace
from typing import Any

import gradio as gr

from apps.ui import flag_form
from apps.ui.flag_form import Form
from feedback import taxonomy
from feedback.drafts import make_draft
from feedback.records import MAX_COMMENT, MAX_CORRECTION, App, FlagDraft, FlagRecord
from feedback.taxonomy import Taxonomy
from shared.home import Home
from shared.texts import language, say

KEPT = "prefer"


class ChangeForm:
    """The fields, filled with what is stored."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.verdict = gr.Radio(
            _choices(compared=True), label=say("How was it?"), elem_id="change-verdict"
        )
        self.reasons = gr.CheckboxGroup([], label=say("Why?"), elem_id="change-reasons")
        self.severity = gr.Radio(
            [(say(label), key) for key, label in taxonomy.SEVERITIES.items()],
            value="",
            label=say("How bad?"),
            elem_id="change-severity",
        )
        self.comment = gr.Textbox(
            label=say("In your words"), lines=2, max_length=MAX_COMMENT, elem_id="change-comment"
        )
        self.correction = gr.Textbox(
            label=say("What it should have said"),
            lines=4,
            max_lines=14,
            max_length=MAX_CORRECTION,
            elem_id="change-correction",
        )
        self.train = gr.Checkbox(label=say(flag_form.TRAIN), elem_id="change-train")
        self.publish = gr.Checkbox(label=say(flag_form.PUBLISH), elem_id="change-publish")
        self.send = gr.Button(say("Change it"), variant="primary", elem_id="change-send")

    @property
    def fields(self) -> list[Any]:
        """In the order of `Form`."""
        return [
            self.verdict,
            self.reasons,
            self.severity,
            self.comment,
            self.correction,
            self.train,
            self.publish,
        ]

    def filled(self, record: FlagRecord) -> dict[Any, Any]:
        """The fields as the flag has them."""
        form = Form(
            record.verdict,
            list(record.categories),
            record.severity,
            record.comment,
            record.correction,
            train=record.consent.train,
            publish=record.consent.publish,
        )
        choices = _choices(compared=record.verdict == KEPT)
        return {
            **dict(zip(self.fields, form.values(), strict=True)),
            self.verdict: gr.Radio(choices, value=record.verdict),
            **self.sides(record.app, record.verdict, form.reasons),
        }

    def sides(self, app: App, verdict: str, reasons: list[str]) -> dict[Any, Any]:
        """What can be chosen with a verdict; what belongs to the other one is dropped."""
        offered = self._offered(app, verdict)
        keys = [key for _, key in offered]
        return {
            self.reasons: gr.CheckboxGroup(offered, value=[key for key in reasons if key in keys]),
            self.severity: gr.Radio(visible=verdict == "down"),
        }

    def draft(self, app: App, values: tuple[object, ...]) -> FlagDraft:
        """What the fields say.

        Raises:
            BadRequest: Naming the field and its limit.
        """
        form = Form.read(values)
        offered = {key for _, key in self._offered(app, form.verdict)}
        form = replace(
            form,
            reasons=[key for key in form.reasons if key in offered],
            severity=form.severity if form.verdict == "down" else "",
        )
        return make_draft(
            "",
            form.verdict,
            # The flag itself knows which answer lost.
            over=KEPT if form.verdict == KEPT else "",
            reasons=form.reasons,
            severity=form.severity,
            comment=form.comment,
            correction=form.correction,
            consent_train=form.train,
            consent_publish=form.publish,
        )

    def _offered(self, app: App, verdict: str) -> list[tuple[str, str]]:
        found = Taxonomy.load(self._home).reasons(app, "down" if verdict == "down" else "up")
        return [(reason.label_in(language()), reason.key) for reason in found]


def _choices(*, compared: bool) -> list[tuple[str, str]]:
    """The verdicts; that of a comparison only where the flag is one."""
    choices = [(say(label), key) for label, key in flag_form.CHOICES]
    return [*choices, (say(flag_form.STORED[KEPT]), KEPT)] if compared else choices

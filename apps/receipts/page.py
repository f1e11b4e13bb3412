"""The page `/flags`: what did my flag do?

Nothing that a browser sends is taken for granted: the receipt is checked with every press.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from apps.context import Context
from apps.receipts import style, view
from apps.receipts.change import ChangeForm
from apps.receipts.desk import Desk
from apps.receipts.words import pasted
from apps.ui import look
from apps.ui.errors import shows_errors
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT, waiting_line
from shared.texts import say

CSS = style.CSS
Changes = dict[Any, Any]
ID_IN_ADDRESS = "() => new URLSearchParams(window.location.search).get('id') || ''"
TO_STATE = (
    "() => setTimeout(() => document.querySelector('#flags-life')"
    "?.scrollIntoView({block: 'nearest', behavior: 'smooth'}), 100)"
)


def build(page: gr.Blocks, ctx: Context) -> None:
    """Lay out the page in the current Blocks context and wire it."""
    FlagsPage(ctx).wire(page)


class FlagsPage:
    """The components of the page and the handlers between them."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.desk = Desk(ctx)
        look.title(say("Your flags"), say("What became of what you said about an answer."))
        self.linked = gr.Textbox(visible="hidden")
        self._lay_out_asking()
        self.life = gr.HTML(elem_id="flags-life", apply_default_css=False)
        self._lay_out_own_text()
        gr.HTML(f"<h2>{say('Sent from this browser')}</h2>", apply_default_css=False)
        self.own = gr.HTML(
            view.own_list(()),
            js_on_load=view.OPEN_ON_CLICK,
            elem_id="flags-own",
            apply_default_css=False,
        )

    def _lay_out_asking(self) -> None:
        with gr.Row(equal_height=True):
            self.flag_id = gr.Textbox(
                label=say("Flag"),
                info=say("Its id, or both lines of the receipt pasted together."),
                elem_id="flags-id",
                min_width=220,
            )
            self.receipt = gr.Textbox(
                label=say("Receipt"),
                info=say("Only to read, take back or erase what you wrote."),
                type="password",
                elem_id="flags-receipt",
                min_width=220,
            )
        self.look = gr.Button(say("What became of it?"), variant="primary", elem_id="flags-look")

    def _lay_out_own_text(self) -> None:
        with gr.Column(visible=False, elem_id="flags-opened") as self.opened:
            with gr.Row():
                self.again = gr.Button(say("Answer it again now"), elem_id="flags-again")
                self.withdraw = gr.Button(say("Take it back"), elem_id="flags-withdraw")
                self.erase = gr.Button(say("Erase it …"), variant="stop", elem_id="flags-erase")
            with gr.Column(visible=False, elem_id="flags-warning") as self.asking:
                self.warning = gr.HTML(apply_default_css=False)
                with gr.Row():
                    self.sure = gr.Button(
                        say("Erase for good"), variant="stop", elem_id="flags-sure"
                    )
                    self.keep = gr.Button(say("Keep it"), elem_id="flags-keep")
            with gr.Row(visible=False, equal_height=False) as self.both:
                with gr.Column(min_width=260):
                    self.then = gr.HTML(elem_id="flags-then", apply_default_css=False)
                with gr.Column(min_width=260):
                    self.now = gr.HTML(elem_id="flags-now", apply_default_css=False)
            with gr.Accordion(say("Change it"), open=False, elem_id="flags-change"):
                self.change = ChangeForm(self.ctx.home)
            with gr.Accordion(say("What is stored"), open=False, elem_id="flags-stored"):
                self.stored = gr.HTML(apply_default_css=False)

    def wire(self, page: gr.Blocks) -> None:
        """Connect the handlers."""
        asked = [self.flag_id, self.receipt]
        shown = [*asked, *self._shown()]
        looking = shows_errors(self._looked)
        pressed = gr.on(
            [self.look.click, self.flag_id.submit, self.receipt.submit],
            looking, asked, shown, **INSTANT,
        )  # fmt: skip
        pressed.success(None, None, None, js=TO_STATE, **INSTANT)
        chosen = self.own.look(shows_errors(self._chosen), None, shown, **INSTANT)
        chosen.success(None, None, None, js=TO_STATE, **INSTANT)
        self.withdraw.click(shows_errors(self._withdrawn), asked, self._after(), **INSTANT)
        self.erase.click(shows_errors(self._warned), asked, [self.warning, self.asking], **INSTANT)
        self.keep.click(lambda: gr.Column(visible=False), None, self.asking, **INSTANT)
        self.sure.click(shows_errors(self._erased), asked, self._after(), **INSTANT)
        self.change.verdict.input(
            shows_errors(self._turned),
            [*asked, self.change.verdict, self.change.reasons],
            [self.change.reasons, self.change.severity],
            **INSTANT,
        )
        self.change.send.click(
            shows_errors(self._changed), [*asked, *self.change.fields], self._after(), **INSTANT
        )
        self.again.click(
            shows_errors(self._again),
            asked,
            [self.both, self.then, self.now],
            api_visibility="private",
            **MODEL_EVENT,
        )
        page.load(self._own, None, self.own, **INSTANT)
        linked = page.load(None, None, self.linked, js=ID_IN_ADDRESS, **INSTANT)
        linked.then(shows_errors(self._arrived), self.linked, shown, **INSTANT)

    def _shown(self) -> list[Any]:
        place = [self.life, self.opened, self.asking, self.both, self.stored]
        return [*place, *self.change.fields]

    def _after(self) -> list[Any]:
        return [*self._shown(), self.own]

    def _looked(self, flag_id: str, receipt: str) -> Changes:
        found_id, secret = pasted(flag_id)
        secret = secret or receipt.strip()
        life = self.desk.look_up(found_id)
        changes: Changes = {
            self.flag_id: found_id,
            self.receipt: secret,
            self.life: view.life(life),
            self.asking: gr.Column(visible=False),
            self.both: gr.Row(visible=False),
            self.opened: gr.Column(visible=False),
        }
        if not secret or life.state == "erased":
            return changes
        opened = self.desk.open(found_id, secret)
        return changes | {
            self.opened: gr.Column(visible=True),
            self.stored: view.stored(opened),
            **(self.change.filled(opened.record) if opened.record else {}),
        }

    def _turned(self, flag_id: str, receipt: str, verdict: str, reasons: list[str]) -> Changes:
        record = self.desk.written(flag_id, receipt)
        return self.change.sides(record.app, verdict, reasons)

    def _changed(self, request: gr.Request, flag_id: str, receipt: str, *fields: object) -> Changes:
        record = self.desk.written(flag_id, receipt)
        life = self.desk.change(flag_id, receipt, self.change.draft(record.app, fields))
        opened = self.desk.open(flag_id, receipt)
        gr.Info(say("Changed."), title=say("Your flag"))
        return {
            self.life: view.life(life),
            self.stored: view.stored(opened),
            self.both: gr.Row(visible=False),
            self.own: self._own(request),
            **(self.change.filled(opened.record) if opened.record else {}),
        }

    def _chosen(self, event: gr.EventData) -> Changes:
        return self._looked(str(event.id), "")

    def _arrived(self, linked: str) -> Changes:
        # Gradio takes an empty dict for a value, so one field is named and left as it is.
        return self._looked(linked, "") if linked else {self.flag_id: gr.skip()}

    def _own(self, request: gr.Request) -> str:
        return view.own_list(self.desk.own(owner_of(request)))

    def _withdrawn(self, request: gr.Request, flag_id: str, receipt: str) -> Changes:
        life = self.desk.withdraw(flag_id, receipt)
        return {
            self.life: view.life(life),
            self.stored: view.stored(self.desk.open(flag_id, receipt)),
            self.asking: gr.Column(visible=False),
            self.both: gr.Row(visible=False),
            self.own: self._own(request),
        }

    def _warned(self, flag_id: str, receipt: str) -> tuple[str, gr.Column]:
        return view.warning(self.desk.open(flag_id, receipt)), gr.Column(visible=True)

    def _erased(self, request: gr.Request, flag_id: str, receipt: str) -> Changes:
        life = self.desk.erase(flag_id, receipt)
        return {
            self.life: view.life(life),
            self.opened: gr.Column(visible=False),
            self.own: self._own(request),
        }

    async def _again(
        self, request: gr.Request, flag_id: str, receipt: str
    ) -> AsyncGenerator[Changes, None]:
        record = self.desk.open(flag_id, receipt).record
        if record is not None:
            then = view.side(say("Then"), record.model.name, record.answer)
            now = view.side(say("Now"), "", "", note=say("Reading the question …"))
            yield {self.both: gr.Row(visible=True), self.then: then, self.now: now}
        steps = self.desk.again(owner_of(request), flag_id, receipt)
        async with aclosing(steps):
            async for step in steps:
                done = step.finished
                model = done.numbers.release if done else ""
                note = waiting_line(step.waiting) if step.waiting else ""
                yield {self.now: view.side(say("Now"), model, step.text, note=note)}

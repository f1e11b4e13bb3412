"""The flag panel: what a person says about an answer, in every app alike.

Two clicks for the common case: choosing Good or Bad stores a flag, choosing a reason revises it.
Words, a correction and consent are sent with the button. The panel holds the answer's id in a state
on the server; what was said is read from the record there, never from the browser.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.components import Component

from apps.context import Context
from apps.ui import diff, flag_form
from apps.ui.errors import shows_errors
from apps.ui.flag_form import Flagging, Form
from apps.ui.flag_parts import RECALL, REMEMBER, SHOW_RECALLED, lay_out
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT
from feedback import taxonomy
from feedback.drafts import make_draft
from feedback.records import App, FlagDraft, Verdict
from shared.errors import BadRequest, NotFound
from shared.texts import language, say

Update = dict[Any, Any]
AnswerOf = Callable[[str, Any, int], str]
"""(owner, value of a state, row of the log) to the id of the recorded answer."""
PairOf = Callable[[str, Any], tuple[str, str]]
"""(owner, value of a state) to the ids of the better and the worse answer."""

FOCUS = "() => setTimeout(() => document.querySelector('#flag-verdict input')?.focus(), 150)"


class FlagPanel:
    """One per page, built inside the page's Blocks context; then `open_from` as often as needed."""

    def __init__(
        self, ctx: Context, *, app: App, temporary: Callable[[str], bool] = lambda _answer: False
    ) -> None:
        """Lay the panel out.

        Args:
            ctx: Where answers and flags are.
            app: Whose reasons are offered.
            temporary: Whether an answer (by its id) is one that only a flag would write down.
        """
        self._temporary = temporary
        self._ctx = ctx
        self._app: App = app
        self._flagging = gr.State(Flagging())
        self._parts = lay_out()
        self._wire()

    def open_from(
        self,
        source: object,
        answer_id: Component,
        *,
        verdict: Verdict | None = None,
        reasons: gr.State | None = None,
    ) -> None:
        """Open for an answer when something happens.

        Args:
            source: A button, or an event such as `button.click` or `log.select`.
            answer_id: Component or `gr.State` that holds the answer's id.
            verdict: Stored at once, for a button that already says Good or Bad.
            reasons: Keys that the page has found already; ticked unless something was said before.
        """
        listener: Any = getattr(source, "click", source)

        def opened(
            request: gr.Request, answer: str, remembered: str, found: Sequence[str] = ()
        ) -> Update:
            owner = owner_of(request)
            return self._opened(owner, answer, verdict, remembered, found=found)

        given = [answer_id, self._parts.remembered, *([reasons] if reasons else [])]
        event = listener(shows_errors(opened), given, self._all(), **INSTANT)
        event.success(None, None, None, js=FOCUS, **INSTANT)

    def open_from_votes(self, log: gr.Chatbot, shown: gr.State, answer_of: AnswerOf) -> None:
        """Open from the thumbs of a log; the thumb is the verdict and is stored at once."""

        def voted(request: gr.Request, vote: gr.LikeData, state: object, remembered: str) -> Update:
            owner = owner_of(request)
            row = vote.index if isinstance(vote.index, int) else -1
            verdict: Verdict | None = (
                "up" if vote.liked is True else "down" if vote.liked is False else None
            )
            return self._opened(owner, answer_of(owner, state, row), verdict, remembered)

        given = [shown, self._parts.remembered]
        event = log.like(shows_errors(voted), given, self._all(), **INSTANT)
        event.success(None, None, None, js=FOCUS, **INSTANT)

    def open_from_comparison(self, source: gr.Button, state: gr.State, pair_of: PairOf) -> None:
        """Store that one answer is better than another to the same question, and open for it."""

        def compared(request: gr.Request, value: object, remembered: str) -> Update:
            owner = owner_of(request)
            better, worse = pair_of(owner, value)
            return self._opened(owner, better, "prefer", remembered, over=worse)

        given = [state, self._parts.remembered]
        event = source.click(shows_errors(compared), given, self._all(), **INSTANT)
        event.success(None, None, None, js=FOCUS, **INSTANT)

    def _wire(self) -> None:
        parts, form = self._parts, [self._flagging, *self._parts.form]
        # Only what an event changes: Gradio sends and draws every output, changed or not.
        stored = [self._flagging, parts.told, parts.receipt, parts.preview]
        sides = [*stored, parts.reasons, parts.severity]
        parts.verdict.input(shows_errors(self._judged), form, sides, **INSTANT)
        parts.reasons.input(shows_errors(self._clicked), form, stored, **INSTANT)
        parts.send.click(shows_errors(self._sent), form, stored, **INSTANT)
        parts.copy.click(shows_errors(self._copied), self._flagging, parts.correction, **INSTANT)
        self._wire_memory()
        corrected = [self._flagging, parts.correction]
        parts.correction.change(shows_errors(self._compared), corrected, parts.diff, **INSTANT)
        typed = (parts.severity, parts.comment, parts.train, parts.publish)
        # What a click stores comes back with its preview; a second round trip would be in its way.
        gr.on(
            [*(field.input for field in typed), parts.correction.change],
            shows_errors(self._previewed),
            form,
            parts.preview,
            trigger_mode="always_last",
            **INSTANT,
        )

    def _wire_memory(self) -> None:
        """What the browser was asked to remember stays there; the server never keeps it."""
        parts = self._parts
        gr.on(None, None, None, parts.remembered, js=RECALL, **INSTANT)
        gr.on(None, None, None, parts.remember, js=SHOW_RECALLED, **INSTANT)
        ticks = [parts.remember, parts.train, parts.publish]
        changed = [tick.input for tick in ticks]
        gr.on(changed, None, ticks, parts.remembered, js=REMEMBER, **INSTANT)

    def _opened(
        self,
        owner: str,
        answer_id: str,
        verdict: Verdict | None,
        remembered: str,
        *,
        over: str = "",
        found: Sequence[str] = (),
    ) -> Update:
        if not answer_id:
            raise BadRequest(
                say("There is no answer here to talk about."), fix=say("Choose an answer.")
            )
        answer = self._answer(answer_id)
        said = self._ctx.flags.said(answer_id, owner=owner)
        if said is not None and said.verdict == "prefer":
            said = None  # The record no longer names the other answer; a new verdict replaces it.
        ticks = flag_form.read_remembered(remembered)
        flagging = Flagging(answer_id=answer_id, remembered=ticks, sent=said)
        form = Form.of(said, ticks)
        if said is None:
            form = replace(form, reasons=list(found))
        update: Update = {
            **dict(zip(self._parts.form, form.values(), strict=True)),
            **self._sides(form.verdict, form.reasons),
            self._flagging: flagging,
            self._parts.side: gr.Sidebar(open=True),
            self._parts.quote: flag_form.quoted(answer),
            self._parts.told: say(flag_form.TEMPORARY) if self._temporary(answer_id) else "",
            self._parts.receipt: gr.Textbox(value="", visible=False),
            self._parts.preview: self._shown(owner, said),
        }
        if verdict is None:
            return update
        if over:
            draft = make_draft(
                answer_id,
                verdict,
                over=over,
                consent_train=ticks.train,
                consent_publish=ticks.publish,
            )
        else:
            draft = self._offered(replace(form, verdict=verdict)).clicked(flagging)
        shown = None if draft.verdict == "prefer" else draft.verdict
        told = {self._parts.verdict: shown, **self._sides(draft.verdict, draft.reasons)}
        return {**update, **told, **self._store(owner, flagging, draft)}

    def _judged(self, request: gr.Request, flagging: Flagging, *form: object) -> Update:
        """A verdict: it has other reasons than the one before."""
        update = self._clicked(request, flagging, *form)
        said = self._offered(Form.read(form))
        return update | self._sides(said.verdict, said.reasons)

    def _clicked(self, request: gr.Request, flagging: Flagging, *form: object) -> Update:
        said = self._offered(Form.read(form))
        if not flagging.answer_id or not said.has_verdict(flagging):
            # Gradio takes an empty dict for a value: changing nothing needs an entry.
            return {self._flagging: gr.skip()}
        owner = owner_of(request)
        update = self._store(owner, flagging, said.clicked(flagging))
        if said.has_words_beyond(update[self._flagging]):
            # What was typed waits for “Send”, and the preview shows what that will store.
            draft = said.draft(update[self._flagging])
            update[self._parts.preview] = self._shown(owner, draft)
        return update

    def _sent(self, request: gr.Request, flagging: Flagging, *form: object) -> Update:
        said = self._offered(Form.read(form))
        if not said.has_verdict(flagging):
            raise BadRequest(say("The verdict is missing."), fix=say("Choose Good or Bad first."))
        return self._store(owner_of(request), flagging, said.draft(flagging), sent=True)

    def _store(
        self, owner: str, flagging: Flagging, draft: FlagDraft, *, sent: bool = False
    ) -> Update:
        receipt = self._ctx.flags.submit(draft, owner=owner)
        stored = flagging.stored(draft, receipt)
        return {
            self._flagging: stored,
            self._parts.told: flag_form.told(draft, receipt.flag_id, sent=sent)
            + (say(flag_form.TEMPORARY) if self._temporary(draft.answer_id) else ""),
            self._parts.preview: self._shown(owner, draft),
            self._parts.receipt: gr.Textbox(value=stored.shown_receipt(), visible=True),
        }

    def _shown(self, owner: str, draft: FlagDraft | None) -> str:
        """What is stored, or will be."""
        if draft is None:
            return flag_form.nothing_stored()
        return flag_form.preview(self._ctx.flags.preview(draft, owner=owner))

    def _sides(self, verdict: str, reasons: Sequence[str]) -> Update:
        # Nothing to choose from before there is a verdict; only what is bad can be grave.
        choices = self._choices(verdict) if verdict else []
        return {
            self._parts.reasons: gr.CheckboxGroup(
                choices=choices, value=list(reasons), visible=bool(choices)
            ),
            self._parts.severity: gr.Radio(visible=verdict == "down"),
        }

    def _copied(self, flagging: Flagging) -> str:
        return self._answer(flagging.answer_id)

    def _compared(self, flagging: Flagging, correction: str) -> str:
        if not flagging.answer_id or not correction:
            return ""
        return diff.as_html(self._answer(flagging.answer_id), correction)

    def _previewed(self, request: gr.Request, flagging: Flagging, *form: object) -> str:
        said = self._offered(Form.read(form))
        if not flagging.answer_id or not said.has_verdict(flagging):
            return flag_form.nothing_stored()
        return self._shown(owner_of(request), said.draft(flagging))

    def _answer(self, answer_id: str) -> str:
        record = self._ctx.answers.get(answer_id)
        if record is None:
            raise NotFound(
                say("This answer is no longer on this machine."),
                fix=say("Ask again and flag the new one."),
            )
        return record.text

    def _offered(self, said: Form) -> Form:
        # Good and Bad have different reasons; what belongs to the other side is dropped.
        if not said.verdict:
            return said
        offered = {key for _, key in self._choices(said.verdict)}
        return replace(
            said,
            reasons=[key for key in said.reasons if key in offered],
            severity=said.severity if said.verdict == "down" else "",
        )

    def _choices(self, verdict: str) -> list[tuple[str, str]]:
        found = taxonomy.reasons(
            self._app, "down" if verdict == "down" else "up", language(), home=self._ctx.home
        )
        return [(label, key) for key, label in found]

    def _all(self) -> list[Any]:
        return [self._flagging, *self._parts.changing]

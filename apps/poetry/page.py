"""The poetry page: what stands where, and which handler answers which click.

The poem is read from the store every time, so a reload shows it where it was, and each line that is
written anew can be taken back.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from apps.checks import MAX_LINE
from apps.context import Context
from apps.poetry import style, view
from apps.poetry.api import add_api
from apps.poetry.checks import report
from apps.poetry.desk import PoemDesk
from apps.poetry.poem import MAX_TEXT, Poem, checked_form, checked_lines
from apps.poetry.writing import MOST_TRIES, Poet, Writing
from apps.ui import look, vote
from apps.ui.errors import shows_errors
from apps.ui.flag_panel import FlagPanel
from apps.ui.keep import TextFile, keeps
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT, waiting_line
from apps.ui.vote import opens, vote_row
from shared.errors import NotFound
from shared.formats.poetry import FORMS

CSS = style.CSS + vote.CSS
MOODS = ("", "calm", "cheerful", "dark", "funny", "longing", "solemn", "tender")
Changes = dict[Any, Any]
"""Component to its new value."""


def build(page: gr.Blocks, ctx: Context) -> None:
    """Lay out the page in the current Blocks context and wire it."""
    poet = Poet(ctx)
    desk = PoemDesk(ctx.home.history, poet, keep_days=ctx.settings.keep_days)
    ctx.sweeps.append(desk.sweep)
    with gr.Column(elem_classes="page-poetry"):
        PoemPage(ctx, desk).wire(page)
    add_api(poet)


class PoemPage:
    """The components of one page and the handlers between them."""

    def __init__(self, ctx: Context, desk: PoemDesk) -> None:
        self.desk = desk
        self.answer = gr.State("")
        look.title("Poetry", "A poem in the form you like, with a word on every line.")
        self._lay_out_asking()
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=290):
                self._lay_out_poem()
            with gr.Column(scale=4, min_width=290):
                self.report = _report("poem-report")
        self._lay_out_own()
        self.flags = FlagPanel(ctx, app="poetry")

    def _lay_out_asking(self) -> None:
        with gr.Row(equal_height=False):
            self.form = gr.Dropdown(
                label="Form",
                choices=[(f"{form.name}: {form.hint}", form.name) for form in FORMS.values()],
                value="haiku",
                elem_id="poem-form",
                scale=2,
                min_width=220,
            )
            self.subject = gr.Textbox(
                label="Subject",
                placeholder="the first snow",
                elem_id="poem-subject",
                max_length=MAX_LINE,
                scale=2,
                min_width=220,
            )
            self.mood = gr.Dropdown(
                label="Mood",
                choices=list(MOODS),
                value="",
                allow_custom_value=True,
                elem_id="poem-mood",
                min_width=130,
            )
            self.tries = gr.Slider(
                1,
                MOST_TRIES,
                1,
                step=1,
                label="Tries (the best is kept)",
                elem_id="poem-tries",
                min_width=190,
            )
        with gr.Row():
            self.write = gr.Button("Write", variant="primary", elem_id="poem-write")
            self.stop = gr.Button("Stop", variant="stop", elem_id="poem-stop", visible=False)

    def _lay_out_poem(self) -> None:
        self.verse = gr.HTML(view.EMPTY, elem_id="poem-text", apply_default_css=False)
        self.status = gr.HTML(
            "",
            html_template='<p role="status">${value}</p>',
            elem_id="poem-status",
            apply_default_css=False,
        )
        self.votes = vote_row("Is this poem good?")
        with gr.Row(visible=False) as self.after:
            self.undo = gr.Button("Undo", size="sm", elem_id="poem-undo", min_width=80)
            self.edit = gr.Button("Edit it", size="sm", elem_id="poem-edit", min_width=80)
            self.keep = gr.Button("Save as text", size="sm", elem_id="poem-keep", min_width=80)

    def _lay_out_own(self) -> None:
        with gr.Accordion("Check a poem of your own", open=False) as self.own_folder:
            self.own = gr.Textbox(
                label="Your lines, held against the form above",
                lines=5,
                max_lines=30,
                max_length=MAX_TEXT,
                elem_id="poem-own",
            )
            self.check = gr.Button("Check", elem_id="poem-check")
            self.own_report = _report("poem-own-report")

    def wire(self, page: gr.Blocks) -> None:
        """Connect every event; what asks the model can be stopped and ends by settling."""
        shown = [
            self.verse,
            self.status,
            self.stop,
            self.report,
            self.answer,
            self.votes[0],
            self.after,
        ]
        model = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        asked = [self.form, self.subject, self.mood, self.tries]
        runs = [
            gr.on([self.write.click, self.subject.submit], self.on_write, asked, shown, **model),
            self.report.rewrite(self.on_rewrite, None, shown, **model),
        ]
        for run in runs:
            # Each covers what the other leaves out: an error is only a failure, Stop only an end.
            run.then(self.settle, None, shown, **INSTANT)
            run.failure(self.settle, None, shown, **INSTANT)
        self.stop.click(None, None, None, cancels=runs, queue=False)
        self.undo.click(self.on_undo, None, shown, cancels=runs, **INSTANT)
        self.edit.click(self.on_edit, None, [self.own, self.own_folder], **INSTANT)
        self.check.click(self.on_check, [self.own, self.form], self.own_report, **INSTANT)
        page.load(self.on_load, None, shown, **INSTANT)
        opens(self.flags, self.votes, self.answer)
        keeps(self.keep, self.as_text)

    @shows_errors
    async def on_write(
        self, form: str, subject: str, mood: str, tries: float, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Write a poem."""
        steps = self.desk.write(owner_of(request), form, subject, mood, int(tries))
        async for changes in self._follow(steps):
            yield changes

    @shows_errors
    async def on_rewrite(
        self, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Write one line anew."""
        line = event.line if isinstance(event.line, int) else -1
        async for changes in self._follow(self.desk.rewrite(owner_of(request), line)):
            yield changes

    async def _follow(self, steps: AsyncGenerator[Writing, None]) -> AsyncGenerator[Changes, None]:
        async with aclosing(steps):
            async for step in steps:
                yield {
                    self.verse: view.verse(step.poem, writing=not step.whole),
                    self.status: waiting_line(step.waiting) if step.waiting else step.status,
                    self.stop: gr.Button(visible=True),
                    self.report: view.BLANK,
                    self.votes[0]: gr.Row(visible=False),
                    self.after: gr.Row(visible=False),
                }

    @shows_errors
    def settle(self, request: gr.Request) -> Changes:
        """After the model, stopped or not: the poem as it is kept."""
        return self._show(self.desk.poem(owner_of(request)))

    @shows_errors
    def on_load(self, request: gr.Request) -> Changes:
        """The poem that was written last; the fields are left to whoever is typing already."""
        return self._show(self.desk.poem(owner_of(request)))

    @shows_errors
    def on_undo(self, request: gr.Request) -> Changes:
        """The poem before the last step."""
        return self._show(self.desk.undo(owner_of(request)))

    @shows_errors
    def on_edit(self, request: gr.Request) -> Changes:
        """Put the poem into the field for one's own lines."""
        poem = self.desk.poem(owner_of(request))
        text = poem.text() if poem else ""
        return {self.own: text, self.own_folder: gr.Accordion(open=True)}

    @shows_errors
    def on_check(self, text: str, form: str) -> dict[str, Any]:
        """Hold the person's own lines against the form."""
        wanted = checked_form(form)
        found = report(checked_lines(text), wanted)
        return view.report(found, rhymes=bool(wanted.rhyme), rewritable=False)

    def as_text(self, request: gr.Request) -> TextFile:
        """The poem as a file."""
        poem = self.desk.poem(owner_of(request))
        if poem is None:
            raise NotFound("There is no poem yet.", fix="Write one first.")
        return TextFile("poem.txt", poem.text() + "\n")

    def _show(self, poem: Poem | None) -> Changes:
        found = view.BLANK
        if poem is not None:
            rhymes = bool(poem.kind.rhyme)
            found = view.report(poem.report(), rhymes=rhymes, rewritable=True)
        return {
            self.verse: view.verse(poem),
            self.status: "",
            self.stop: gr.Button(visible=False),
            self.report: found,
            self.answer: poem.answer_id if poem else "",
            self.votes[0]: gr.Row(visible=poem is not None),
            self.after: gr.Row(visible=poem is not None),
        }


def _report(elem_id: str) -> gr.HTML:
    return gr.HTML(
        view.BLANK,
        html_template=view.REPORT,
        js_on_load=view.REPORT_JS,
        elem_id=elem_id,
        apply_default_css=False,
    )

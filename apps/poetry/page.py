"""The poetry page: which handler answers which click.

The poem is read from the store every time, so a reload shows it where it was, and each line that is
written anew can be taken back.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from apps.context import Context
from apps.poetry import browser, layout, style, view
from apps.poetry.api import add_api
from apps.poetry.card import svg
from apps.poetry.checks import report
from apps.poetry.desk import PoemDesk
from apps.poetry.poem import Poem, checked_form, checked_lines
from apps.poetry.writing import Poet, Writing
from apps.ui import look, vote
from apps.ui.errors import shows_errors
from apps.ui.flag_panel import FlagPanel
from apps.ui.keep import TextFile, keeps
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT, waiting_line
from apps.ui.vote import opens
from shared.errors import NotFound
from shared.texts import say

CSS = style.CSS + vote.CSS
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
    """The handlers between the components of one page."""

    def __init__(self, ctx: Context, desk: PoemDesk) -> None:
        self.desk = desk
        self.answer = gr.State("")
        self.amiss = gr.State([])
        """What the check found, as reasons of a flag."""
        look.title(say("Poetry"), say("A poem in the form you like, with a word on every line."))
        self.asking = layout.Asking()
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=290):
                self.poem = layout.Verse()
                self.line = layout.Line()
                self.word = layout.Word()
            with gr.Column(scale=4, min_width=290):
                self.report = layout.report_table("poem-report")
        self.own = layout.Own()
        self.flags = FlagPanel(ctx, app="poetry")
        self.shown = [
            self.poem.verse,
            self.poem.status,
            self.asking.stop,
            self.report,
            self.answer,
            self.amiss,
            self.poem.votes[0],
            self.poem.after,
            self.own.drafts,
            self.line.box,
            self.word.box,
        ]

    def wire(self, page: gr.Blocks) -> None:
        """Connect every event; what asks the model can be stopped and ends by settling."""
        shown, asking, poem = self.shown, self.asking, self.poem
        model = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        asked = [asking.form, asking.subject, asking.mood, asking.tries]
        wished = [poem.wish, asking.tries]
        runs = [
            gr.on(
                [asking.write.click, asking.subject.submit], self.on_write, asked, shown, **model
            ),
            gr.on([poem.revise.click, poem.wish.submit], self.on_revise, wished, shown, **model),
            self.report.rewrite(self.on_rewrite, None, shown, **model),
            self.line.anew.click(self.on_line_anew, self.line.index, shown, **model),
        ]
        for run in runs:
            # Each covers what the other leaves out: an error is only a failure, Stop only an end.
            run.then(self.settle, None, shown, **INSTANT)
            run.failure(self.settle, None, shown, **INSTANT)
        asking.stop.click(None, None, None, cancels=runs, queue=False)
        poem.undo.click(self.on_undo, None, shown, cancels=runs, **INSTANT)
        page.load(self.on_load, None, [*shown, asking.form], **INSTANT)
        opens(self.flags, poem.votes, self.answer, amiss=self.amiss)
        self._wire_lines()
        self._wire_own()
        self._wire_keeping()

    def _wire_lines(self) -> None:
        line, word, verse = self.line, self.word, self.poem.verse
        verse.line(self.on_line, None, [line.box, line.text, line.index, word.box], **INSTANT)
        kept = [line.index, line.text]
        gr.on([line.keep.click, line.text.submit], self.on_keep_line, kept, self.shown, **INSTANT)
        opened = [word.box, word.stress, word.rhymes, word.word, line.box]
        verse.word(self.on_word, None, opened, **INSTANT)
        said = [word.word, word.stress, word.rhymes]
        word.save.click(self.on_say, said, self.shown, **INSTANT)
        word.forget.click(self.on_forget, word.word, self.shown, **INSTANT)
        for box in (line, word):
            box.close.click(lambda: gr.Group(visible=False), None, box.box, **INSTANT)

    def _wire_own(self) -> None:
        own, form = self.own, self.asking.form
        own.check.click(self.on_check, [own.text, form], own.report, **INSTANT)
        own.take.click(self.on_take, [own.text, form], self.shown, **INSTANT)
        own.drafts.restore(self.on_restore, None, self.shown, **INSTANT)
        made = [own.name, own.notation, own.metre]
        own.make.click(self.on_make, made, form, **INSTANT)

    def _wire_keeping(self) -> None:
        poem = self.poem
        keeps(poem.keep, self.as_text)
        keeps(poem.svg, self.as_svg)
        drawn = gr.JSON(visible="hidden")
        done = poem.png.click(self.as_picture, None, drawn, **INSTANT)
        done.success(None, drawn, None, js=browser.PNG, **INSTANT)
        poem.copy.click(None, None, None, js=browser.COPY, **INSTANT)
        poem.aloud.click(None, None, None, js=browser.ALOUD, **INSTANT)

    @shows_errors
    async def on_write(
        self, form: str, subject: str, mood: str, tries: float, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Write a poem."""
        steps = self.desk.write(owner_of(request), form, subject, mood, int(tries))
        async for changes in self._follow(steps):
            yield changes

    @shows_errors
    async def on_revise(
        self, wish: str, tries: float, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Write the poem again as it is wished."""
        async for changes in self._follow(self.desk.revise(owner_of(request), wish, int(tries))):
            yield changes

    @shows_errors
    async def on_rewrite(
        self, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Write one line of the report anew."""
        async for changes in self._follow(self.desk.rewrite(owner_of(request), _line(event))):
            yield changes

    @shows_errors
    async def on_line_anew(self, index: int, request: gr.Request) -> AsyncGenerator[Changes, None]:
        """Write the line that was clicked anew."""
        async for changes in self._follow(self.desk.rewrite(owner_of(request), index)):
            yield changes

    async def _follow(self, steps: AsyncGenerator[Writing, None]) -> AsyncGenerator[Changes, None]:
        async with aclosing(steps):
            async for step in steps:
                yield {
                    self.poem.verse: view.verse(step.poem, writing=not step.whole),
                    self.poem.status: waiting_line(step.waiting) if step.waiting else step.status,
                    self.asking.stop: gr.Button(visible=True),
                    self.report: view.BLANK,
                    self.poem.votes[0]: gr.Row(visible=False),
                    self.poem.after: gr.Column(visible=False),
                    self.line.box: gr.Group(visible=False),
                    self.word.box: gr.Group(visible=False),
                }

    @shows_errors
    def settle(self, request: gr.Request) -> Changes:
        """After the model, stopped or not: the poem as it is kept."""
        return self._show(owner_of(request), self.desk.poem(owner_of(request)))

    @shows_errors
    def on_load(self, request: gr.Request) -> Changes:
        """The poem that was written last; the fields are left to whoever is typing already."""
        owner = owner_of(request)
        own = self.desk.forms(owner)
        offered = {self.asking.form: gr.Dropdown(choices=layout.form_choices(own))} if own else {}
        return {**self._show(owner, self.desk.poem(owner)), **offered}

    @shows_errors
    def on_undo(self, request: gr.Request) -> Changes:
        """The poem before the last step."""
        return self._show(owner_of(request), self.desk.undo(owner_of(request)))

    @shows_errors
    def on_restore(self, event: gr.EventData, request: gr.Request) -> Changes:
        """An earlier draft."""
        number = event.draft if isinstance(event.draft, int) else -1
        return self._show(owner_of(request), self.desk.restore(owner_of(request), number))

    @shows_errors
    def on_line(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Open the line that was clicked."""
        index, poem = _line(event), self._poem(request)
        if not 0 <= index < len(poem.lines):
            raise NotFound(say("The poem has no such line."), fix=say("Reload the page."))
        text = gr.Textbox(value=poem.lines[index], label=say("Line {number}", number=index + 1))
        return gr.Group(visible=True), text, index, gr.Group(visible=False)

    @shows_errors
    def on_keep_line(self, index: int, text: str, request: gr.Request) -> Changes:
        """Put the person's words in the place of the line."""
        return self._show(owner_of(request), self.desk.put_line(owner_of(request), index, text))

    @shows_errors
    def on_word(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Open the word that was clicked."""
        owner, poem = owner_of(request), self._poem(request)
        words = [word for line in self.desk.report(owner, poem).lines for word in line.words]
        word = next((word for word in words if word.word == event.word), None)
        if word is None:
            raise NotFound(say("The poem has no such word."), fix=say("Reload the page."))
        own = self.desk.spoken(owner).get(word.word)
        stress = gr.Textbox(value=word.stress, label=say("How “{word}” is spoken", word=word.word))
        rhymes = own.rhymes if own else ""
        return gr.Group(visible=True), stress, rhymes, word.word, gr.Group(visible=False)

    @shows_errors
    def on_say(self, word: str, stress: str, rhymes: str, request: gr.Request) -> Changes:
        """Remember how a word is spoken, and check again."""
        self.desk.say(owner_of(request), word, stress, rhymes)
        return self.settle(request)

    @shows_errors
    def on_forget(self, word: str, request: gr.Request) -> Changes:
        """Let the dictionary say the word again."""
        self.desk.say(owner_of(request), word, "")
        return self.settle(request)

    @shows_errors
    def on_check(self, text: str, form: str, request: gr.Request) -> dict[str, Any]:
        """Hold the person's own lines against the form."""
        owner = owner_of(request)
        wanted = checked_form(form, self.desk.forms(owner))
        found = report(checked_lines(text), wanted, own=self.desk.spoken(owner))
        return view.report(found, rhymes=bool(wanted.rhyme), rewritable=False)

    @shows_errors
    def on_take(self, text: str, form: str, request: gr.Request) -> Changes:
        """Take up the person's own poem."""
        return self._show(owner_of(request), self.desk.put(owner_of(request), form, text))

    @shows_errors
    def on_make(self, name: str, notation: str, metre: str, request: gr.Request) -> gr.Dropdown:
        """Make a form and choose it."""
        made = self.desk.add_form(owner_of(request), name, notation, metre)
        forms = self.desk.forms(owner_of(request))
        return gr.Dropdown(choices=layout.form_choices(forms), value=made.name)

    def as_text(self, request: gr.Request) -> TextFile:
        """The poem as a file."""
        return TextFile("poem.txt", self._poem(request).text() + "\n")

    def as_svg(self, request: gr.Request) -> TextFile:
        """The poem as a card."""
        return TextFile("poem.svg", svg(self._poem(request)))

    @shows_errors
    def as_picture(self, request: gr.Request) -> list[dict[str, str]]:
        """The card, which the browser turns into a picture."""
        return [{"name": "poem.svg", "text": svg(self._poem(request))}]

    def _poem(self, request: gr.Request) -> Poem:
        poem = self.desk.poem(owner_of(request))
        if poem is None:
            raise NotFound(say("There is no poem yet."), fix=say("Write one first."))
        return poem

    def _show(self, owner: str, poem: Poem | None) -> Changes:
        found = self.desk.report(owner, poem) if poem else None
        rhymes = bool(poem and poem.kind.rhyme)
        table = view.report(found, rhymes=rhymes, rewritable=True) if found else view.BLANK
        return {
            self.poem.verse: view.verse(poem, found),
            self.poem.status: "",
            self.asking.stop: gr.Button(visible=False),
            self.report: table,
            self.answer: poem.answer_id if poem else "",
            self.amiss: found.reasons() if found else [],
            self.poem.votes[0]: gr.Row(visible=bool(poem and poem.answer_id)),
            self.poem.after: gr.Column(visible=poem is not None),
            self.own.drafts: view.drafts(self.desk.drafts(owner)),
            self.line.box: gr.Group(visible=False),
            self.word.box: gr.Group(visible=False),
        }


def _line(event: gr.EventData) -> int:
    return event.line if isinstance(event.line, int) else -1

"""The story's page: what stands where, and which handler answers which click.

The page holds two ids, the story's and the passage's; everything else is read from the store, so a
reload shows the story where it was, and a stopped scene shows what was kept of it.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from apps.checks import MAX_LINE, one_line
from apps.context import Context
from apps.story import chart, notes, style, view
from apps.story.api import add_api
from apps.story.book import Book
from apps.story.desk import StoryDesk
from apps.story.side import Side, Wishes
from apps.story.store import StoryStore
from apps.story.surprise import surprise
from apps.story.tale import Link, Manner
from apps.story.telling import Storyteller, Telling
from apps.ui import look, vote
from apps.ui.errors import shows_errors
from apps.ui.flag_panel import FlagPanel
from apps.ui.keep import TextFile, keeps
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT, waiting_line
from apps.ui.vote import opens, vote_row
from shared.formats import story as form
from shared.formats.story import GENRES, TONES

CSS = style.CSS + vote.CSS
READING = "() => { document.querySelector('.page-story').classList.toggle('reading'); }"

Place = tuple[str, str]
"""Story id and passage id; two empty texts before the first scene."""
NOWHERE: Place = ("", "")
Changes = dict[Any, Any]
"""Component to its new value."""


def build(page: gr.Blocks, ctx: Context) -> None:
    """Lay out the page in the current Blocks context and wire it."""
    store = StoryStore(ctx.home.history, keep_days=ctx.settings.keep_days)
    ctx.sweeps.append(store.sweep)
    teller = Storyteller(ctx, store)
    with gr.Column(elem_classes="page-story"):
        StoryPage(ctx, teller).wire(page)
    add_api(teller)


class StoryPage:
    """The components of one page and the handlers between them."""

    def __init__(self, ctx: Context, teller: Storyteller) -> None:
        self.teller = teller
        self.desk = StoryDesk(teller)
        self.place = gr.State(NOWHERE)
        self.next_place = gr.State(NOWHERE)
        self.scene_answer = gr.State("")
        self.choices_answer = gr.State("")
        look.title("Story", "An adventure in which you choose what happens next.")
        self._lay_out_beginning()
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self._lay_out_reading()
            with gr.Column(scale=1, min_width=260, elem_classes="story-side"):
                self.side = Side()
        self.flags = FlagPanel(ctx, app="story")

    def _lay_out_beginning(self) -> None:
        with gr.Row(equal_height=False, elem_classes="story-beginning"):
            self.title = gr.Textbox(
                label="Title",
                placeholder="The lighthouse that walked",
                elem_id="story-title",
                max_length=MAX_LINE,
                scale=3,
                min_width=220,
            )
            self.genre = _flavour("Genre", GENRES, "story-genre")
            self.tone = _flavour("Tone", TONES, "story-tone")
            self.begin = gr.Button(
                "Begin", variant="primary", elem_id="story-begin", scale=1, min_width=110
            )
            self.surprise = gr.Button(
                "Surprise me", elem_id="story-surprise", scale=1, min_width=110
            )
        self.wishes = Wishes()

    def _lay_out_reading(self) -> None:
        self.earlier = gr.HTML("", elem_classes="story-earlier", apply_default_css=False)
        self.scene = gr.HTML(view.WELCOME, elem_id="story-scene", apply_default_css=False)
        self.scene_votes = vote_row("Is this scene good?")
        self.status = gr.HTML(
            "",
            html_template='<p role="status">${value}</p>',
            elem_id="story-status",
            apply_default_css=False,
        )
        self.stop = gr.Button("Stop", variant="stop", elem_id="story-stop", visible=False)
        self.choices = gr.HTML(
            [],
            html_template=view.CHOICES_TEMPLATE,
            js_on_load=view.CHOICES_JS,
            elem_id="story-choices",
            apply_default_css=False,
        )
        self.choices_votes = vote_row("Are these choices good?")
        self.action = gr.Textbox(
            label="Or do something else",
            placeholder="I climb the tree and look around",
            elem_id="story-action",
            max_length=MAX_LINE,
            submit_btn=True,
            visible=False,
        )
        with gr.Row(visible=False, elem_classes="story-ways") as self.ways_back:
            self.undo = gr.Button("Undo", elem_id="story-undo", min_width=90)
            self.redo = gr.Button("Redo", elem_id="story-redo", min_width=90)
            self.restart = gr.Button("Restart", elem_id="story-restart", min_width=90)
            self.end = gr.Button("End the story", elem_id="story-end", min_width=120)
            self.reading = gr.Button("Reading mode", elem_id="story-reading", min_width=120)

    def wire(self, page: gr.Blocks) -> None:
        """Connect every event; what asks the model can be stopped and ends by settling."""
        everything = self._everything()
        model = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        ask = [self.title, self.genre, self.tone, *self.wishes.fields()]
        runs = [
            gr.on(
                [self.begin.click, self.title.submit],
                self.on_begin,
                ask,
                everything,
                **model,
            ),
            self.choices.choose(self.on_choose, self.place, everything, **model),
            self.action.submit(self.on_act, [self.place, self.action], everything, **model),
            self.end.click(self.on_end, self.place, everything, **model),
            self.side.again.click(self.on_again, self.place, everything, **model),
        ]
        side = self.side
        moves = [
            (self.undo.click, self.on_undo, self.place),
            (self.redo.click, self.on_redo, self.place),
            (self.restart.click, self.on_restart, self.place),
            (side.map.node, self.on_node, self.place),
            (side.shelf.input, self.on_shelf, side.shelf),
            (side.rewrite.click, self.on_rewrite, [self.place, side.text]),
            (side.link.click, self.on_link, [self.place, side.link_text, side.link_to]),
            (side.take_in.upload, self.on_take_in, side.take_in),
        ]
        for run in runs:
            # Each covers what the other leaves out: an error is only a failure, Stop only an end.
            run.then(self.settle, [self.place, self.next_place], everything, **INSTANT)
            run.failure(self.settle, [self.place, self.next_place], everything, **INSTANT)
        for event, handler, given in moves:
            event(handler, given, everything, cancels=runs, **INSTANT)
        self.stop.click(None, None, None, cancels=runs, queue=False)
        asked_first = [
            (side.delete, self.on_delete, "Delete this story with all its scenes?"),
            (side.remove, self.on_remove, "Remove this scene and everything told from it?"),
        ]
        for button, handler, sure in asked_first:
            button.click(
                handler,
                self.place,
                everything,
                cancels=runs,
                js=f"(place) => confirm({sure!r}) ? place : ['', '']",
                **INSTANT,
            )
        self.surprise.click(self.on_surprise, None, [self.title, self.genre, self.tone], **INSTANT)
        self.reading.click(None, None, None, js=READING, **INSTANT)
        keeps(side.save, self.on_save, [self.place, side.kind])
        self._wire_notes()
        page.load(self.on_load, None, everything, **INSTANT)
        opens(self.flags, self.scene_votes, self.scene_answer)
        opens(self.flags, self.choices_votes, self.choices_answer)

    def _wire_notes(self) -> None:
        """Notes and memory; the budget follows every change of place."""
        side = self.side
        fields = side.notes()
        memory = [side.budget, side.summary, side.summary_row]
        asks = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        changed = [
            side.save_notes.click(self.on_notes, [self.place, *fields], fields, **INSTANT),
            side.read_state.click(self.on_read_state, self.place, fields, **asks),
            side.save_summary.click(self.on_summary, [self.place, side.summary], None, **INSTANT),
            side.sum_up.click(self.on_sum_up, self.place, None, **asks),
        ]
        for event in changed:
            event.success(self.on_budget, self.place, memory, **INSTANT)
        self.place.change(self.on_budget, self.place, memory, **INSTANT)

    def _everything(self) -> list[Any]:
        return [
            self.place,
            self.next_place,
            self.scene_answer,
            self.choices_answer,
            self.earlier,
            self.scene,
            self.scene_votes[0],
            self.status,
            self.stop,
            self.choices,
            self.choices_votes[0],
            self.action,
            self.ways_back,
            self.undo,
            self.redo,
            self.end,
            self.side.map,
            self.side.shelf,
            self.side.delete,
            self.side.tools,
            self.side.text,
            self.side.link_text,
            self.side.link_to,
            *self.side.notes(),
        ]

    @shows_errors
    async def on_begin(  # noqa: PLR0913 - one argument per field of the page
        self,
        title: str,
        genre: str,
        tone: str,
        age: str,
        length: str,
        person: str,
        tense: str,
        children: bool,
        request: gr.Request,
    ) -> AsyncGenerator[Changes, None]:
        """Tell the first scene of a new story."""
        manner = _manner(age, length, person, tense, children)
        telling = self.teller.begin(owner_of(request), title, genre, tone, manner)
        async for changes in self._follow(telling):
            yield changes

    @shows_errors
    async def on_choose(
        self, place: Place, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Go the chosen way; one that was told already is only gone to."""
        owner = owner_of(request)
        told = self.teller.told(owner, *place, event.number)
        if told:
            yield self._go(owner, place[0], told)
            return
        async for changes in self._follow(self.teller.choose(owner, *place, event.number)):
            yield changes

    @shows_errors
    async def on_again(self, place: Place, request: gr.Request) -> AsyncGenerator[Changes, None]:
        """Tell this scene anew, beside the first telling."""
        async for changes in self._follow(self.teller.again(owner_of(request), *place)):
            yield changes

    @shows_errors
    async def on_act(
        self, place: Place, action: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Do what the reader wrote."""
        telling = self.teller.act(owner_of(request), *place, action)
        async for changes in self._follow(telling):
            yield changes

    @shows_errors
    async def on_end(self, place: Place, request: gr.Request) -> AsyncGenerator[Changes, None]:
        """Tell the last scene."""
        async for changes in self._follow(self.teller.end(owner_of(request), *place)):
            yield changes

    async def _follow(
        self, telling: AsyncGenerator[Telling, None]
    ) -> AsyncGenerator[Changes, None]:
        async with aclosing(telling):
            async for step in telling:
                yield self._while_telling(step)

    def _while_telling(self, step: Telling) -> Changes:
        writing = step.doing == "scene"
        status = "Writing the scene …" if writing else "Looking for ways on …"
        if step.waiting:
            status = waiting_line(step.waiting)
        return {
            self.next_place: (step.story_id, step.passage_id),
            self.scene: view.growing_scene(step.said, step.scene, writing=writing),
            self.status: status,
            self.stop: gr.Button(visible=True),
            self.choices: [],
            self.scene_votes[0]: gr.Row(visible=False),
            self.choices_votes[0]: gr.Row(visible=False),
            self.action: gr.Textbox(visible=False),
            self.ways_back: gr.Row(visible=False),
        }

    @shows_errors
    def settle(self, place: Place, next_place: Place, request: gr.Request) -> Changes:
        """After telling, stopped or not: go to the new passage if there is one."""
        owner = owner_of(request)
        if self.teller.store.has(owner, *next_place):
            return self._show(owner, next_place)
        return self._show(owner, place)

    @shows_errors
    def on_load(self, request: gr.Request) -> Changes:
        """Open the story that was read last."""
        owner = owner_of(request)
        stories = self.teller.store.shelf_of(owner)
        return self._show(owner, (stories[0].id, "") if stories else NOWHERE)

    @shows_errors
    def on_undo(self, place: Place, request: gr.Request) -> Changes:
        """Go back to where this passage came from."""
        owner = owner_of(request)
        parent = self.teller.store.open(owner, place[0]).passage(place[1]).parent_id
        return self._go(owner, place[0], parent or place[1], back=True)

    @shows_errors
    def on_redo(self, place: Place, request: gr.Request) -> Changes:
        """Go forward again on the way that undo came back."""
        owner = owner_of(request)
        following = self.teller.store.open(owner, place[0]).next_on_the_way(place[1])
        return self._go(owner, place[0], following or place[1], back=True)

    @shows_errors
    def on_restart(self, place: Place, request: gr.Request) -> Changes:
        """Go back to the story's first passage."""
        owner = owner_of(request)
        path = self.teller.store.open(owner, place[0]).path(place[1])
        return self._go(owner, place[0], path[0].id, back=True)

    @shows_errors
    def on_node(self, place: Place, event: gr.EventData, request: gr.Request) -> Changes:
        """Jump to a passage of the map."""
        return self._go(owner_of(request), place[0], str(event.id))

    @shows_errors
    def on_shelf(self, story_id: str, request: gr.Request) -> Changes:
        """Take another story from the shelf."""
        return self._show(owner_of(request), (story_id or "", ""))

    @shows_errors
    def on_delete(self, place: Place, request: gr.Request) -> Changes:
        """Forget the story and show the one read before."""
        if place[0]:
            self.teller.store.delete(owner_of(request), place[0])
        return self.on_load(request)

    @shows_errors
    def on_remove(self, place: Place, request: gr.Request) -> Changes:
        """Forget a scene with what follows; nothing happens when the reader was not sure."""
        owner = owner_of(request)
        if not place[0]:
            return self.on_load(request)
        return self._show(owner, (place[0], self.teller.store.remove(owner, *place)))

    @shows_errors
    def on_rewrite(self, place: Place, text: str, request: gr.Request) -> Changes:
        """Keep the reader's version of the scene."""
        owner = owner_of(request)
        new = self.teller.store.rewrite(owner, *place, text)
        return self._show(owner, (place[0], new.id))

    @shows_errors
    def on_link(self, place: Place, said: str, target: str, request: gr.Request) -> Changes:
        """Let a way of this scene lead to another one."""
        owner = owner_of(request)
        line = one_line(said, name="way", most=80)
        self.teller.store.link(owner, place[0], Link(place[1], line, target or ""))
        return self._show(owner, place)

    @shows_errors
    def on_take_in(self, data: bytes, request: gr.Request) -> Changes:
        """Open a story from a file."""
        owner = owner_of(request)
        book = self.desk.take_in(owner, data)
        return self._show(owner, (book.story.id, book.place))

    def on_save(self, request: gr.Request, place: Place, kind: str) -> TextFile:
        """The story as a file."""
        return self.desk.file(owner_of(request), *place, kind)

    def on_surprise(self) -> tuple[str, str, str]:
        """Fill in a title, a genre and a tone."""
        wish = surprise()
        return wish.title, wish.genre, wish.tone

    @shows_errors
    def on_notes(  # noqa: PLR0913 - one argument per field of the page
        self,
        place: Place,
        author: str,
        where: str,
        facts: str,
        people: str,
        things: str,
        lore: str,
        request: gr.Request,
    ) -> Changes:
        """Keep the notes as they stand in the fields."""
        read = notes.read(
            author=author, place=where, facts=facts, people=people, things=things, lore=lore
        )
        self.teller.store.note(owner_of(request), place[0], read)
        return dict(self.side.filled(read))

    @shows_errors
    async def on_read_state(self, place: Place, request: gr.Request) -> Changes:
        """Let the model fill in the notes."""
        return dict(self.side.filled(await self.desk.read_state(owner_of(request), *place)))

    @shows_errors
    async def on_summary(self, place: Place, text: str, request: gr.Request) -> None:
        """Keep the reader's summary."""
        await self.desk.summarise(owner_of(request), *place, text)

    @shows_errors
    async def on_sum_up(self, place: Place, request: gr.Request) -> None:
        """Let the model sum up what left its window."""
        await self.desk.sum_up(owner_of(request), *place)

    @shows_errors
    async def on_budget(self, place: Place, request: gr.Request) -> Changes:
        """How full the model's window is, and what is told of what left it."""
        if not place[0]:
            return {self.side.budget: ""}
        owner = owner_of(request)
        seen = await self.desk.seen(owner, *place)
        window = self.teller.engine().info().context_tokens
        return {
            self.side.budget: view.budget(seen, window),
            self.side.summary: gr.Textbox(value=seen.in_short, visible=seen.dropped > 0),
            self.side.summary_row: gr.Row(visible=seen.dropped > 0),
        }

    def _go(self, owner: str, story_id: str, passage_id: str, *, back: bool = False) -> Changes:
        self.teller.store.go(owner, story_id, passage_id, back=back)
        return self._show(owner, (story_id, passage_id))

    def _show(self, owner: str, place: Place) -> Changes:
        shelf = view.shelf(self.teller.store.shelf_of(owner))
        idle: Changes = {
            self.next_place: NOWHERE,
            self.status: "",
            self.stop: gr.Button(visible=False),
            self.side.shelf: gr.Dropdown(
                choices=shelf, value=place[0] or None, visible=len(shelf) > 1
            ),
        }
        if not place[0]:
            return {**idle, **self._blank()}
        book = self.teller.store.open(owner, place[0])
        passage = book.passage(place[1] or book.place)
        path = book.path(passage.id)
        offered = self.teller.choices_of(book, passage)
        return {
            **idle,
            self.place: (book.story.id, passage.id),
            self.scene_answer: passage.answer_id,
            self.choices_answer: passage.choices_answer_id,
            self.earlier: view.earlier(path),
            self.scene: view.scene(passage, book.story),
            self.scene_votes[0]: gr.Row(visible=bool(passage.answer_id)),
            self.choices: view.choices(offered),
            self.choices_votes[0]: gr.Row(visible=bool(passage.choices_answer_id)),
            self.action: gr.Textbox(value="", visible=not passage.ended),
            self.ways_back: gr.Row(visible=True),
            self.undo: gr.Button(interactive=passage.parent_id is not None),
            self.end: gr.Button(visible=not passage.ended),
            self.redo: gr.Button(interactive=bool(book.next_on_the_way(passage.id))),
            **self._beside(book, passage.id),
        }

    def _beside(self, book: Book, here: str) -> Changes:
        """The side panel at a passage."""
        side = self.side
        passage = book.passage(here)
        return {
            side.map: chart.draw(book.passages, here, book.path(here), book.links),
            side.delete: gr.Button(visible=True),
            side.tools: gr.Column(visible=True),
            side.text: passage.scene,
            side.link_text: "",
            side.link_to: gr.Dropdown(choices=view.scene_names(book), value=None),
            **side.filled(book.story.notes),
        }

    def _blank(self) -> Changes:
        return {
            self.place: NOWHERE,
            self.earlier: "",
            self.scene: view.WELCOME,
            self.scene_votes[0]: gr.Row(visible=False),
            self.choices: [],
            self.choices_votes[0]: gr.Row(visible=False),
            self.action: gr.Textbox(value="", visible=False),
            self.ways_back: gr.Row(visible=False),
            self.side.map: chart.draw((), ""),
            self.side.delete: gr.Button(visible=False),
            self.side.tools: gr.Column(visible=False),
        }


def _manner(age: str, length: str, person: str, tense: str, children: bool) -> Manner:
    """The page's wishes; what a page cannot have sent is left out."""
    return Manner(
        age=age if age in form.AGES else "",
        length=length if length in form.LENGTHS else "",
        person=person if person in form.PERSONS else "",
        tense=tense if tense in form.TENSES else "",
        children=bool(children),
    )


def _flavour(label: str, presets: tuple[str, ...], elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(
        label=label,
        choices=["", *presets],
        value="",
        allow_custom_value=True,
        elem_id=elem_id,
        scale=2,
        min_width=130,
    )

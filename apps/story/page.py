"""The story's page: what stands where, and which handler answers which click.

The page holds two ids, the story's and the passage's; everything else is read from the store, so a
reload shows the story where it was, and a stopped scene shows what was kept of it.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from apps.checks import MAX_LINE
from apps.context import Context
from apps.story import chart, style, view
from apps.story.api import add_api
from apps.story.store import StoryStore
from apps.story.telling import Storyteller, Telling
from apps.ui import look, vote
from apps.ui.errors import shows_errors
from apps.ui.flag_panel import FlagPanel
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT, waiting_line
from apps.ui.vote import opens, vote_row
from shared.formats.story import GENRES, TONES

CSS = style.CSS + vote.CSS

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
        self.place = gr.State(NOWHERE)
        self.next_place = gr.State(NOWHERE)
        self.scene_answer = gr.State("")
        self.choices_answer = gr.State("")
        look.title("Story", "An adventure in which you choose what happens next.")
        self._lay_out_beginning()
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self._lay_out_reading()
            with gr.Column(scale=1, min_width=220):
                self._lay_out_map()
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
        with gr.Row(visible=False) as self.ways_back:
            self.undo = gr.Button("Undo", elem_id="story-undo", min_width=90)
            self.restart = gr.Button("Restart", elem_id="story-restart", min_width=90)
            self.end = gr.Button("End the story", elem_id="story-end", min_width=120)

    def _lay_out_map(self) -> None:
        gr.HTML('<h2 class="story-head">Map</h2>', apply_default_css=False)
        self.map = gr.HTML(
            chart.draw((), ""), elem_id="story-map", js_on_load=chart.JS, apply_default_css=False
        )
        self.shelf = gr.Dropdown(
            label="Your stories", choices=[], value=None, elem_id="story-shelf", visible=False
        )
        self.delete = gr.Button("Delete this story", elem_id="story-delete", visible=False)

    def wire(self, page: gr.Blocks) -> None:
        """Connect every event; what asks the model can be stopped and ends by settling."""
        everything = self._everything()
        model = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        ask = [self.title, self.genre, self.tone]
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
        ]
        moves = [
            (self.undo.click, self.on_undo, self.place),
            (self.restart.click, self.on_restart, self.place),
            (self.map.node, self.on_node, self.place),
            (self.shelf.input, self.on_shelf, self.shelf),
        ]
        for run in runs:
            # Each covers what the other leaves out: an error is only a failure, Stop only an end.
            run.then(self.settle, [self.place, self.next_place], everything, **INSTANT)
            run.failure(self.settle, [self.place, self.next_place], everything, **INSTANT)
        for event, handler, given in moves:
            event(handler, given, everything, cancels=runs, **INSTANT)
        self.stop.click(None, None, None, cancels=runs, queue=False)
        self.delete.click(
            self.on_delete,
            self.place,
            everything,
            cancels=runs,
            js="(place) => confirm('Delete this story with all its scenes?') ? place : ['', '']",
            **INSTANT,
        )
        page.load(self.on_load, None, everything, **INSTANT)
        opens(self.flags, self.scene_votes, self.scene_answer)
        opens(self.flags, self.choices_votes, self.choices_answer)

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
            self.end,
            self.map,
            self.shelf,
            self.delete,
        ]

    @shows_errors
    async def on_begin(
        self, title: str, genre: str, tone: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Tell the first scene of a new story."""
        telling = self.teller.begin(owner_of(request), title, genre, tone)
        async for changes in self._follow(telling):
            yield changes

    @shows_errors
    async def on_choose(
        self, place: Place, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Go the chosen way."""
        telling = self.teller.choose(owner_of(request), *place, event.number)
        async for changes in self._follow(telling):
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
            self.scene: view.scene("", step.scene, said=step.said, writing=writing),
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
        return self._go(owner, place[0], parent or place[1])

    @shows_errors
    def on_restart(self, place: Place, request: gr.Request) -> Changes:
        """Go back to the story's first passage."""
        owner = owner_of(request)
        path = self.teller.store.open(owner, place[0]).path(place[1])
        return self._go(owner, place[0], path[0].id)

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

    def _go(self, owner: str, story_id: str, passage_id: str) -> Changes:
        self.teller.store.go(owner, story_id, passage_id)
        return self._show(owner, (story_id, passage_id))

    def _show(self, owner: str, place: Place) -> Changes:
        shelf = view.shelf(self.teller.store.shelf_of(owner))
        idle: Changes = {
            self.next_place: NOWHERE,
            self.status: "",
            self.stop: gr.Button(visible=False),
            self.shelf: gr.Dropdown(choices=shelf, value=place[0] or None, visible=len(shelf) > 1),
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
            self.scene: view.scene(
                book.story.title, passage.scene, said=passage.said, ended=passage.ended
            ),
            self.scene_votes[0]: gr.Row(visible=True),
            self.choices: view.choices(offered),
            self.choices_votes[0]: gr.Row(visible=bool(passage.choices_answer_id)),
            self.action: gr.Textbox(value="", visible=not passage.ended),
            self.ways_back: gr.Row(visible=True),
            self.undo: gr.Button(interactive=passage.parent_id is not None),
            self.end: gr.Button(visible=not passage.ended),
            self.map: chart.draw(book.passages, passage.id, path),
            self.delete: gr.Button(visible=True),
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
            self.map: chart.draw((), ""),
            self.delete: gr.Button(visible=False),
        }


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

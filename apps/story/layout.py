"""What stands where on the story's page, and how a passage looks in it.

The page holds two ids, the story's and the passage's; everything else is read from the store, so a
reload shows the story where it was, and a stopped scene shows what was kept of it.
"""

from typing import Any

import gradio as gr

from apps.checks import MAX_LINE
from apps.context import Context
from apps.story import chart, view
from apps.story.book import Book
from apps.story.side import Side, Wishes
from apps.story.telling import Storyteller, Telling
from apps.ui import look
from apps.ui.flag_panel import FlagPanel
from apps.ui.stream import waiting_line
from apps.ui.vote import vote_row
from shared.formats.story import GENRES, TONES
from shared.texts import say

Place = tuple[str, str]
"""Story id and passage id; two empty texts before the first scene."""
NOWHERE: Place = ("", "")
Changes = dict[Any, Any]
"""Component to its new value."""


class Layout:
    """The components of one page, in the current Blocks context."""

    def __init__(self, ctx: Context, teller: Storyteller) -> None:
        self.teller = teller
        self.place = gr.State(NOWHERE)
        self.next_place = gr.State(NOWHERE)
        self.scene_answer = gr.State("")
        self.choices_answer = gr.State("")
        look.title(say("Story"), say("An adventure in which you choose what happens next."))
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
                label=say("Title"),
                placeholder=say("The lighthouse that walked"),
                elem_id="story-title",
                max_length=MAX_LINE,
                scale=3,
                min_width=220,
            )
            self.genre = _flavour(say("Genre"), GENRES, "story-genre")
            self.tone = _flavour(say("Tone"), TONES, "story-tone")
            self.begin = gr.Button(
                say("Begin"), variant="primary", elem_id="story-begin", scale=1, min_width=110
            )
            self.surprise = gr.Button(
                say("Surprise me"), elem_id="story-surprise", scale=1, min_width=110
            )
        self.wishes = Wishes()

    def _lay_out_reading(self) -> None:
        self.earlier = gr.HTML("", elem_classes="story-earlier", apply_default_css=False)
        self.scene = gr.HTML(view.welcome(), elem_id="story-scene", apply_default_css=False)
        self.scene_votes = vote_row(say("Is this scene good?"))
        self.status = gr.HTML(
            "",
            html_template='<p role="status">${value}</p>',
            elem_id="story-status",
            apply_default_css=False,
        )
        self.stop = gr.Button(say("Stop"), variant="stop", elem_id="story-stop", visible=False)
        self.choices = gr.HTML(
            [],
            html_template=view.CHOICES_TEMPLATE,
            js_on_load=view.CHOICES_JS,
            elem_id="story-choices",
            apply_default_css=False,
            **view.choices_words(),
        )
        self.choices_votes = vote_row(say("Are these choices good?"))
        self.action = gr.Textbox(
            label=say("Or do something else"),
            placeholder=say("I climb the tree and look around"),
            elem_id="story-action",
            max_length=MAX_LINE,
            submit_btn=True,
            visible=False,
        )
        with gr.Row(visible=False, elem_classes="story-ways") as self.ways_back:
            self.undo = gr.Button(say("Undo"), elem_id="story-undo", min_width=90)
            self.redo = gr.Button(say("Redo"), elem_id="story-redo", min_width=90)
            self.restart = gr.Button(say("Restart"), elem_id="story-restart", min_width=90)
            self.end = gr.Button(say("End the story"), elem_id="story-end", min_width=120)
            self.reading = gr.Button(say("Reading mode"), elem_id="story-reading", min_width=120)

    def everything(self) -> list[Any]:
        """All that a handler may change."""
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

    def while_telling(self, step: Telling) -> Changes:
        """The page while a passage is on its way."""
        writing = step.doing == "scene"
        status = say("Writing the scene …") if writing else say("Looking for ways on …")
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

    def show(self, owner: str, place: Place) -> Changes:
        """The page at a passage; without a passage id at the place where the reader was."""
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

    def show_last(self, owner: str) -> Changes:
        """The page at the story that was read last."""
        stories = self.teller.store.shelf_of(owner)
        return self.show(owner, (stories[0].id, "") if stories else NOWHERE)

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
            self.scene: view.welcome(),
            self.scene_votes[0]: gr.Row(visible=False),
            self.choices: [],
            self.choices_votes[0]: gr.Row(visible=False),
            self.action: gr.Textbox(value="", visible=False),
            self.ways_back: gr.Row(visible=False),
            self.side.map: chart.draw((), ""),
            self.side.delete: gr.Button(visible=False),
            self.side.tools: gr.Column(visible=False),
        }


def _flavour(label: str, presets: tuple[str, ...], elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(
        label=label,
        choices=[("", ""), *((say(word), word) for word in presets)],
        value="",
        allow_custom_value=True,
        elem_id=elem_id,
        scale=2,
        min_width=130,
    )

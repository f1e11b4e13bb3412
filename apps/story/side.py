"""Beside the reading: the map, the notes, this scene's tools, files, and the library.

Layout alone; the handlers are the page's, since most of them change what is read.
"""

import html

import gradio as gr

from apps.story import chart
from apps.story.desk import FORMATS
from apps.story.notes import MAX_NOTE, Notes
from apps.story.tale import MAX_SCENE
from shared.formats import story as form
from shared.texts import later, say

TOLD = later("What the model is told of scenes that left its window")
TOLD_BY_MODEL = later(
    "What the model is told of scenes that left its window (summed up by the model; change it as"
    " you like)"
)


class Side:
    """The components beside the scene, in the current Blocks context."""

    def __init__(self) -> None:
        name = html.escape(say("Map"))
        gr.HTML(f'<h2 class="story-head">{name}</h2>', apply_default_css=False)
        self.map = gr.HTML(
            chart.draw((), ""), elem_id="story-map", js_on_load=chart.JS, apply_default_css=False
        )
        with gr.Column(visible=False) as self.tools:
            self._lay_out_notes()
            self._lay_out_scene()
            self._lay_out_files()
        with gr.Accordion(say("Your stories"), open=True, elem_id="story-library"):
            self.shelf = gr.Dropdown(
                label=say("Go on with"),
                choices=[],
                value=None,
                elem_id="story-shelf",
                visible=False,
            )
            self.take_in = gr.UploadButton(
                say("Open a JSON file"),
                file_types=[".json"],
                type="binary",
                elem_id="story-open",
            )
            self.delete = gr.Button(say("Delete this story"), elem_id="story-delete", visible=False)

    def _lay_out_notes(self) -> None:
        with gr.Accordion(say("Notes and memory"), open=False, elem_id="story-notes"):
            self.budget = gr.HTML(
                "",
                html_template="<p>${value}</p>",
                elem_id="story-budget",
                elem_classes="story-budget",
                apply_default_css=False,
            )
            self.author = _lines(say("Author’s note"), say("Make it rain more often."), lines=2)
            self.where = _lines(say("Place"), say("The harbour"), lines=1)
            self.facts = _lines(say("What stays true"), say("It is winter.\nMagic costs a memory."))
            self.people = _lines(say("People"), say("Ada, the ferrywoman"))
            self.things = _lines(say("What you carry"), say("a lantern"), lines=2)
            self.lore = _lines(
                say("Lore, told when mentioned"),
                say("ferry, boat: It sails only at night."),
                lines=3,
            )
            with gr.Row():
                self.save_notes = gr.Button(say("Save notes"), variant="primary", min_width=90)
                self.read_state = gr.Button(
                    say("Ask the model"), elem_id="story-read-state", min_width=90
                )
            self.summary = gr.Textbox(
                label=say(TOLD),
                lines=3,
                max_length=MAX_NOTE * 2,
                visible=False,
                elem_id="story-summary",
            )
            with gr.Row(visible=False) as self.summary_row:
                self.save_summary = gr.Button(say("Save summary"), min_width=90)
                self.sum_up = gr.Button(say("Let the model sum up"), min_width=90)

    def _lay_out_scene(self) -> None:
        with gr.Accordion(say("This scene"), open=False, elem_id="story-this-scene"):
            self.again = gr.Button(say("Tell it anew"), elem_id="story-again")
            self.text = gr.Textbox(
                label=say("Its text"), lines=5, max_length=MAX_SCENE, elem_id="story-edit"
            )
            self.rewrite = gr.Button(say("Keep my version beside it"), elem_id="story-rewrite")
            self.link_text = gr.Textbox(
                label=say("A way back: what the reader does"),
                placeholder=say("Go back to the harbour"),
                max_length=80,
                elem_id="story-link-text",
            )
            self.link_to = gr.Dropdown(
                label=say("… leads to"), choices=[], value=None, elem_id="story-link-to"
            )
            self.link = gr.Button(say("Add this way"), elem_id="story-link")
            self.remove = gr.Button(
                say("Remove this scene and what follows"), elem_id="story-remove"
            )

    def _lay_out_files(self) -> None:
        with gr.Accordion(say("Save as a file"), open=False, elem_id="story-files"):
            self.kind = gr.Dropdown(
                label=say("As"),
                choices=[(say(kind), kind) for kind in FORMATS],
                value=FORMATS[0],
                elem_id="story-format",
            )
            self.save = gr.Button(say("Save"), elem_id="story-save")

    def notes(self) -> list[gr.Textbox]:
        """The fields of `apps.story.notes.read`, in its order."""
        return [self.author, self.where, self.facts, self.people, self.things, self.lore]

    def filled(self, notes: Notes) -> dict[gr.Textbox, str]:
        """The fields with a story's notes."""
        return {
            self.author: notes.author,
            self.where: notes.place,
            self.facts: "\n".join(notes.facts),
            self.people: "\n".join(notes.people),
            self.things: "\n".join(notes.things),
            self.lore: "\n".join(note.line() for note in notes.lore),
        }


class Wishes:
    """How the story is to be told, in the current Blocks context."""

    def __init__(self) -> None:
        with gr.Accordion(
            say("How it is told"), open=False, elem_id="story-manner", elem_classes="story-manner"
        ):
            with gr.Row():
                self.age = _choice(say("Readers’ age"), form.AGES)
                self.length = _choice(say("Scenes"), tuple(form.LENGTHS))
                self.person = _choice(say("Person"), form.PERSONS)
                self.tense = _choice(say("Tense"), form.TENSES)
            self.children = gr.Checkbox(
                label=say("Safe for children"),
                info=say(
                    "Best effort: the model is asked for it, and sentences with harsh English"
                    " words are left out. No promise."
                ),
                elem_id="story-children",
            )

    def fields(self) -> list[gr.components.Component]:
        """In the order of `apps.story.tale.Manner`."""
        return [self.age, self.length, self.person, self.tense, self.children]


def _lines(label: str, placeholder: str, lines: int = 3) -> gr.Textbox:
    return gr.Textbox(label=label, placeholder=placeholder, lines=lines, max_length=MAX_NOTE * 8)


def _choice(label: str, offered: tuple[str, ...]) -> gr.Dropdown:
    return gr.Dropdown(
        label=label,
        choices=[(say("as it comes"), ""), *((say(word), word) for word in offered)],
        value="",
        min_width=130,
    )

"""What stands on the poetry page; what happens there is in `apps.poetry.page`."""

import gradio as gr

from apps.checks import MAX_LINE
from apps.poetry import own_forms, view
from apps.poetry.desk import MAX_WISH, MAX_WORD
from apps.poetry.metre import METRES
from apps.poetry.names import form_hint, form_name, metre_name
from apps.poetry.poem import MAX_TEXT
from apps.poetry.writing import MOST_TRIES, USUAL_TRIES
from apps.ui.vote import vote_row
from shared.formats.poetry import FORMS, Form
from shared.texts import later, say

MOODS = (
    "",
    later("calm"),
    later("cheerful"),
    later("dark"),
    later("funny"),
    later("longing"),
    later("solemn"),
    later("tender"),
)
"""As the model is told them."""


def form_choices(own: dict[str, Form]) -> list[tuple[str, str]]:
    """All forms as the list offers them, one's own last."""
    forms = {**FORMS, **own}
    return [
        (say("{form}: {hint}", form=form_name(form.name), hint=form_hint(form)), form.name)
        for form in forms.values()
    ]


class Asking:
    """Form, subject, mood, and how hard to try."""

    def __init__(self) -> None:
        with gr.Row(equal_height=False):
            self.form = gr.Dropdown(
                label=say("Form"), choices=form_choices({}), value="haiku", elem_id="poem-form",
                scale=2, min_width=220,
            )  # fmt: skip
            self.subject = gr.Textbox(
                label=say("Subject"), placeholder=say("the first snow"), elem_id="poem-subject",
                max_length=MAX_LINE, scale=2, min_width=220,
            )  # fmt: skip
            self.mood = gr.Dropdown(
                label=say("Mood"), choices=[(say(mood), mood) for mood in MOODS], value="",
                allow_custom_value=True, elem_id="poem-mood", min_width=130,
            )  # fmt: skip
            self.tries = gr.Slider(
                0, MOST_TRIES, USUAL_TRIES, step=1, label=say("Tries for a failing line"),
                elem_id="poem-tries", min_width=190,
            )  # fmt: skip
        with gr.Row():
            self.write = gr.Button(say("Write"), variant="primary", elem_id="poem-write")
            self.stop = gr.Button(say("Stop"), variant="stop", elem_id="poem-stop", visible=False)


class Verse:
    """The poem, and what may be done with it."""

    def __init__(self) -> None:
        self.verse = gr.HTML(
            view.empty(), js_on_load=view.VERSE_JS, elem_id="poem-text", apply_default_css=False
        )
        self.status = gr.HTML(
            "", html_template='<p role="status">${value}</p>', elem_id="poem-status",
            apply_default_css=False,
        )  # fmt: skip
        self.votes = vote_row(say("Is this poem good?"))
        with gr.Column(visible=False) as self.after:
            with gr.Row():
                self.undo = _small(say("Undo"), "poem-undo")
                self.copy = _small(say("Copy"), "poem-copy")
                self.aloud = _small(say("Read aloud"), "poem-aloud")
                self.keep = _small(say("Text"), "poem-keep")
                self.svg = _small(say("SVG"), "poem-svg")
                self.png = _small(say("PNG"), "poem-png")
            with gr.Row():
                self.wish = gr.Textbox(
                    placeholder=say("darker; simpler words"), label=say("Change it: how?"),
                    elem_id="poem-wish", max_length=MAX_WISH, scale=3, min_width=160,
                )  # fmt: skip
                self.revise = gr.Button(say("Write it anew"), elem_id="poem-revise", min_width=110)


class Line:
    """One line that was clicked."""

    def __init__(self) -> None:
        self.index = gr.State(-1)
        with gr.Group(visible=False, elem_id="poem-line") as self.box:
            self.text = gr.Textbox(label=say("Line"), elem_id="poem-line-text", max_length=MAX_LINE)
            with gr.Row():
                self.anew = gr.Button(say("Write it anew"), size="sm", elem_id="poem-line-anew")
                self.keep = gr.Button(say("Keep my words"), size="sm", elem_id="poem-line-keep")
                self.close = gr.Button(say("Close"), size="sm", elem_id="poem-line-close")


class Word:
    """One word that was clicked: how is it spoken?"""

    def __init__(self) -> None:
        self.word = gr.State("")
        with gr.Group(visible=False, elem_id="poem-word") as self.box:
            with gr.Row():
                self.stress = gr.Textbox(
                    label=say("Syllables"), info=say("x light, / heavy: x/x"), max_length=8,
                    elem_id="poem-word-stress", min_width=120,
                )  # fmt: skip
                self.rhymes = gr.Textbox(
                    label=say("Rhymes with"), info=say("may stay empty"), max_length=MAX_WORD,
                    elem_id="poem-word-rhymes", min_width=120,
                )  # fmt: skip
            with gr.Row():
                self.save = gr.Button(
                    say("That is how I say it"), size="sm", elem_id="poem-word-save"
                )
                self.forget = gr.Button(
                    say("As the dictionary"), size="sm", elem_id="poem-word-forget"
                )
                self.close = gr.Button(say("Close"), size="sm", elem_id="poem-word-close")


class Own:
    """A poem of one's own, and forms of one's own."""

    def __init__(self) -> None:
        with gr.Accordion(say("Check a poem of your own"), open=False):
            self.text = gr.Textbox(
                label=say("Your lines, held against the form above"), lines=5, max_lines=30,
                max_length=MAX_TEXT, elem_id="poem-own",
            )  # fmt: skip
            with gr.Row():
                self.check = gr.Button(say("Check"), elem_id="poem-check")
                self.take = gr.Button(say("Work on it"), elem_id="poem-take")
            self.report = report_table("poem-own-report")
        with gr.Accordion(say("Earlier drafts"), open=False, elem_id="poem-drafts-folder"):
            self.drafts = gr.HTML(
                "", js_on_load=view.DRAFTS_JS, elem_id="poem-drafts", apply_default_css=False
            )
        with gr.Accordion(say("Make a form"), open=False, elem_id="poem-form-folder"):
            with gr.Row():
                self.name = gr.Textbox(
                    label=say("Name"), max_length=own_forms.MAX_NAME, elem_id="poem-form-name"
                )
                self.notation = gr.Textbox(
                    label=say("Lines"),
                    info=say("Syllables and rhyme: 8a 6b 8a 6b. A1 b A2: A1 comes back."),
                    max_length=own_forms.MAX_NOTATION, elem_id="poem-form-lines", scale=2,
                )  # fmt: skip
                self.metre = gr.Dropdown(
                    label=say("Metre"), value="",
                    choices=[(say("none"), ""), *((metre_name(m), m) for m in METRES)],
                    elem_id="poem-form-metre",
                )  # fmt: skip
            self.make = gr.Button(say("Make it"), elem_id="poem-form-make")


def report_table(elem_id: str) -> gr.HTML:
    """A report on every line."""
    return gr.HTML(
        view.BLANK, html_template=view.REPORT, js_on_load=view.REPORT_JS, elem_id=elem_id,
        apply_default_css=False,
    )  # fmt: skip


def _small(label: str, elem_id: str) -> gr.Button:
    return gr.Button(label, size="sm", elem_id=elem_id, min_width=70)

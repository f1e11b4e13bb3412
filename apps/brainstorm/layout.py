"""What stands on the board's page; what happens there is in `apps.brainstorm.page`."""

from collections.abc import Mapping

import gradio as gr

from apps.brainstorm import bring, view
from apps.brainstorm.background import Seen
from apps.brainstorm.board import MAX_BODY, Board
from apps.brainstorm.desk import MOST_SAMPLES
from apps.brainstorm.rooms import MAX_METHOD, MAX_NAME
from apps.brainstorm.rubric import SCALES, as_text, scale_text
from apps.brainstorm.thinking import MOST_IDEAS
from apps.checks import MAX_LINE
from shared.formats.brainstorm import METHODS, RUBRIC, SCALE
from shared.texts import say, say_js

# The browser reads the file, so nobody's words lie in a temporary folder of the server.
_FILE_JS = """const field = element.querySelector('input'), told = element.querySelector('p');
const TOO_LONG = WORDS, say = text => { told.textContent = text; told.hidden = !text; };
field.addEventListener('change', async () => {
  const file = field.files[0];
  if (!file) return;
  const text = await file.text();
  const most = Number(field.dataset.most);
  if (text.length > most) say(TOO_LONG.replace('{most}', most));
  else { say(''); trigger('brought', {text}); }
  field.value = '';
});"""


def method_choices(own: Mapping[str, str]) -> list[tuple[str, str]]:
    """All methods as the list offers them, one's own last."""
    ours = [(f"{say(name)}: {say(what)}", name) for name, what in METHODS.items()]
    return [*ours, *((f"{name}: {what}", name) for name, what in own.items())]


class Asking:
    """The topic and the method."""

    def __init__(self) -> None:
        with gr.Row(equal_height=False):
            self.topic = gr.Textbox(
                label=say("Topic"), placeholder=say("How could our library be open at night?"),
                elem_id="board-topic", max_length=MAX_LINE, scale=4, min_width=240,
            )  # fmt: skip
            self.method = gr.Dropdown(
                label=say("Method"), choices=method_choices({}), value="free",
                elem_id="board-method", scale=3, min_width=200,
            )  # fmt: skip
            self.count = gr.Slider(
                1, MOST_IDEAS, 5, step=1, label=say("Ideas"), elem_id="board-count", min_width=190
            )
        with gr.Row():
            self.ask = gr.Button(say("Brainstorm"), variant="primary", elem_id="board-brainstorm")
            self.stop = gr.Button(say("Stop"), variant="stop", elem_id="board-stop", visible=False)


class Own:
    """A card of one's own."""

    def __init__(self) -> None:
        with gr.Accordion(say("Write a card of your own"), open=False, elem_id="board-own"):
            self.title = gr.Textbox(
                label=say("Title"), elem_id="board-own-title", max_length=MAX_LINE
            )
            self.body = gr.Textbox(
                label=say("Text"), lines=2, elem_id="board-own-body", max_length=MAX_BODY
            )
            self.put_up = gr.Button(say("Put it up"), elem_id="board-put-up")


class Judging:
    """Wishes, criteria, order."""

    def __init__(self) -> None:
        with gr.Row(equal_height=False):
            self.wish = gr.Textbox(
                label=say("Wish for Refine (may be empty)"),
                placeholder=say("cheaper, and for children"),
                elem_id="board-wish", max_length=MAX_LINE, min_width=200,
            )  # fmt: skip
            self.rubric = gr.Textbox(
                label=say("Judged by (words with commas; “Fun *2” weighs double)"),
                value=as_text(RUBRIC, {}), elem_id="board-rubric", max_length=MAX_LINE,
                min_width=220,
            )  # fmt: skip
            self.scale = gr.Dropdown(
                label=say("Scale"), choices=_scale_choices(), value=scale_text(SCALE),
                elem_id="board-scale", min_width=110,
            )  # fmt: skip
            self.samples = gr.Slider(
                1, MOST_SAMPLES, 1, step=1, label=say("Judgements of each"),
                elem_id="board-samples", min_width=170,
            )  # fmt: skip
        with gr.Row():
            self.judge = _button(say("Evaluate all"), "board-evaluate")
            self.compare = _button(say("Compare all"), "board-compare")
            self.rank = _button(say("Best first"), "board-rank")
            self.rank_compared = _button(say("Best compared first"), "board-rank-compared")
            self.undo = _button(say("Undo"), "board-undo")
            self.redo = _button(say("Redo"), "board-redo")
            self.clear = _button(say("Clear"), "board-clear")


class Wall:
    """The board itself and what is said about it."""

    def __init__(self) -> None:
        self.status = gr.HTML(
            "", html_template='<p role="status">${value}</p>', elem_id="board-status",
            apply_default_css=False,
        )  # fmt: skip
        self.board = gr.HTML(
            view.board(Seen(Board())), html_template=view.template(), js_on_load=view.script(),
            elem_id="board", apply_default_css=False,
        )  # fmt: skip


class Keeping:
    """Boards, files, lineage, methods."""

    def __init__(self) -> None:
        with gr.Row():
            self.as_markdown = _button("Markdown", "board-as-markdown", small=True)
            self.as_csv = _button("CSV", "board-as-csv", small=True)
            self.as_json = _button("JSON", "board-as-json", small=True)
        with gr.Accordion(say("What came from what"), open=False, elem_id="board-lineage-folder"):
            self.lineage = gr.HTML("", elem_id="board-lineage", apply_default_css=False)
        with gr.Accordion(say("Your boards"), open=False, elem_id="board-rooms"):
            with gr.Row():
                self.room = gr.Dropdown(label=say("Open"), choices=[], elem_id="board-room")
                self.name = gr.Textbox(
                    label=say("Begin another one"), placeholder=say("its name"),
                    max_length=MAX_NAME, elem_id="board-room-name",
                )  # fmt: skip
                self.begin = _button(say("Begin"), "board-room-begin")
        with gr.Accordion(say("Bring cards from a file"), open=False, elem_id="board-bring-folder"):
            self.upload = gr.HTML(
                html_template=_file(), js_on_load=_file_js(), elem_id="board-bring-file",
                apply_default_css=False,
            )  # fmt: skip
            self.file = gr.Textbox(
                label=say("Or paste what is in it"), lines=4, max_lines=8,
                max_length=bring.MAX_FILE, elem_id="board-bring",
            )  # fmt: skip
            self.bring = _button(say("Put them up"), "board-bring-up")
        with gr.Accordion(say("Make a method"), open=False, elem_id="board-method-folder"):
            with gr.Row():
                self.method_name = gr.Textbox(
                    label=say("Name"), max_length=MAX_NAME, elem_id="board-method-name"
                )
                self.method_told = gr.Textbox(
                    label=say("What the model is told"), placeholder=say("as a child would do it"),
                    max_length=MAX_METHOD, elem_id="board-method-told", scale=2,
                )  # fmt: skip
                self.make = _button(say("Make it"), "board-method-make")


def _scale_choices() -> list[tuple[str, str]]:
    return [
        (say("{low} to {high}", low=low, high=high), scale_text((low, high)))
        for low, high in SCALES
    ]


def _file() -> str:
    return f"""<label>{view.plain(say("A JSON or CSV file"))}
<input type="file" accept=".json,.csv,application/json,text/csv" data-most="{bring.MAX_FILE}">
</label><p role="alert" hidden></p>"""


def _file_js() -> str:
    return _FILE_JS.replace("WORDS", say_js("The file is longer than {most} characters."), 1)


def _button(label: str, elem_id: str, *, small: bool = False) -> gr.Button:
    return gr.Button(label, size="sm" if small else "lg", elem_id=elem_id, min_width=90)

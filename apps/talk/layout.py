"""The parts of a talking page and where they stand. No behaviour: that is `apps.talk.page`."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from apps.talk.limits import SLIDER_TOKENS, SYSTEM_CHARACTERS, TEMPERATURE, Wishes, seed_text
from apps.talk.style import Style
from apps.talk.view import Shown

CSS = """
.talk-log { height: max(300px, calc(100vh - 430px)) !important; }
.talk-log .message pre { tab-size: 4; }
.talk-log pre code { white-space: pre; }
.talk-bar { align-items: flex-end; gap: 8px; flex-wrap: nowrap; }
.talk-status { min-height: 1.4em; font-size: 0.85rem; color: var(--body-text-color-subdued);
  overflow-wrap: anywhere; }
.talk-versions { align-items: center; justify-content: flex-start; gap: 8px !important;
  flex-wrap: nowrap; }
.talk-versions > * { flex: none !important; width: auto !important; min-width: 0 !important; }
.talk-versions button { min-width: 40px !important; }
.talk-versions .prose { font-size: 0.85rem; color: var(--body-text-color-subdued); }
.talk-list input { padding-right: 2em !important; text-overflow: ellipsis; }
.talk-list { align-items: center; gap: 8px; flex-wrap: nowrap; }
@media (max-width: 600px) { .talk-log { height: max(300px, calc(100vh - 380px)) !important; } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything on the page that a handler reads or changes."""

    shown: gr.State
    listed: gr.Dropdown
    new: gr.Button
    delete: gr.Button
    log: gr.Chatbot
    status: gr.HTML
    versions: gr.Row
    version: gr.Markdown
    earlier: gr.Button
    later: gr.Button
    better: gr.Button
    """Says that the version that is being read is better than the one before."""
    message: gr.Textbox
    send: gr.Button
    stop: gr.Button
    preset: gr.Radio
    wishes: tuple[Any, ...]
    """The settings, in the order of `Wishes`' fields."""
    as_markdown: gr.Button
    as_json: gr.Button
    as_files: gr.Button
    kept: gr.JSON
    """Files on their way to the browser's downloads."""


def lay_out(style: Style) -> Parts:
    """Put the parts into the current Blocks context."""
    shown = gr.State(Shown())
    gr.Markdown(f"# {style.title}", elem_classes="page-title")
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320):
            talk = _talk(style)
        with gr.Column(scale=1, min_width=270):
            with gr.Accordion("Settings", open=False):
                settings = _settings(style)
            with gr.Accordion("Keep a copy", open=False):
                export = _export(style)
    return Parts(shown=shown, **talk, **settings, **export)


def _talk(style: Style) -> dict[str, Any]:
    name = style.name
    with gr.Row(elem_classes="talk-list"):
        listed = gr.Dropdown(
            [],
            label="Conversation",
            show_label=False,
            container=False,
            filterable=False,
            scale=1,
            min_width=120,
            elem_id=f"{name}-list",
        )
        new = gr.Button("New", elem_id=f"{name}-new", size="sm", scale=0, min_width=64)
        delete = gr.Button("Delete", elem_id=f"{name}-delete", size="sm", scale=0, min_width=64)
    log = gr.Chatbot(
        show_label=False,
        height=480,
        elem_id=f"{name}-log",
        elem_classes="talk-log",
        buttons=["copy", "copy_all"],
        feedback_options=("Like", "Dislike"),
        editable="user",
        allow_tags=False,
        examples=[{"text": example} for example in style.examples],
        placeholder=style.line,
    )
    status = gr.HTML(elem_id=f"{name}-status", elem_classes="talk-status")
    with gr.Row(visible=False, elem_classes="talk-versions") as versions:
        earlier = gr.Button("‹", elem_id=f"{name}-earlier", size="sm", scale=0, min_width=40)
        version = gr.Markdown(elem_id=f"{name}-version")
        later = gr.Button("›", elem_id=f"{name}-later", size="sm", scale=0, min_width=40)
        better = gr.Button("This one is better", elem_id=f"{name}-better", size="sm", scale=0)
    bar = _bar(style)
    return {
        "listed": listed,
        "new": new,
        "delete": delete,
        "log": log,
        "status": status,
        "versions": versions,
        "version": version,
        "earlier": earlier,
        "later": later,
        "better": better,
        **bar,
    }


def _bar(style: Style) -> dict[str, Any]:
    name = style.name
    with gr.Row(elem_classes="talk-bar"):
        message = gr.Textbox(
            placeholder=style.placeholder,
            label="Message",
            show_label=False,
            lines=1,
            max_lines=12,
            scale=1,
            autofocus=True,
            elem_id=f"{name}-input",
        )
        send = gr.Button("Send", variant="primary", elem_id=f"{name}-send", scale=0, min_width=84)
        stop = gr.Button(
            "Stop",
            variant="stop",
            elem_id=f"{name}-stop",
            scale=0,
            min_width=84,
            visible="hidden",
        )
    return {"message": message, "send": send, "stop": stop}


def _settings(style: Style) -> dict[str, Any]:
    first: Wishes = style.wishes
    preset = gr.Radio(list(style.presets), value=next(iter(style.presets)), label="Preset")
    low, high = TEMPERATURE
    least, most = SLIDER_TOKENS
    system = gr.Textbox(
        first.system,
        label="System prompt",
        info="Who the model is to be. Empty: the app's own.",
        lines=2,
        max_lines=8,
        max_length=SYSTEM_CHARACTERS,
        elem_id=f"{style.name}-system",
    )
    wishes = (
        system,
        gr.Slider(low, high, first.temperature, step=0.05, label="Temperature"),
        gr.Slider(least, most, first.max_tokens, step=32, label="Longest answer, in tokens"),
        gr.Slider(0.05, 1, first.top_p, step=0.05, label="Top-p"),
        gr.Slider(0, 0.5, first.min_p, step=0.01, label="Min-p"),
        gr.Slider(1, 1.5, first.repeat_penalty, step=0.05, label="Repeat penalty"),
        gr.Textbox(
            seed_text(first.seed),
            label="Seed",
            info="The same seed gives the same answer. Empty: a new one each time.",
            max_lines=1,
            elem_id=f"{style.name}-seed",
        ),
    )
    return {"preset": preset, "wishes": wishes}


def _export(style: Style) -> dict[str, Any]:
    name = style.name
    with gr.Row():
        as_markdown = gr.Button("Markdown", elem_id=f"{name}-as-markdown", size="sm", min_width=80)
        as_json = gr.Button("JSON", elem_id=f"{name}-as-json", size="sm", min_width=80)
    as_files = gr.Button(
        "Code of the last answer",
        elem_id=f"{name}-as-files",
        size="sm",
        visible=style.files is not None,
    )
    kept = gr.JSON(visible="hidden")
    return {"as_markdown": as_markdown, "as_json": as_json, "as_files": as_files, "kept": kept}

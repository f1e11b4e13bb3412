"""The parts of a talking page and where they stand. No behaviour: that is `apps.talk.page`."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from apps.talk import listing, side
from apps.talk.style import Style
from apps.talk.view import Shown
from shared.texts import say

CSS = (
    listing.CSS
    + """
.talk-log { height: max(280px, calc(100vh - 470px)) !important; }
.talk-log .message pre { tab-size: 4; }
.talk-log pre code { white-space: pre; }
.talk-log.wrap-lines pre code { white-space: pre-wrap; overflow-wrap: anywhere; }
.talk-bar { align-items: flex-end; gap: 8px; flex-wrap: nowrap; }
.talk-status { min-height: 1.4em; font-size: 0.85rem; color: var(--body-text-color-subdued);
  overflow-wrap: anywhere; }
.talk-versions, .talk-acts { align-items: center; justify-content: flex-start;
  gap: 6px 8px !important; flex-wrap: wrap; }
.talk-acts > .talk-status { flex: 1 1 220px !important; }
.talk-versions > *, .talk-acts > * { flex: none !important; width: auto !important;
  min-width: 0 !important; }
.talk-versions button { min-width: 40px !important; }
.talk-versions .prose { font-size: 0.85rem; color: var(--body-text-color-subdued); }
.talk-head { align-items: center; gap: 8px; flex-wrap: nowrap !important; }
.talk-head > .talk-title { flex: 1 1 auto !important; min-width: 0 !important; }
.talk-title p { margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.talk-passing { border-inline-start: 4px solid #b7791f; padding-inline-start: 8px; }
.talk-diff { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .88rem; max-height: 22rem;
  overflow: auto; font-family: var(--font-mono); }
.talk-diff ins { background: #cdeccf; color: #10391b; text-decoration: none; }
.talk-diff del { background: #f6cfcb; color: #5c130b; }
.dark .talk-diff ins { background: #17462a; color: #d3f4da; }
.dark .talk-diff del { background: #5f1d17; color: #fbdcd8; }
.talk-numbers { display: grid; grid-template-columns: 1fr auto; gap: 0 10px; margin: 0;
  font-size: .85rem; }
.talk-numbers dt { color: var(--body-text-color-subdued); }
.talk-numbers dd { margin: 0; text-align: end; overflow-wrap: anywhere; }
.flag-temporary { border-inline-start: 4px solid #b7791f; padding-inline-start: 8px; }
@media (max-width: 600px) {
  .talk-log { height: max(300px, calc(100vh - 430px)) !important; }
  .talk-head { flex-wrap: wrap !important; } }
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything on the page that a handler reads or changes."""

    shown: gr.State
    passing: gr.Checkbox
    """Whether this browser shows a temporary chat; asked for again with every question."""
    title: gr.HTML
    listed: gr.HTML
    search: gr.Textbox
    new: gr.Button
    temporary: gr.Button
    log: gr.Chatbot
    status: gr.HTML
    versions: gr.Row
    version: gr.Markdown
    earlier: gr.Button
    later: gr.Button
    better: gr.Button
    """Says that the version that is being read is better than the one before."""
    compare: gr.Button
    compared: gr.HTML
    """What the version that is being read changes in the one before."""
    again: gr.Button
    """The last question once more, with the same seed."""
    actions: tuple[tuple[gr.Button, str], ...]
    """A button and what it says for the person."""
    message: gr.Textbox
    send: gr.Button
    stop: gr.Button
    preset: gr.Dropdown
    preset_name: gr.Textbox
    preset_save: gr.Button
    preset_remove: gr.Button
    wishes: tuple[Any, ...]
    """The settings, in the order of `Wishes`' fields."""
    numbers_open: gr.Accordion
    numbers: gr.HTML
    wrap: gr.Checkbox
    as_markdown: gr.Button
    as_json: gr.Button
    as_files: gr.Button
    bring: gr.Button
    brought: gr.Textbox
    """A file on its way from the browser."""
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
            with gr.Accordion(say("Conversations"), open=True):
                conversations = side.conversations(style)
            with gr.Accordion(say("Settings"), open=False):
                settings = side.settings(style)
            with gr.Accordion(say("Numbers"), open=False, elem_id=f"{style.name}-numbers") as opens:
                numbers = gr.HTML(apply_default_css=False)
            with gr.Accordion(say("Keep a copy, bring one back"), open=False):
                export = side.export(style)
    return Parts(
        shown=shown,
        passing=gr.Checkbox(visible="hidden"),
        numbers_open=opens,
        numbers=numbers,
        **talk,
        **conversations,
        **settings,
        **export,
    )


def _talk(style: Style) -> dict[str, Any]:
    name = style.name
    with gr.Row(elem_classes="talk-head"):
        title = gr.HTML(elem_id=f"{name}-title", elem_classes="talk-title", apply_default_css=False)
        new = gr.Button(say("New"), elem_id=f"{name}-new", size="sm", scale=0, min_width=64)
        temporary = gr.Button(
            say("New, temporary"), elem_id=f"{name}-temporary", size="sm", scale=0, min_width=130
        )
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
    acts = _acts(style)
    with gr.Row(visible=False, elem_classes="talk-versions") as versions:
        earlier = gr.Button("‹", elem_id=f"{name}-earlier", size="sm", scale=0, min_width=40)
        version = gr.Markdown(elem_id=f"{name}-version")
        later = gr.Button("›", elem_id=f"{name}-later", size="sm", scale=0, min_width=40)
        better = gr.Button(say("This one is better"), elem_id=f"{name}-better", size="sm", scale=0)
        compare = gr.Button(say("What changed?"), elem_id=f"{name}-compare", size="sm", scale=0)
    compared = gr.HTML(elem_id=f"{name}-compared", visible=False, apply_default_css=False)
    bar = _bar(style)
    return {
        "title": title,
        "new": new,
        "temporary": temporary,
        "log": log,
        "versions": versions,
        "version": version,
        "earlier": earlier,
        "later": later,
        "better": better,
        "compare": compare,
        "compared": compared,
        **acts,
        **bar,
    }


def _acts(style: Style) -> dict[str, Any]:
    name = style.name
    with gr.Row(elem_classes="talk-acts"):
        status = gr.HTML(
            elem_id=f"{name}-status", elem_classes="talk-status", apply_default_css=False
        )
        again = gr.Button(
            say("Same seed again"), elem_id=f"{name}-again", size="sm", scale=0, visible=False
        )
        actions = tuple(
            (gr.Button(label, elem_id=f"{name}-act-{place}", size="sm", scale=0), says)
            for place, (label, says) in enumerate(style.actions.items())
        )
    return {"status": status, "again": again, "actions": actions}


def _bar(style: Style) -> dict[str, Any]:
    name = style.name
    with gr.Row(elem_classes="talk-bar"):
        message = gr.Textbox(
            placeholder=style.placeholder,
            label=say("Message"),
            show_label=False,
            lines=1,
            max_lines=12,
            scale=1,
            autofocus=True,
            elem_id=f"{name}-input",
        )
        send = gr.Button(
            say("Send"), variant="primary", elem_id=f"{name}-send", scale=0, min_width=84
        )
        stop = gr.Button(
            say("Stop"),
            variant="stop",
            elem_id=f"{name}-stop",
            scale=0,
            min_width=84,
            visible="hidden",
        )
    return {"message": message, "send": send, "stop": stop}

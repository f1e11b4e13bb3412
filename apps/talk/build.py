"""From a style to a working page: the parts, their handlers, and which event calls which."""

from typing import Any

import gradio as gr

from apps.context import Context
from apps.talk.api import add_api
from apps.talk.exchange import Exchange
from apps.talk.layout import Parts, lay_out
from apps.talk.page import TalkPage
from apps.talk.store import ConversationStore
from apps.talk.style import Style
from apps.ui.errors import shows_errors
from apps.ui.flag_panel import FlagPanel
from apps.ui.stream import INSTANT, MODEL_EVENT

SAVE = """files => files.forEach(file => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([file.text], {type: 'text/plain;charset=utf-8'}));
  link.download = file.name;
  link.click();
  URL.revokeObjectURL(link.href);
})"""
"""Made in the browser, so that nobody's words lie in a temporary file of the server."""


def build_talk(page: gr.Blocks, ctx: Context, style: Style) -> None:
    """Lay out a talking app in the current Blocks context and bring it to life."""
    store = ConversationStore(ctx.home.history, style.name, keep_days=ctx.settings.keep_days)
    ctx.sweeps.append(store.sweep)
    exchange = Exchange(ctx, style.manner, store)
    talk = TalkPage(lay_out(style), style, exchange)
    panel = FlagPanel(ctx, app=style.manner.app)
    _wire_answers(talk)
    _wire_going_about(page, talk)
    _wire_keeping(talk)
    panel.open_from_votes(talk.parts.log, talk.parts.shown, talk.answer_id)
    panel.open_from_comparison(talk.parts.better, talk.parts.shown, talk.better_and_worse)
    add_api(exchange)


def _wire_answers(talk: TalkPage) -> None:
    parts = talk.parts
    asked = [parts.shown, *parts.wishes]
    written = [parts.shown, parts.message, *parts.wishes]
    sends = shows_errors(talk.send)
    running: list[Any] = [
        parts.message.submit(sends, written, _changed(parts), **_model()),
        parts.send.click(sends, written, _changed(parts), **_model()),
        parts.log.example_select(shows_errors(talk.example), asked, _changed(parts), **_model()),
        parts.log.retry(shows_errors(talk.retry), asked, _changed(parts), **_model()),
        parts.log.edit(shows_errors(talk.edit), asked, _changed(parts), **_model()),
    ]
    for event in running:
        event.then(
            shows_errors(talk.settle), [parts.shown, parts.message], _changed(parts), **INSTANT
        )
    parts.stop.click(None, None, None, cancels=running, **INSTANT)


def _wire_going_about(page: gr.Blocks, talk: TalkPage) -> None:
    parts = talk.parts
    changed = [*_changed(parts), *parts.wishes]
    page.load(shows_errors(talk.arrive), None, changed, **INSTANT)
    parts.log.undo(shows_errors(talk.undo), parts.shown, changed, **INSTANT)
    parts.log.clear(shows_errors(talk.new), None, changed, **INSTANT)
    parts.new.click(shows_errors(talk.new), None, changed, **INSTANT)
    parts.listed.input(shows_errors(talk.open), parts.listed, changed, **INSTANT)
    parts.delete.click(shows_errors(talk.delete), parts.shown, changed, **INSTANT)
    parts.earlier.click(shows_errors(talk.earlier), parts.shown, changed, **INSTANT)
    parts.later.click(shows_errors(talk.later), parts.shown, changed, **INSTANT)
    parts.preset.input(shows_errors(talk.preset), parts.preset, list(parts.wishes), **INSTANT)


def _wire_keeping(talk: TalkPage) -> None:
    parts = talk.parts
    for button, keep in (
        (parts.as_markdown, talk.markdown),
        (parts.as_json, talk.json),
        (parts.as_files, talk.files),
    ):
        made = button.click(shows_errors(keep), parts.shown, parts.kept, **INSTANT)
        made.success(None, parts.kept, None, js=SAVE, **INSTANT)


def _changed(parts: Parts) -> list[Any]:
    return [
        parts.shown,
        parts.listed,
        parts.log,
        parts.status,
        parts.versions,
        parts.version,
        parts.better,
        parts.message,
        parts.send,
        parts.stop,
    ]


def _model() -> dict[str, Any]:
    return {**MODEL_EVENT, "api_visibility": "private"}

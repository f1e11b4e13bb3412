"""From a style to a working page: the parts, their handlers, and which event calls which."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from apps.context import Context
from apps.talk.api import add_api
from apps.talk.around import Around
from apps.talk.exchange import Exchange
from apps.talk.keeping import Keeping
from apps.talk.layout import Parts, lay_out
from apps.talk.page import Asking
from apps.talk.presets import PresetStore
from apps.talk.showing import Showing
from apps.talk.store import ConversationStore
from apps.talk.style import Style
from apps.talk.temporary import Conversations
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
PICK_FILE = """() => new Promise(done => {
  const field = document.createElement('input');
  field.type = 'file';
  field.accept = '.json,.md,application/json,text/markdown';
  field.onchange = () => field.files[0].text().then(done);
  field.oncancel = () => done('');
  field.click();
})"""
RECALL = "text => text || sessionStorage.getItem('inkloop.draft.APP') || ''"
KEEP_DRAFT = "text => sessionStorage.setItem('inkloop.draft.APP', text || '')"
"""A draft lasts as long as its tab: through a reload and a restart of the server."""
WRAP = "on => document.querySelector('#APP-log').classList.toggle('wrap-lines', on)"


@dataclass(frozen=True, slots=True)
class Handlers:
    """Everything that happens on one talking page."""

    view: Showing
    asking: Asking
    around: Around
    keeping: Keeping


def build_talk(page: gr.Blocks, ctx: Context, style: Style) -> None:
    """Lay out a talking app in the current Blocks context and bring it to life."""
    kept = ConversationStore(ctx.home.history, style.name, keep_days=ctx.settings.keep_days)
    store = Conversations(kept)
    ctx.sweeps.append(store.sweep)
    exchange = Exchange(ctx, style.manner, store)
    presets = PresetStore(ctx.home.history, style.name, given=style.presets)
    view = Showing(lay_out(style), style, exchange)
    talk = Handlers(view, Asking(view), Around(view), Keeping(view, presets))
    panel = FlagPanel(ctx, app=style.manner.app, temporary=store.has_temporary)
    _wire_answers(talk)
    _wire_going_about(page, talk)
    _wire_keeping(talk)
    panel.open_from_votes(talk.view.parts.log, talk.view.parts.shown, talk.asking.answer_id)
    panel.open_from_comparison(
        talk.view.parts.better, talk.view.parts.shown, talk.asking.better_and_worse
    )
    add_api(exchange)


def _wire_answers(talk: Handlers) -> None:
    parts = talk.view.parts
    asked = [parts.shown, *parts.wishes, parts.passing]
    written = [parts.shown, parts.message, *parts.wishes, parts.passing]
    sends = shows_errors(talk.asking.send)
    running: list[Any] = [
        parts.message.submit(sends, written, _changed(parts), **_model()),
        parts.send.click(sends, written, _changed(parts), **_model()),
        parts.log.example_select(
            shows_errors(talk.asking.example), asked, _changed(parts), **_model()
        ),
        parts.log.retry(shows_errors(talk.asking.retry), asked, _changed(parts), **_model()),
        parts.log.edit(shows_errors(talk.asking.edit), asked, _changed(parts), **_model()),
        parts.again.click(shows_errors(talk.asking.again), asked, _changed(parts), **_model()),
    ]
    for button, says in parts.actions:
        acts = shows_errors(talk.asking.action(says))
        running.append(button.click(acts, written, _changed(parts), **_model()))
    for event in running:
        event.then(
            shows_errors(talk.asking.settle),
            [parts.shown, parts.message],
            _changed(parts),
            **INSTANT,
        )
    stopped = parts.stop.click(None, None, None, cancels=running, **INSTANT)
    stopped.then(shows_errors(talk.asking.stopped), parts.shown, None, **INSTANT)
    parts.log.copy(shows_errors(talk.asking.copied), parts.shown, None, **INSTANT)


def _wire_going_about(page: gr.Blocks, talk: Handlers) -> None:
    parts = talk.view.parts
    changed = [*_changed(parts), *parts.wishes]
    arrived = page.load(shows_errors(talk.around.arrive), None, changed, **INSTANT)
    arrived.then(None, parts.message, parts.message, js=_script(RECALL, talk), **INSTANT)
    parts.message.change(None, parts.message, None, js=_script(KEEP_DRAFT, talk), **INSTANT)
    page.load(shows_errors(talk.keeping.known_presets), None, parts.preset, **INSTANT)
    page.unload(talk.around.leave)
    parts.log.undo(shows_errors(talk.around.undo), parts.shown, changed, **INSTANT)
    parts.log.clear(shows_errors(talk.around.new), None, changed, **INSTANT)
    parts.new.click(shows_errors(talk.around.new), None, changed, **INSTANT)
    parts.temporary.click(shows_errors(talk.around.new_temporary), None, changed, **INSTANT)
    parts.listed.pick(shows_errors(talk.around.pick), parts.shown, changed, **INSTANT)
    searched = [parts.shown, parts.search]
    parts.search.input(
        shows_errors(talk.around.search),
        searched,
        parts.listed,
        trigger_mode="always_last",
        **INSTANT,
    )
    parts.earlier.click(shows_errors(talk.around.earlier), parts.shown, changed, **INSTANT)
    parts.later.click(shows_errors(talk.around.later), parts.shown, changed, **INSTANT)
    parts.compare.click(shows_errors(talk.around.compare), parts.shown, parts.compared, **INSTANT)
    parts.numbers_open.expand(
        shows_errors(talk.around.numbers), parts.shown, parts.numbers, **INSTANT
    )
    parts.preset.input(
        shows_errors(talk.keeping.preset), parts.preset, list(parts.wishes), **INSTANT
    )
    parts.preset_save.click(
        shows_errors(talk.keeping.save_preset),
        [parts.preset_name, *parts.wishes],
        [parts.preset, parts.preset_name],
        **INSTANT,
    )
    parts.preset_remove.click(
        shows_errors(talk.keeping.remove_preset), parts.preset, parts.preset, **INSTANT
    )


def _wire_keeping(talk: Handlers) -> None:
    parts = talk.view.parts
    for button, keep in (
        (parts.as_markdown, talk.keeping.markdown),
        (parts.as_json, talk.keeping.json),
        (parts.as_files, talk.keeping.files),
    ):
        made = button.click(shows_errors(keep), parts.shown, parts.kept, **INSTANT)
        made.success(None, parts.kept, None, js=SAVE, **INSTANT)

    wraps = _script(WRAP, talk)
    parts.wrap.change(None, parts.wrap, None, js=wraps, **INSTANT)
    picked = parts.bring.click(None, None, parts.brought, js=PICK_FILE, **INSTANT)
    picked.then(
        shows_errors(talk.keeping.bring),
        parts.brought,
        [*_changed(parts), *parts.wishes],
        **INSTANT,
    )


def _script(code: str, talk: Handlers) -> str:
    return code.replace("APP", talk.view.style.name)


def _changed(parts: Parts) -> list[Any]:
    return [
        parts.shown,
        parts.passing,
        parts.title,
        parts.listed,
        parts.search,
        parts.log,
        parts.status,
        parts.versions,
        parts.version,
        parts.better,
        parts.compare,
        parts.compared,
        parts.again,
        parts.message,
        parts.send,
        parts.stop,
    ]


def _model() -> dict[str, Any]:
    return {**MODEL_EVENT, "api_visibility": "private"}

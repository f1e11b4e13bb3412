"""What stands above every page: the way around, and which model is running.

The banner is kept true by a slow timer, so that a page left open says so when another release has
taken over, or why one was refused.
"""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import gradio as gr

from apps.suite import AppRow
from apps.ui.stream import INSTANT
from shared.texts import say

LOOK_AGAIN_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The model of a page as people see it."""

    release: str
    since: datetime
    """When it began to answer, in UTC."""
    sha256: str = ""
    """Of its file; empty for a server elsewhere."""
    adapter: str = ""
    """The adapter through which it answers here; empty for none."""
    judge: str = ""
    """Another model that weighs what this one finds; empty where it does so itself."""
    notice: str = ""
    """What is to be known about this model; the demo model has one."""
    trouble: str = ""
    """Why a change of model was refused; the running one stays."""


def navigation(rows: Sequence[AppRow], current: str) -> None:
    """Links to all pages; `current` is the app's name, empty for home."""
    links = "".join(
        f'<a href="{row.path}"{_current(row.name == current)}>{html.escape(say(row.title))}</a>'
        for row in rows
    )
    gr.HTML(
        f'<a class="ink-skip" href="#page">{say("Skip to the page")}</a>'
        '<nav class="ink-top" aria-label="Inkloop">'
        f'<a class="ink-brand" href="/"{_current(not current)}>Inkloop</a>{links}'
        f'<button type="button" data-keys class="ink-keys-open">{say("Keys")}</button></nav>',
        apply_default_css=False,
    )


def banner(page: gr.Blocks, running: Callable[[], Running]) -> None:
    """Show the running model, now and later."""

    def look() -> str:
        return as_html(running())

    shown = gr.HTML(look(), elem_id="model-banner", apply_default_css=False)
    page.load(look, None, shown, **INSTANT)
    gr.Timer(LOOK_AGAIN_SECONDS).tick(look, None, shown, **INSTANT)


def as_html(running: Running) -> str:
    """The banner; every word in it that came from a file is escaped."""
    names = {
        "release": f"<strong>{html.escape(running.release)}</strong>",
        "adapter": f"<strong>{html.escape(running.adapter)}</strong>",
        "since": f"{running.since:%Y-%m-%d %H:%M}",
    }
    if running.adapter:
        said = say(
            "Model: {release} with the adapter {adapter}, answering since {since} UTC.", **names
        )
    else:
        said = say("Model: {release}, answering since {since} UTC.", **names)
    if running.judge:
        said += " " + say("Judge: {name}.", name=f"<strong>{html.escape(running.judge)}</strong>")
    lines = [f"<p>{said}</p>"]
    lines += [
        f'<p class="ink-notice">{html.escape(text)}</p>'
        for text in (running.notice, running.trouble)
        if text
    ]
    return f'<div class="ink-banner" role="status">{"".join(lines)}</div>'


def _current(is_current: bool) -> str:
    return ' aria-current="page"' if is_current else ""

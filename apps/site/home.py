"""The home page: the apps, the model that answers, and what flags have changed."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from apps.site.examples import Example, examples_of
from apps.site.fetching import Fetching
from apps.suite import AppRow
from apps.ui.banner import Running
from apps.ui.look import title
from apps.ui.stream import INSTANT
from shared import metrics
from shared.models.catalogue import CatalogueModel
from shared.releases import Release
from shared.texts import say, say_count

LOOK_AGAIN_SECONDS = 1.0
STATE_SECONDS = 5.0
EXAMPLE_CHARACTERS = 220
_FENCE = re.compile(r"^(?:`{3,}|~{3,}).*\n?(?:\n(?=\n))*", re.MULTILINE)
"""Shown as it is, a fence around code only takes a line; and one blank line behind it is enough."""


def build(
    page: gr.Blocks,
    rows: Sequence[AppRow],
    running: Callable[[], Running],
    fetching: Fetching,
    promoted: Callable[[], Release | None],
) -> None:
    """Lay out the page; every sentence on it is made anew when the page is loaded."""
    title(
        "Inkloop",
        say("Writing apps on a small local model that learns from what you say about it."),
    )

    def looked() -> tuple[str, str]:
        return cards(rows, examples_of(running().sha256)), busy_line(*metrics.busy())

    known, state = looked()
    line = gr.HTML(state, elem_id="home-state", apply_default_css=False)
    held = gr.HTML(known, elem_id="home-cards", apply_default_css=False)
    page.load(looked, None, [held, line], **INSTANT)
    gr.Timer(STATE_SECONDS).tick(lambda: busy_line(*metrics.busy()), None, line, **INSTANT)
    _offer(page, running, fetching)

    def changed() -> str:
        return changes(promoted())

    news = gr.HTML(changed(), apply_default_css=False, elem_id="home-changes")
    page.load(changed, None, news, **INSTANT)


def _offer(page: gr.Blocks, running: Callable[[], Running], fetching: Fetching) -> None:
    """How to get a better model than the demo model, with a button where that is allowed."""
    with gr.Column(visible=bool(running().notice), elem_id="home-fetch") as offer:
        gr.HTML(offer_text(fetching.model, fetching.needs_no_restart), apply_default_css=False)
        button = gr.Button(
            say(
                "Accept the licence and fetch it ({megabytes} MB)",
                megabytes=f"{fetching.model.bytes / 1e6:,.0f}",
            ),
            variant="primary",
            visible=fetching.offered,
            elem_id="home-fetch-start",
        )
    progress = gr.Markdown(elem_id="home-fetch-progress")
    clock = gr.Timer(LOOK_AGAIN_SECONDS, active=False)

    def look() -> tuple[Any, ...]:
        state = fetching.state
        offered = gr.Column(visible=bool(running().notice) and not state.running)
        return offered, state.line(), gr.Timer(active=state.running)

    def arrive() -> tuple[Any, ...]:
        # What a page asked when it came may arrive after a press of its button: say nothing then.
        offered, line, ticking = look()
        return (offered, line, ticking) if line else (offered, gr.skip(), gr.skip())

    async def start() -> tuple[Any, ...]:
        fetching.start()
        return look()

    shown = [offer, progress, clock]
    button.click(start, None, shown, **INSTANT)
    clock.tick(look, None, shown, **INSTANT)
    page.load(arrive, None, shown, **INSTANT)


def cards(rows: Sequence[AppRow], examples: Mapping[str, Example]) -> str:
    """One card per app, with something that the running model really wrote."""
    items = "".join(
        f'<li><a class="ink-card" href="{row.path}"><h2>{html.escape(say(row.title))}</h2>'
        f"<p>{html.escape(say(row.line))}</p>{_example(examples.get(row.name))}</a></li>"
        for row in rows
    )
    return f'<ul class="ink-cards">{items}</ul>'


def _example(found: Example | None) -> str:
    if found is None:
        return ""
    text = _FENCE.sub("", found.text).strip()
    if len(text) > EXAMPLE_CHARACTERS:
        text = text[:EXAMPLE_CHARACTERS].rstrip() + "…"
    told = say("written by this model, seed {seed}", seed=found.seed)
    return (
        f'<p class="ink-example" dir="auto"><small>“{html.escape(found.asked)}”</small>'
        f"{html.escape(text)}<small>{told}</small></p>"
    )


def busy_line(running: int, waiting: int, first_seconds: float) -> str:
    """How busy the model is, for somebody who thinks about asking it.

    Args:
        running: Answers being written.
        waiting: People in the queue.
        first_seconds: From a question to the first word, on average until now; 0 for unknown.
    """
    if waiting:
        people = say_count("1 person waits", "{count} people wait", waiting)
        seconds = max(1, round(waiting * first_seconds))
        said = say("{people}: your turn in about {seconds} s.", people=people, seconds=seconds)
    elif running:
        said = say_count(
            "1 answer is being written. Yours would begin at once.",
            "{count} answers are being written. Yours would begin at once.",
            running,
        )
    else:
        said = say("Nobody is being answered. Yours would begin at once.")
    return f'<p class="ink-state">{said}</p>'


def offer_text(model: CatalogueModel, needs_no_restart: bool) -> str:
    """What the default model is, and the command that fetches it."""
    licence = (
        f'<a href="{html.escape(model.licence_url)}" rel="noreferrer">'
        f"{html.escape(model.licence)}</a>"
    )
    about = say(
        "{title} ({megabytes} MB, {licence}) writes far better than the demo model.",
        title=html.escape(model.title),
        megabytes=f"{model.bytes / 1e6:,.0f}",
        licence=licence,
    )
    command = f"<code>inkloop models pull {html.escape(model.name)}</code>"
    if needs_no_restart:
        then = say(
            "Fetch it with {command}; it starts to answer without a restart.", command=command
        )
    else:
        then = say("Fetch it with {command}; then serve without naming a model.", command=command)
    name = say("A model that knows more")
    return f'<div class="ink-section"><h2>{name}</h2><p>{about} {then}</p></div>'


def changes(release: Release | None) -> str:
    """What flags have done to the model that is served."""
    return (
        f'<div class="ink-section"><h2>{say("What recent flags changed")}</h2>'
        f"<p>{_changes_line(release)}</p>"
        f'<p><a href="/models">{say("All releases")}</a> · '
        f'<a href="/flags">{say("What became of your flags")}</a></p></div>'
    )


def _changes_line(release: Release | None) -> str:
    if release is None:
        return say(
            "Nothing yet: no release trained on flags is being served. Flag an answer in any app;"
            " reviewed flags become training data."
        )
    manifest = release.manifest
    said = say(
        "Release {name} of {date} was trained on {flags} (dataset version {version}) and passed"
        " the gate.",
        name=f"<strong>{html.escape(release.name)}</strong>",
        date=f"{manifest.created_at:%Y-%m-%d}",
        flags=say_count("1 flag", "{count} flags", manifest.flags),
        version=f"<code>{html.escape(manifest.dataset.sha256[:12])}</code>",
    )
    if not manifest.parent:
        return said
    return f"{said} {say('It follows {name}.', name=html.escape(manifest.parent))}"

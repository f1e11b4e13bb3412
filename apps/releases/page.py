"""The page `/models`: releases, newest first, and how often each model is flagged."""

import gradio as gr

from apps.context import Context
from apps.releases import view
from apps.releases.timeline import judged, read_timeline
from apps.ui import look
from apps.ui.stream import INSTANT
from shared.texts import say

CSS = """
.page-models h2 { font-size: 1.2rem; font-weight: 600; margin: 0 0 4px; }
.page-models p { margin: 4px 0; overflow-wrap: anywhere; }
.page-models .releases-now { margin-bottom: 12px; }
.releases, .findings { list-style: none; margin: 0; padding: 0; display: grid; gap: 14px; }
.findings { gap: 4px; margin: 4px 0; }
.release { padding: 14px 18px; border: 1px solid var(--border-color-primary); border-radius: 8px;
  border-inline-start: 4px solid var(--border-color-primary);
  background: var(--block-background-fill); min-width: 0; }
.release:has(mark) { border-inline-start-color: var(--link-text-color); }
.release mark { font: 600 .75rem var(--font); padding: 2px 8px; border-radius: 9px;
  background: var(--button-primary-background-fill); color: var(--button-primary-text-color);
  vertical-align: middle; margin-inline-start: 4px; }
.release time { font-variant-numeric: tabular-nums; }
.findings li { padding: 4px 10px; border-inline-start: 3px solid; overflow-wrap: anywhere;
  font-size: .95rem; }
.findings .yes { border-color: #2f855a; } .findings .no { border-color: #b42318; }
.findings .open { border-color: #b7791f; }
.release details { margin-top: 6px; } .release summary { cursor: pointer; padding: 4px 0; }
.release dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 4px 0; }
.release dt { color: var(--body-text-color-subdued); } .release dd { margin: 0; min-width: 0;
  overflow-wrap: anywhere; }
.release pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; padding: 10px;
  border: 1px solid var(--border-color-primary); border-radius: 6px; max-height: 24rem;
  overflow: auto; background: var(--body-background-fill); color: var(--body-text-color); }
.releases-none { padding: 16px 20px; border: 2px dashed var(--border-color-primary);
  border-radius: 8px; }
.releases-none ol { padding-inline-start: 22px; list-style: decimal; }
.page-models code { font-family: var(--font-mono); font-size: .9em; }
.rates-scroll { overflow-x: auto; }
.rates { border-collapse: collapse; width: 100%; font-size: .92rem; }
.rates th, .rates td { text-align: end; padding: 5px 10px; white-space: nowrap;
  border-bottom: 1px solid var(--border-color-primary); font-variant-numeric: tabular-nums; }
.rates th:first-child, .rates th:last-child, .rates td:last-child { text-align: start; }
.rates td:last-child { white-space: normal; min-width: 12rem; }
"""


def build(page: gr.Blocks, ctx: Context) -> None:
    """Lay out the page; it is read anew whenever somebody comes."""

    def releases() -> str:
        return view.timeline(read_timeline(ctx.home, answering=ctx.engine_for("").info().release))

    def flagged() -> str:
        return view.rates(judged(ctx.home), keep_days=ctx.settings.keep_days)

    look.title(say("Releases"), say("Models that learned from flags, and what the gate found."))
    shown = gr.HTML(elem_id="releases", apply_default_css=False)
    often = say("How often answers are flagged")
    gr.HTML(f'<h2 id="how-often">{often}</h2>', apply_default_css=False)
    counted = gr.HTML(elem_id="release-rates", apply_default_css=False)
    page.load(releases, None, shown, **INSTANT)
    page.load(flagged, None, counted, **INSTANT)

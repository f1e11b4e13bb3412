"""The page `/admin/figures`: counts, reasons over time, and whether it is time to retrain."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import gradio as gr
import pandas as pd  # type: ignore[import-untyped]

from apps.context import Context
from apps.review import figures_view
from apps.review.figures import Count, figures
from apps.review.view import STATES
from apps.ui import look
from apps.ui.stream import INSTANT
from feedback import enough
from feedback.register import Register

# Told apart without red and green too (Okabe and Ito), and readable on both backgrounds.
COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#8a8578",
)  # fmt: skip
FEWEST_DAYS = 14
VERDICT_COLOURS = {"bad": "#d55e00", "good": "#009e73", "compared": "#0072b2"}


def build(page: gr.Blocks, ctx: Context) -> None:
    """Lay out the page; everything is counted when it is opened."""
    look.title("Figures", "What the flags say together.")
    suffices = gr.HTML(elem_id="enough", apply_default_css=False)
    pushing = gr.HTML(elem_id="pushing", apply_default_css=False)
    with gr.Row():
        states = gr.HTML(apply_default_css=False, min_width=250)
        apps = gr.HTML(apply_default_css=False, min_width=250)
        reasons = gr.HTML(apply_default_css=False, min_width=250)
    why = gr.BarPlot(x="day", y="flags", title="Why answers were bad", elem_id="plot-reasons")
    verdicts = gr.BarPlot(x="day", y="flags", title="Verdicts", elem_id="plot-verdicts")

    def counted() -> tuple[Any, ...]:
        found = figures(ctx.home)
        colours = dict(zip(found.reasons, COLOURS, strict=False))
        return (
            figures_view.pushing(ctx.flags.pushing, ctx.flags.unpushed()),
            figures_view.counts(f"All flags: {found.flags:,}", _in_words(found.states)),
            figures_view.counts("By app", found.apps),
            figures_view.counts("Why answers were bad", found.totals),
            _plot(found.why, colours),
            _plot(found.verdicts, VERDICT_COLOURS),
        )

    def weighed() -> str:
        return figures_view.enough_to_retrain(enough.count_known(Register(ctx.home)))

    page.load(counted, None, [pushing, states, apps, reasons, why, verdicts], **INSTANT)
    # On its own: after a decision the caps are applied anew, and the figures do not wait for that.
    page.load(weighed, None, suffices, **INSTANT)


def _in_words(states: dict[str, int]) -> dict[str, int]:
    return {STATES.get(state, state): count for state, count in states.items()}


def _plot(counts: Sequence[Count], colours: dict[str, str]) -> gr.BarPlot:
    rows = [(count.day, count.flags, count.what) for count in counts]
    rows += [(day, 0, count.what) for count in counts[:1] for day in _days(counts)]
    frame = pd.DataFrame(rows, columns=["day", "flags", "what"])
    # At noon: a value on the edge between two bars would be drawn in the day before.
    frame["day"] = pd.to_datetime(frame["day"]) + pd.Timedelta(hours=12)
    return gr.BarPlot(
        frame,
        x="day",
        y="flags",
        color="what",
        x_bin="1d",
        y_aggregate="sum",
        color_map=colours,
        x_title="day (UTC)",
        color_title=" ",
        visible=bool(rows),
    )


def _days(counts: Sequence[Count]) -> list[str]:
    """Every day from the first flag to the last, and a fortnight at least: bars, not walls."""
    last = date.fromisoformat(max(count.day for count in counts))
    first = date.fromisoformat(min(count.day for count in counts))
    span = max((last - first).days + 1, FEWEST_DAYS)
    return [(last - timedelta(days=back)).isoformat() for back in range(span)]

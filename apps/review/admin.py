"""The reviewers' pages as one Gradio Blocks of its own, behind its own door."""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from apps.context import Context
from apps.review import figures_page
from apps.review.audit_page import AuditPage
from apps.review.desk import ReviewDesk
from apps.review.entrance import LOGOUT
from apps.review.queue_page import QueuePage
from apps.review.retrain_page import RetrainPage
from apps.review.retraining import Retraining
from apps.review.served import Keeper
from apps.review.served_page import ServedPage
from apps.review.style import CSS

PAGES = (
    ("", "Review"),
    ("figures", "Figures"),
    ("audit", "Audit"),
    ("releases", "Releases and runs"),
)
__all__ = ["CSS", "blocks"]


def blocks(ctx: Context) -> gr.Blocks:
    """All pages; who may see them is decided where they are mounted."""
    whole = gr.Blocks(title="Inkloop: reviewers", analytics_enabled=False)
    with whole, _frame("review", ""):
        QueuePage(ReviewDesk(ctx.home)).wire(whole)
    with whole.route("Figures", "figures", show_in_navbar=False), _frame("admin", "figures"):
        figures_page.build(whole, ctx)
    with whole.route("Releases", "releases", show_in_navbar=False), _frame("admin", "releases"):
        ServedPage(Keeper(ctx.home, ctx.settings, ctx.engine_for)).wire(whole)
        RetrainPage(Retraining(ctx.home, ctx.settings)).wire(whole)
    with whole.route("Audit", "audit", show_in_navbar=False), _frame("admin", "audit"):
        AuditPage(ctx.home, ReviewDesk(ctx.home)).wire(whole)
    return whole


@contextmanager
def _frame(kind: str, current: str) -> Iterator[None]:
    links = "".join(
        f'<a href="/admin/{path}"{_current(path == current)}>{name}</a>' for path, name in PAGES
    )
    gr.HTML(
        '<a class="ink-skip" href="#page">Skip to the page</a>'
        '<nav class="ink-top admin-top" aria-label="Reviewers"><a class="ink-brand" href="/">'
        f"Inkloop</a>{links}"
        f'<form method="post" action="{LOGOUT}"><button>Log out</button></form></nav>',
        apply_default_css=False,
    )
    with gr.Column(elem_classes=f"page-{kind}", elem_id="page"):
        yield


def _current(is_current: bool) -> str:
    return ' aria-current="page"' if is_current else ""

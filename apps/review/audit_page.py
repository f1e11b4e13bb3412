"""The page `/admin/audit`: who decided what, how far reviewers agree, and a blind second look.

A second look shows a decided flag again without what was decided. What is said then is measured
and changes nothing.
"""

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr

from apps.review import view
from apps.review.desk import ReviewDesk, Seen
from apps.ui import look
from apps.ui.errors import shows_errors
from apps.ui.stream import INSTANT
from feedback import agreement, audit
from feedback.reviews import Decision, Reviews, Ruling
from shared.errors import BadRequest
from shared.home import Home

Changes = dict[Any, Any]
SAMPLE = 20
ON_A_PAGE = 100
"""Decisions of the log that are shown together."""


class AuditPage:
    """The components of the page and the handlers between them."""

    def __init__(self, home: Home, desk: ReviewDesk) -> None:
        self._home = home
        self._desk = desk
        self.seen = gr.State(None)
        look.title("Audit", "How good the decisions are, and who made them.")
        self.figures = gr.HTML(elem_id="audit-figures", apply_default_css=False)
        with gr.Row():
            self.draw = gr.Button(f"Draw {SAMPLE} for a second look", elem_id="audit-draw")
        self.flag = gr.HTML(elem_id="audit-flag", apply_default_css=False)
        with gr.Row(visible=False) as self.judging:
            self.approve = gr.Button("Approve", elem_id="audit-approve")
            self.reject = gr.Button("Reject", elem_id="audit-reject")
            self.quarantine = gr.Button("Quarantine", elem_id="audit-quarantine")
        gr.HTML("<h2>Log</h2>", apply_default_css=False)
        self.log = gr.HTML(elem_id="audit-log", apply_default_css=False)
        self.skipped = gr.State(0)
        with gr.Row():
            self.newer = gr.Button("Newer", size="sm", elem_id="audit-newer", interactive=False)
            self.older = gr.Button("Older", size="sm", elem_id="audit-older", interactive=False)

    def wire(self, page: gr.Blocks) -> None:
        """Connect the handlers."""
        log = [self.log, self.skipped, self.newer, self.older]
        shown = [self.figures, self.flag, self.judging, self.seen, *log]
        for button, by in ((self.newer, -ON_A_PAGE), (self.older, ON_A_PAGE)):
            button.click(shows_errors(self._turned(by)), self.skipped, log, **INSTANT)
        page.load(shows_errors(self._showing), None, shown, **INSTANT)
        self.draw.click(shows_errors(self._drawn), None, shown, **INSTANT)
        rulings: tuple[tuple[gr.Button, Ruling], ...] = (
            (self.approve, "approve"),
            (self.reject, "reject"),
            (self.quarantine, "quarantine"),
        )
        for button, ruling in rulings:
            button.click(shows_errors(self._judge(ruling)), self.seen, shown, **INSTANT)

    def _drawn(self, request: gr.Request) -> Changes:
        _name(request)
        if not audit.draw(self._home, size=SAMPLE):
            raise BadRequest("No decided flag is left to look at again.", fix="Decide some first.")
        return self._showing(request)

    def _judge(self, ruling: Ruling) -> Any:  # noqa: ANN401 - a handler
        def judged(request: gr.Request, seen: Seen | None) -> Changes:
            by = _name(request)
            if seen is None:
                raise BadRequest("No flag is open.", fix="Draw some first.")
            audit.judge(self._home, seen.flag.id, ruling, by=by)
            return self._showing(request)

        return judged

    def _showing(self, request: gr.Request) -> Changes:
        by = _name(request)
        waiting = audit.waiting(self._home, by=by)
        seen = self._desk.see_flag(waiting[0]) if waiting else None
        return {
            self.figures: _figures(self._home, len(waiting)),
            self.flag: view.detail(seen, blind=True) if seen else "",
            self.judging: gr.Row(visible=seen is not None),
            self.seen: seen,
            **self._log(0),
        }

    def _turned(self, by: int) -> Any:  # noqa: ANN401 - a handler
        def turned(request: gr.Request, skipped: int) -> Changes:
            _name(request)
            return self._log(skipped + by)

        return turned

    def _log(self, skip: int) -> Changes:
        """The page of the log behind the `skip` newest decisions."""
        reviews = Reviews(self._home)
        total = reviews.count()
        first = max(0, min(skip, (total - 1) // ON_A_PAGE * ON_A_PAGE))
        return {
            self.log: _log(reviews.log(skip=first, limit=ON_A_PAGE), first, total),
            self.skipped: first,
            self.newer: gr.Button(interactive=first > 0),
            self.older: gr.Button(interactive=first + ON_A_PAGE < total),
        }


def _name(request: gr.Request) -> str:
    # Hidden is not forbidden: whoever calls without a login sees and does nothing here.
    if not request.username:
        raise BadRequest("Only reviewers may see this.", fix="Log in.")
    return str(request.username)


def _figures(home: Home, waiting: int) -> str:
    among = agreement.among_reviewers(home).as_text()
    again = audit.quality(home).as_text()
    return (
        f"<p><b>Between reviewers:</b> {html.escape(among)}</p>"
        f"<p><b>Second looks:</b> {html.escape(again)} {waiting:,} wait for one.</p>"
    )


def _log(decisions: Sequence[Decision], first: int, total: int) -> str:
    if not decisions:
        return '<p class="review-empty">Nobody has decided anything yet.</p>'
    rows = "".join(
        f"<tr><td>{one.at:%Y-%m-%d %H:%M}</td><td>{html.escape(one.by)}</td>"
        f"<td>{one.decision}</td><td><code>{html.escape(one.flag_id)}</code>, version"
        f' {one.revision}</td><td dir="auto">{html.escape(one.note)}</td></tr>'
        for one in decisions
    )
    return (
        f'<p class="review-count">{first + 1:,} to {first + len(decisions):,} of {total:,}'
        " decisions, newest first</p>"
        '<div class="admin-scroll" tabindex="0"><table class="admin-table"><thead><tr><th>At (UTC)'
        "</th><th>By</th><th>Decision</th><th>Flag</th><th>Why</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )

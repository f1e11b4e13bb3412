"""The page `/admin/`: what waits for a decision, one flag at a time, with the keyboard or without.

The list and the flag that was shown lie on the server with the page's state; a browser sends only
places in the list, texts and presses.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from apps.review import suspicions_view, view
from apps.review.desk import ReviewDesk, Seen
from apps.review.queue import Filters, Queue
from apps.suite import APPS
from apps.ui import look
from apps.ui.errors import shows_errors
from apps.ui.stream import INSTANT
from feedback.records import MAX_CORRECTION
from feedback.reviews import MAX_NOTE, Ruling
from feedback.suspicions import Suspicion
from shared.errors import BadRequest, NotFound

Changes = dict[Any, Any]
STATES = [
    ("Waiting", "received"),
    ("In quarantine", "quarantined"),
    ("Approved", "approved"),
    ("Rejected", "rejected"),
    ("In a dataset version", "in_dataset"),
    ("In a run", "in_run"),
    ("In a release", "shipped"),
    ("All", ""),
]
KEYS_LINE = (
    '<p class="review-keys"><kbd>a</kbd> approve <kbd>r</kbd> reject <kbd>e</kbd> write a'
    " correction (<kbd>Ctrl</kbd> <kbd>Enter</kbd> approves it) <kbd>q</kbd> quarantine"
    " <kbd>j</kbd> next <kbd>k</kbd> previous</p>"
)
TO_FLAG = (
    "() => { document.activeElement?.blur(); setTimeout(() =>"
    " document.querySelector('#review-flag')?.scrollIntoView({block: 'nearest'}), 60); }"
)


class QueuePage:
    """The components of the page and the handlers between them."""

    def __init__(self, desk: ReviewDesk) -> None:
        self.desk = desk
        self.queue = gr.State(Queue())
        self.seen = gr.State(None)
        look.title("Review", "Flags that wait for somebody to read them.")
        self.patterns = gr.State([])
        self._lay_out_filters()
        self.standing_out = gr.HTML(
            js_on_load=view.OPEN_ON_CLICK, elem_id="review-suspicions", apply_default_css=False
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=290):
                self.list = gr.HTML(
                    js_on_load=view.OPEN_ON_CLICK, elem_id="review-list", apply_default_css=False
                )
            with gr.Column(scale=3, min_width=320):
                self._lay_out_flag()
        gr.HTML("", js_on_load=view.KEYS)

    def _lay_out_filters(self) -> None:
        reasons = sorted(
            (reason.label_in(), key) for key, reason in self.desk.taxonomy.by_key.items()
        )
        with gr.Row():
            self.state = gr.Dropdown(STATES, value="received", label="State", min_width=130)
            self.app = gr.Dropdown(
                [("All", ""), *((row.title, row.name) for row in APPS), ("/v1", "api")],
                value="",
                label="App",
                min_width=130,
            )
            self.verdict = gr.Dropdown(
                [("All", ""), ("Bad", "down"), ("Good", "up"), ("Better", "prefer")],
                value="",
                label="Verdict",
                min_width=130,
            )
            self.reason = gr.Dropdown(
                [("All", ""), *reasons], value="", label="Reason", min_width=150
            )
            self.text = gr.Textbox(
                label="With these words", elem_id="review-search", max_length=200, min_width=170
            )

    def _lay_out_flag(self) -> None:
        self.flag = gr.HTML(elem_id="review-flag", apply_default_css=False)
        with gr.Column(visible=False) as self.deciding:
            with gr.Row(elem_id="review-acts"):
                self.approve = gr.Button("Approve", variant="primary", elem_id="review-approve")
                self.reject = gr.Button("Reject", variant="stop", elem_id="review-reject")
                self.quarantine = gr.Button("Quarantine", elem_id="review-quarantine")
            self.alike = gr.Checkbox(False, visible=False, elem_id="review-alike")
            self.note = gr.Textbox(
                label="Why (the author can read it)",
                elem_id="review-note",
                max_length=MAX_NOTE,
            )
            self.correction = gr.Textbox(
                label="The correction that counts",
                lines=3,
                max_lines=14,
                elem_id="review-correction",
                max_length=MAX_CORRECTION,
            )
            self.edit = gr.Button("Approve with this correction", elem_id="review-edit")
        with gr.Row():
            self.previous = gr.Button("Previous", size="sm", elem_id="review-previous")
            self.next = gr.Button("Next", size="sm", elem_id="review-next")
        gr.HTML(KEYS_LINE, apply_default_css=False)

    def wire(self, page: gr.Blocks) -> None:
        """Connect the handlers."""
        filters = [self.state, self.app, self.verdict, self.reason, self.text]
        shown = [
            self.queue, self.seen, self.list, self.flag, self.deciding, self.note, self.correction,
            self.alike,
        ]  # fmt: skip
        found = shows_errors(self._found)
        chosen = (self.state, self.app, self.verdict, self.reason)
        changed = [field.input for field in chosen]
        gr.on([*changed, self.text.submit], found, filters, shown, **INSTANT)
        page.load(found, filters, shown, **INSTANT)
        patterns = [self.patterns, self.standing_out]
        # On its own: the queue does not wait for what it takes to find them.
        page.load(shows_errors(self._found_patterns), None, patterns, **INSTANT)
        together = shows_errors(self._together)
        self.standing_out.look(together, self.patterns, [*shown, *patterns], **INSTANT)
        self.list.look(shows_errors(self._chosen), self.queue, shown, **INSTANT)
        self.next.click(shows_errors(self._next), self.queue, shown, **INSTANT)
        self.previous.click(shows_errors(self._previous), self.queue, shown, **INSTANT)
        told = [self.queue, self.seen, self.note, self.correction, self.alike]
        rulings: tuple[tuple[gr.Button, Ruling], ...] = (
            (self.approve, "approve"),
            (self.reject, "reject"),
            (self.edit, "edit"),
            (self.quarantine, "quarantine"),
        )
        for button, ruling in rulings:
            decided = button.click(shows_errors(self._decide(ruling)), told, shown, **INSTANT)
            decided.success(None, None, None, js=TO_FLAG, **INSTANT)

    def _found(
        self, request: gr.Request, state: str, app: str, verdict: str, reason: str, text: str
    ) -> Changes:
        filters = Filters(
            state=state or "", app=app or "", verdict=verdict or "", reason=reason or "", text=text
        )
        return self._showing(self.desk.find(filters, by=request.username or ""))

    def _found_patterns(self, request: gr.Request) -> Changes:
        found = self.desk.standing_out() if request.username else []
        return {self.patterns: found, self.standing_out: suspicions_view.panel(found)}

    def _together(
        self, request: gr.Request, patterns: list[Suspicion], event: gr.EventData
    ) -> Changes:
        """Only the flags of one pattern."""
        at = int(event.at)
        if not 0 <= at < len(patterns):
            raise BadRequest("This pattern is gone.", fix="Reload the page.")
        queue = self.desk.find(Filters(together=patterns[at]), by=request.username or "")
        return self._showing(queue) | self._found_patterns(request)

    def _chosen(self, request: gr.Request, queue: Queue, event: gr.EventData) -> Changes:
        if int(event.at) == view.SHOW_ALL:
            return self._showing(self.desk.find(Filters(), by=request.username or ""))
        return self._showing(queue.opened(int(event.at)))

    def _next(self, request: gr.Request, queue: Queue) -> Changes:
        if queue.at >= len(queue.lines) - 1 and queue.last_id:
            return self._showing(self.desk.further(queue, by=request.username or ""))
        return self._showing(queue.moved(1))

    def _previous(self, queue: Queue) -> Changes:
        return self._showing(queue.moved(-1))

    def _decide(self, ruling: Ruling) -> Callable[..., Changes]:
        def decided(
            request: gr.Request,
            queue: Queue,
            seen: Seen | None,
            note: str,
            correction: str,
            alike: bool,
        ) -> Changes:
            # Hidden is not forbidden: whoever calls without a login must not decide.
            if not request.username:
                raise BadRequest("Only reviewers decide.", fix="Log in.")
            if seen is None or queue.line is None or queue.line.id != seen.flag.id:
                raise BadRequest("No flag is open.", fix="Choose one from the list.")
            state = self.desk.decide(
                seen, ruling, by=request.username, why=note, correction=correction
            )
            done: dict[str, str] = {}
            if alike and ruling != "edit":
                done = self.desk.decide_alike(queue, ruling, by=request.username, why=note)
            if state == "received":
                gr.Info("Another reviewer has to see it too.", title="Noted")
            left = queue.decided(state, done)
            if not any(line.waits for line in left.lines):
                left = self.desk.further(left, by=request.username)
            return self._showing(left)

        return decided

    def _showing(self, queue: Queue) -> Changes:
        """The list and the flag at its place."""
        changes: Changes = {
            self.queue: queue,
            self.list: view.queue(queue),
            self.note: "",
            self.seen: None,
            self.deciding: gr.Column(visible=False),
        }
        if queue.line is None:
            return changes | {self.flag: ""}
        try:
            seen = self.desk.see(queue.line)
        except NotFound as gone:
            return changes | {self.flag: view.gone(str(gone))}
        return changes | {
            self.seen: seen,
            self.flag: view.detail(seen),
            self.deciding: gr.Column(visible=True),
            self.correction: seen.record.correction or seen.record.answer,
            self.alike: self._alike(queue),
        }

    def _alike(self, queue: Queue) -> gr.Checkbox:
        others = len(queue.alike())
        label = f"The same for {others} more that say nearly this and wait"
        return gr.Checkbox(value=False, label=label, visible=others > 0)

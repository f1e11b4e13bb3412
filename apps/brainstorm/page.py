"""The board's page: what stands where, and which handler answers which click.

The board itself is read from the store every time; what a browser sends back of it is never used,
only ids, and those are looked up on the owner's own board.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import gradio as gr

from apps.brainstorm import export, style, view
from apps.brainstorm.api import add_api
from apps.brainstorm.board import MAX_BODY, Board, Card
from apps.brainstorm.desk import Desk, Seen
from apps.brainstorm.thinking import MOST_IDEAS, Thinker
from apps.checks import MAX_LINE
from apps.context import Context
from apps.ui import look
from apps.ui.errors import shows_errors
from apps.ui.flag_panel import FlagPanel
from apps.ui.keep import TextFile, keeps
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT
from feedback.records import Verdict
from shared.errors import BadRequest
from shared.formats.brainstorm import METHODS, RUBRIC

CSS = style.CSS
Changes = dict[Any, Any]
"""Component to its new value."""


def build(page: gr.Blocks, ctx: Context) -> None:
    """Lay out the page in the current Blocks context and wire it."""
    thinker = Thinker(ctx)
    desk = Desk(ctx.home.history, thinker, keep_days=ctx.settings.keep_days)
    ctx.sweeps.append(desk.sweep)
    with gr.Column(elem_classes="page-brainstorm"):
        BoardPage(ctx, desk).wire(page)
    add_api(thinker)


class BoardPage:
    """The components of one page and the handlers between them."""

    def __init__(self, ctx: Context, desk: Desk) -> None:
        self.desk = desk
        self.flagged = gr.State("")
        look.title("Brainstorm", "Collect ideas, make them better, weigh them.")
        self._lay_out_asking()
        self._lay_out_own()
        self._lay_out_judging()
        self.status = gr.HTML(
            "",
            html_template='<p role="status">${value}</p>',
            elem_id="board-status",
            apply_default_css=False,
        )
        self.board = gr.HTML(
            view.board(Seen(Board())),
            html_template=view.TEMPLATE,
            js_on_load=view.JS,
            elem_id="board",
            apply_default_css=False,
        )
        self._lay_out_keeping()
        self.flags = FlagPanel(ctx, app="brainstorm")

    def _lay_out_asking(self) -> None:
        with gr.Row(equal_height=False):
            self.topic = gr.Textbox(
                label="Topic",
                placeholder="How could our library be open at night?",
                elem_id="board-topic",
                max_length=MAX_LINE,
                scale=4,
                min_width=240,
            )
            self.method = gr.Dropdown(
                label="Method",
                choices=[(f"{name}: {what}", name) for name, what in METHODS.items()],
                value="free",
                elem_id="board-method",
                scale=3,
                min_width=200,
            )
            self.count = gr.Slider(
                1, MOST_IDEAS, 5, step=1, label="Ideas", elem_id="board-count", min_width=190
            )
        with gr.Row():
            self.ask = gr.Button("Brainstorm", variant="primary", elem_id="board-brainstorm")
            self.stop = gr.Button("Stop", variant="stop", elem_id="board-stop", visible=False)

    def _lay_out_own(self) -> None:
        with gr.Accordion("Write a card of your own", open=False, elem_id="board-own"):
            self.own_title = gr.Textbox(
                label="Title", elem_id="board-own-title", max_length=MAX_LINE
            )
            self.own_body = gr.Textbox(
                label="Text", lines=2, elem_id="board-own-body", max_length=MAX_BODY
            )
            self.put_up = gr.Button("Put it up", elem_id="board-put-up")

    def _lay_out_judging(self) -> None:
        with gr.Row(equal_height=False):
            self.wish = gr.Textbox(
                label="Wish for Refine (may be empty)",
                placeholder="cheaper, and for children",
                elem_id="board-wish",
                max_length=MAX_LINE,
                min_width=220,
            )
            self.rubric = gr.Textbox(
                label="Judged by (up to eight words, commas between)",
                value=", ".join(RUBRIC),
                elem_id="board-rubric",
                max_length=MAX_LINE,
                min_width=220,
            )
        with gr.Row():
            self.judge = gr.Button("Evaluate all", elem_id="board-evaluate", min_width=110)
            self.rank = gr.Button("Best first", elem_id="board-rank", min_width=90)
            self.undo = gr.Button("Undo", elem_id="board-undo", min_width=80)
            self.clear = gr.Button("Clear", elem_id="board-clear", min_width=80)

    def _lay_out_keeping(self) -> None:
        with gr.Row():
            self.as_markdown = gr.Button("Markdown", size="sm", elem_id="board-as-markdown")
            self.as_csv = gr.Button("CSV", size="sm", elem_id="board-as-csv")
            self.as_json = gr.Button("JSON", size="sm", elem_id="board-as-json")

    def wire(self, page: gr.Blocks) -> None:
        """Connect every event; what asks the model can be stopped and ends by settling."""
        shown = [self.board, self.status, self.stop]
        model = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        asked = [self.topic, self.count, self.method]
        runs = [
            gr.on([self.ask.click, self.topic.submit], self.on_brainstorm, asked, shown, **model),
            self.board.refine(self.on_refine, self.wish, shown, **model),
            self.board.evaluate(self.on_evaluate, self.rubric, shown, **model),
            self.judge.click(self.on_evaluate_all, self.rubric, shown, **model),
        ]
        for run in runs:
            # Each covers what the other leaves out: an error is only a failure, Stop only an end.
            run.then(self.settle, None, shown, **INSTANT)
            run.failure(self.settle, None, shown, **INSTANT)
        self.stop.click(None, None, None, cancels=runs, queue=False)
        self.board.remove(self.on_remove, None, shown, **INSTANT)
        self.rank.click(self.on_rank, None, shown, **INSTANT)
        self.undo.click(self.on_undo, None, shown, **INSTANT)
        self.clear.click(self.on_clear, None, shown, **INSTANT)
        own = [self.own_title, self.own_body]
        self.put_up.click(self.on_put_up, own, [*shown, *own], **INSTANT)
        page.load(self.on_load, None, [*shown, self.rubric], **INSTANT)
        self._wire_flags()
        for button, made in (
            (self.as_markdown, export.as_markdown),
            (self.as_csv, export.as_csv),
            (self.as_json, export.as_json),
        ):
            keeps(button, self._kept(made))

    def _wire_flags(self) -> None:
        votes: tuple[tuple[Any, Callable[..., str], Verdict], ...] = (
            (self.board.good, self.pick_idea, "up"),
            (self.board.bad, self.pick_idea, "down"),
            (self.board.fair, self.pick_scores, "up"),
            (self.board.unfair, self.pick_scores, "down"),
        )
        for event, pick, verdict in votes:
            picked = event(pick, None, self.flagged, **INSTANT)
            self.flags.open_from(picked.success, self.flagged, verdict=verdict)

    def _kept(self, made: Callable[[Board], TextFile]) -> Callable[[gr.Request], TextFile]:
        def keep(request: gr.Request) -> TextFile:
            return made(self.desk.board(owner_of(request)))

        return keep

    @shows_errors
    async def on_brainstorm(
        self, topic: str, count: float, method: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Find ideas."""
        steps = self.desk.brainstorm(owner_of(request), topic, int(count), method)
        async for changes in self._follow(steps):
            yield changes

    @shows_errors
    async def on_refine(
        self, wish: str, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Make one card better."""
        steps = self.desk.refine(owner_of(request), str(event.id), wish)
        async for changes in self._follow(steps):
            yield changes

    @shows_errors
    async def on_evaluate(
        self, rubric: str, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Judge one card."""
        steps = self.desk.evaluate(owner_of(request), rubric, str(event.id))
        async for changes in self._follow(steps):
            yield changes

    @shows_errors
    async def on_evaluate_all(
        self, rubric: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Judge what is not judged yet."""
        async for changes in self._follow(self.desk.evaluate(owner_of(request), rubric)):
            yield changes

    async def _follow(self, steps: AsyncGenerator[Seen, None]) -> AsyncGenerator[Changes, None]:
        async with aclosing(steps):
            async for seen in steps:
                yield {
                    self.board: view.board(seen, busy=True),
                    self.status: view.status(seen.status),
                    self.stop: gr.Button(visible=True),
                }

    @shows_errors
    def settle(self, request: gr.Request) -> Changes:
        """After the model, stopped or not: the board as it is kept."""
        return self._show(self.desk.board(owner_of(request)))

    @shows_errors
    def on_load(self, request: gr.Request) -> Changes:
        """The board where it was left; the topic's field is left to whoever is typing already."""
        board = self.desk.board(owner_of(request))
        rubric = {} if board.rubric == RUBRIC else {self.rubric: ", ".join(board.rubric)}
        return {**self._show(board), **rubric}

    @shows_errors
    def on_remove(self, event: gr.EventData, request: gr.Request) -> Changes:
        """Take a card down."""
        return self._show(self.desk.remove(owner_of(request), str(event.id)))

    @shows_errors
    def on_rank(self, request: gr.Request) -> Changes:
        """Best first."""
        return self._show(self.desk.rank(owner_of(request)))

    @shows_errors
    def on_undo(self, request: gr.Request) -> Changes:
        """One step back."""
        return self._show(self.desk.undo(owner_of(request)))

    @shows_errors
    def on_clear(self, request: gr.Request) -> Changes:
        """Take all cards down; Undo brings them back."""
        return self._show(self.desk.clear(owner_of(request)))

    @shows_errors
    def on_put_up(self, title: str, body: str, request: gr.Request) -> Changes:
        """Put up the person's own card and empty the fields."""
        board = self.desk.write(owner_of(request), title, body)
        return {**self._show(board), self.own_title: "", self.own_body: ""}

    @shows_errors
    def pick_idea(self, event: gr.EventData, request: gr.Request) -> str:
        """The answer that wrote a card."""
        return _flaggable(self._card(event, request).answer_id)

    @shows_errors
    def pick_scores(self, event: gr.EventData, request: gr.Request) -> str:
        """The answer that judged a card."""
        return _flaggable(self._card(event, request).scores_answer_id)

    def _card(self, event: gr.EventData, request: gr.Request) -> Card:
        return self.desk.board(owner_of(request)).card(str(event.id))

    def _show(self, board: Board) -> Changes:
        return {
            self.board: view.board(Seen(board)),
            self.status: "",
            self.stop: gr.Button(visible=False),
        }


def _flaggable(answer_id: str) -> str:
    if not answer_id:
        raise BadRequest("This card is your own.", fix="Only the model's answers can be flagged.")
    return answer_id

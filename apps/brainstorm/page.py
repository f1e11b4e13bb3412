"""The board's page: what stands where, and which handler answers which click.

The board itself is read from the store every time; what a browser sends back of it is never used,
only ids, and those are looked up on the owner's own board.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import gradio as gr

from apps.brainstorm import bring, export, layout, style, view
from apps.brainstorm.api import add_api
from apps.brainstorm.background import Seen
from apps.brainstorm.board import Board, Card
from apps.brainstorm.desk import Asked, Desk
from apps.brainstorm.rubric import as_text, scale_text
from apps.brainstorm.thinking import Thinker
from apps.context import Context
from apps.ui import look
from apps.ui.errors import shows_errors
from apps.ui.flag_panel import FlagPanel
from apps.ui.keep import TextFile, keeps
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT
from feedback.records import Verdict
from shared.errors import BadRequest
from shared.formats.brainstorm import RUBRIC, SCALE

CSS = style.CSS
SENT = ("op", "ids", "title", "body", "before", "state", "tag")
"""What a step of the board may hold."""
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
    """The handlers between the components of one page."""

    def __init__(self, ctx: Context, desk: Desk) -> None:
        self.desk = desk
        self.flagged = gr.State("")
        look.title("Brainstorm", "Collect ideas, make them better, weigh them.")
        self.asking = layout.Asking()
        self.own = layout.Own()
        self.judging = layout.Judging()
        self.wall = layout.Wall()
        self.board = self.wall.board
        self.keeping = layout.Keeping()
        self.flags = FlagPanel(ctx, app="brainstorm")
        self.shown = [self.board, self.wall.status, self.asking.stop, self.keeping.lineage]

    def wire(self, page: gr.Blocks) -> None:
        """Connect every event; what asks the model can be stopped and ends by settling."""
        shown, asking, judging = self.shown, self.asking, self.judging
        model = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        asked = [asking.topic, asking.count, asking.method]
        judged = [judging.rubric, judging.samples, judging.scale]
        runs = [
            gr.on(
                [asking.ask.click, asking.topic.submit], self.on_brainstorm, asked, shown, **model
            ),
            self.board.refine(self.on_refine, judging.wish, shown, **model),
            self.board.evaluate(self.on_evaluate, judged, shown, **model),
            judging.judge.click(self.on_evaluate_all, judged, shown, **model),
            self.board.pair(self.on_compare, judging.rubric, shown, **model),
            judging.compare.click(self.on_compare_all, judging.rubric, shown, **model),
            # What the judge began goes on without a page; a page that comes takes it up again.
            page.load(self.on_follow, None, shown, **model),
            self.keeping.room.input(self.on_follow, None, shown, **model),
        ]
        for run in runs:
            # Each covers what the other leaves out: an error is only a failure, Stop only an end.
            run.then(self.settle, None, shown, **INSTANT)
            run.failure(self.settle, None, shown, **INSTANT)
        asking.stop.click(self.on_stop, None, None, cancels=runs, **INSTANT)
        self._wire_steps()
        self._wire_keeping()
        page.load(
            self.on_load,
            None,
            [*shown, judging.rubric, judging.scale, self.keeping.room, asking.method],
            **INSTANT,
        )
        self._wire_flags()

    def _wire_steps(self) -> None:
        shown, judging = self.shown, self.judging
        # Several steps in a row are all taken: none may be swallowed while one is under way.
        stepped = self.board.step(self.on_step, None, shown, trigger_mode="multiple", **INSTANT)
        # The page may have shown already what was refused.
        stepped.failure(self.settle, None, shown, **INSTANT)
        judging.rank.click(self.on_rank, None, shown, **INSTANT)
        judging.rank_compared.click(self.on_rank_compared, None, shown, **INSTANT)
        judging.undo.click(self.on_undo, None, shown, **INSTANT)
        judging.redo.click(self.on_redo, None, shown, **INSTANT)
        judging.clear.click(self.on_clear, None, shown, **INSTANT)
        own = [self.own.title, self.own.body]
        gr.on(
            [self.own.put_up.click, self.own.title.submit],
            self.on_put_up,
            own,
            [*shown, *own],
            **INSTANT,
        )

    def _wire_keeping(self) -> None:
        keeping, shown = self.keeping, self.shown
        keeping.room.input(self.on_open, keeping.room, shown, **INSTANT)
        named = [keeping.room, keeping.name]
        keeping.begin.click(self.on_begin, keeping.name, [*shown, *named], **INSTANT)
        keeping.bring.click(self.on_bring, keeping.file, [*shown, keeping.file], **INSTANT)
        keeping.upload.brought(self.on_file, None, shown, **INSTANT)
        made = [keeping.method_name, keeping.method_told]
        keeping.make.click(self.on_make, made, self.asking.method, **INSTANT)
        for button, written in (
            (keeping.as_markdown, export.as_markdown),
            (keeping.as_csv, export.as_csv),
            (keeping.as_json, export.as_json),
        ):
            keeps(button, self._kept(written))

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
        self, rubric: str, samples: float, scale: str, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Judge one card."""
        asked = Asked(rubric, int(samples), scale)
        steps = self.desk.evaluate(owner_of(request), asked, str(event.id))
        async for changes in self._follow(steps):
            yield changes

    @shows_errors
    async def on_evaluate_all(
        self, rubric: str, samples: float, scale: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Judge what is not judged yet."""
        asked = Asked(rubric, int(samples), scale)
        async for changes in self._follow(self.desk.evaluate(owner_of(request), asked)):
            yield changes

    @shows_errors
    async def on_compare(
        self, rubric: str, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Compare the two cards that are chosen."""
        ids = [str(one) for one in event.ids] if isinstance(event.ids, list) else []
        async for changes in self._follow(self.desk.compare(owner_of(request), rubric, ids)):
            yield changes

    @shows_errors
    async def on_compare_all(
        self, rubric: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Compare a round of pairs."""
        async for changes in self._follow(self.desk.compare(owner_of(request), rubric)):
            yield changes

    @shows_errors
    async def on_follow(self, request: gr.Request) -> AsyncGenerator[Changes, None]:
        """Take up what the judge does on this board already."""
        yield {self.asking.stop: gr.skip()}
        async for changes in self._follow(self.desk.follow(owner_of(request))):
            yield changes

    @shows_errors
    def on_stop(self, request: gr.Request) -> None:
        """End the judging, whoever began it; all else ends with its page's event."""
        self.desk.stop(owner_of(request))

    async def _follow(self, steps: AsyncGenerator[Seen, None]) -> AsyncGenerator[Changes, None]:
        async with aclosing(steps):
            async for seen in steps:
                yield {
                    # The board is not locked: whoever works on it meanwhile loses nothing.
                    self.board: view.board(seen),
                    self.wall.status: view.status(seen.status),
                    self.asking.stop: gr.Button(visible=True),
                }

    @shows_errors
    def settle(self, request: gr.Request) -> Changes:
        """After the model, stopped or not: the board as it is kept."""
        return self._show(self.desk.board(owner_of(request)))

    @shows_errors
    def on_load(self, request: gr.Request) -> Changes:
        """The board where it was left; the topic's field is left to whoever is typing already."""
        owner = owner_of(request)
        board = self.desk.board(owner)
        changes = {**self._show(board), self.keeping.room: self._rooms(owner)}
        if (board.rubric, board.weights) != (RUBRIC, {}):
            changes[self.judging.rubric] = as_text(board.rubric, board.weights)
        if board.scale != SCALE:
            changes[self.judging.scale] = scale_text(board.scale)
        if own := self.desk.rooms.methods(owner):
            changes[self.asking.method] = gr.Dropdown(choices=layout.method_choices(own))
        return changes

    @shows_errors
    def on_step(self, event: gr.EventData, request: gr.Request) -> Changes:
        """Edit, move, tag, put in a state, merge or take down."""
        sent = {name: getattr(event, name) for name in SENT if hasattr(event, name)}
        return self._show(self.desk.take(owner_of(request), sent))

    @shows_errors
    def on_rank_compared(self, request: gr.Request) -> Changes:
        """Best first by what was compared."""
        return self._show(self.desk.rank(owner_of(request), by_comparison=True))

    @shows_errors
    def on_redo(self, request: gr.Request) -> Changes:
        """One step forward again."""
        return self._show(self.desk.redo(owner_of(request)))

    @shows_errors
    def on_open(self, room: str, request: gr.Request) -> Changes:
        """Another board."""
        return self._show(self.desk.open(owner_of(request), room))

    @shows_errors
    def on_begin(self, name: str, request: gr.Request) -> Changes:
        """A new board, which is open now."""
        owner = owner_of(request)
        self.desk.new_room(owner, name)
        shown = self._show(self.desk.board(owner))
        return {**shown, self.keeping.room: self._rooms(owner), self.keeping.name: ""}

    @shows_errors
    def on_bring(self, text: str, request: gr.Request) -> Changes:
        """Put up the cards of a file."""
        board = self.desk.bring(owner_of(request), bring.read(text))
        return {**self._show(board), self.keeping.file: ""}

    @shows_errors
    def on_file(self, event: gr.EventData, request: gr.Request) -> Changes:
        """Put up the cards of a file that was chosen."""
        return self._show(self.desk.bring(owner_of(request), bring.read(event.text)))

    @shows_errors
    def on_make(self, name: str, told: str, request: gr.Request) -> gr.Dropdown:
        """Make a method and choose it."""
        owner = owner_of(request)
        called = self.desk.rooms.add_method(owner, name, told)
        choices = layout.method_choices(self.desk.rooms.methods(owner))
        return gr.Dropdown(choices=choices, value=called)

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
        return {**self._show(board), self.own.title: "", self.own.body: ""}

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
            self.wall.status: "",
            self.asking.stop: gr.Button(visible=False),
            self.keeping.lineage: view.lineage(board),
        }

    def _rooms(self, owner: str) -> gr.Dropdown:
        shelf = self.desk.rooms.shelf(owner)
        choices = [(room.name, room.id) for room in shelf.rooms]
        return gr.Dropdown(choices=choices, value=shelf.current)


def _flaggable(answer_id: str) -> str:
    if not answer_id:
        raise BadRequest("This card is your own.", fix="Only the model's answers can be flagged.")
    return answer_id

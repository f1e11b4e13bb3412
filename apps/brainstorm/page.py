"""The board's page: what stands where, and which handler answers which click.

The board itself is read from the store every time; what a browser sends back of it is never used,
only ids, and those are looked up on the owner's own board. Every tab acts on the board that it
shows, whatever another tab has opened meanwhile.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
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
from shared.texts import say

CSS = style.CSS
SENT = ("op", "ids", "title", "body", "before", "state", "tag")
"""What a step of the board may hold."""
Changes = dict[Any, Any]
"""Component to its new value."""


@dataclass(slots=True)
class Tab:
    """What one tab of a browser shows; changed in place, so that what goes on already sees it."""

    room: str = ""
    """Id of the board; empty until the first handler asks, which takes the one opened last."""


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
        self.tab = gr.State(Tab())
        look.title(say("Brainstorm"), say("Collect ideas, make them better, weigh them."))
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
        follows = {**model, "trigger_mode": "multiple"}
        tab, room = self.tab, self.keeping.room
        asked = [tab, asking.topic, asking.count, asking.method]
        judged = [tab, judging.rubric, judging.samples, judging.scale]
        compared = [tab, judging.rubric]
        opened = room.input(self.on_open, [tab, room], shown, **INSTANT)
        runs = [
            gr.on(
                [asking.ask.click, asking.topic.submit], self.on_brainstorm, asked, shown, **model
            ),
            self.board.refine(self.on_refine, [tab, judging.wish], shown, **model),
            self.board.evaluate(self.on_evaluate, judged, shown, **model),
            judging.judge.click(self.on_evaluate_all, judged, shown, **model),
            self.board.pair(self.on_compare, compared, shown, **model),
            judging.compare.click(self.on_compare_all, compared, shown, **model),
            # What the judge began goes on without a page; a page that comes takes it up again,
            # also while it still waits for the next step on the board that it has left.
            page.load(self.on_follow, tab, shown, **follows),
            opened.success(self.on_follow, tab, shown, **follows),
        ]
        for run in runs:
            # Each covers what the other leaves out: an error is only a failure, Stop only an end.
            run.then(self.settle, tab, shown, **INSTANT)
            run.failure(self.settle, tab, shown, **INSTANT)
        asking.stop.click(self.on_stop, tab, None, cancels=runs, **INSTANT)
        self._wire_steps()
        self._wire_keeping()
        page.load(
            self.on_load,
            tab,
            [*shown, judging.rubric, judging.scale, self.keeping.room, asking.method],
            **INSTANT,
        )
        self._wire_flags()

    def _wire_steps(self) -> None:
        shown, judging, tab = self.shown, self.judging, self.tab
        # Several steps in a row are all taken: none may be swallowed while one is under way.
        stepped = self.board.step(self.on_step, tab, shown, trigger_mode="multiple", **INSTANT)
        # The page may have shown already what was refused.
        stepped.failure(self.settle, tab, shown, **INSTANT)
        judging.rank.click(self.on_rank, tab, shown, **INSTANT)
        judging.rank_compared.click(self.on_rank_compared, tab, shown, **INSTANT)
        judging.undo.click(self.on_undo, tab, shown, **INSTANT)
        judging.redo.click(self.on_redo, tab, shown, **INSTANT)
        judging.clear.click(self.on_clear, tab, shown, **INSTANT)
        own = [self.own.title, self.own.body]
        gr.on(
            [self.own.put_up.click, self.own.title.submit],
            self.on_put_up,
            [tab, *own],
            [*shown, *own],
            **INSTANT,
        )

    def _wire_keeping(self) -> None:
        keeping, shown, tab = self.keeping, self.shown, self.tab
        named = [keeping.room, keeping.name]
        keeping.begin.click(self.on_begin, [tab, keeping.name], [*shown, *named], **INSTANT)
        brought = [*shown, keeping.file]
        keeping.bring.click(self.on_bring, [tab, keeping.file], brought, **INSTANT)
        keeping.upload.brought(self.on_file, tab, shown, **INSTANT)
        made = [keeping.method_name, keeping.method_told]
        keeping.make.click(self.on_make, made, self.asking.method, **INSTANT)
        for button, written in (
            (keeping.as_markdown, export.as_markdown),
            (keeping.as_csv, export.as_csv),
            (keeping.as_json, export.as_json),
        ):
            keeps(button, self._kept(written), [tab])

    def _wire_flags(self) -> None:
        votes: tuple[tuple[Any, Callable[..., str], Verdict], ...] = (
            (self.board.good, self.pick_idea, "up"),
            (self.board.bad, self.pick_idea, "down"),
            (self.board.fair, self.pick_scores, "up"),
            (self.board.unfair, self.pick_scores, "down"),
        )
        for event, pick, verdict in votes:
            picked = event(pick, self.tab, self.flagged, **INSTANT)
            self.flags.open_from(picked.success, self.flagged, verdict=verdict)

    def _kept(self, made: Callable[[Board], TextFile]) -> Callable[[gr.Request, Tab], TextFile]:
        def keep(request: gr.Request, tab: Tab) -> TextFile:
            return made(self.desk.board(*self._at(tab, request)))

        return keep

    @shows_errors
    async def on_brainstorm(
        self, tab: Tab, topic: str, count: float, method: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Find ideas."""
        owner, room = self._at(tab, request)
        steps = self.desk.brainstorm(owner, topic, int(count), method, room)
        async for changes in self._follow(steps, tab):
            yield changes

    @shows_errors
    async def on_refine(
        self, tab: Tab, wish: str, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Make one card better."""
        owner, room = self._at(tab, request)
        async for changes in self._follow(self.desk.refine(owner, str(event.id), wish, room), tab):
            yield changes

    @shows_errors
    async def on_evaluate(
        self,
        tab: Tab,
        rubric: str,
        samples: float,
        scale: str,
        event: gr.EventData,
        request: gr.Request,
    ) -> AsyncGenerator[Changes, None]:
        """Judge one card."""
        owner, room = self._at(tab, request)
        steps = self.desk.evaluate(owner, Asked(rubric, int(samples), scale), str(event.id), room)
        async for changes in self._follow(steps, tab, leaves=True):
            yield changes

    @shows_errors
    async def on_evaluate_all(
        self, tab: Tab, rubric: str, samples: float, scale: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Judge what is not judged yet."""
        owner, room = self._at(tab, request)
        steps = self.desk.evaluate(owner, Asked(rubric, int(samples), scale), room=room)
        async for changes in self._follow(steps, tab, leaves=True):
            yield changes

    @shows_errors
    async def on_compare(
        self, tab: Tab, rubric: str, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Compare the two cards that are chosen."""
        owner, room = self._at(tab, request)
        ids = [str(one) for one in event.ids] if isinstance(event.ids, list) else []
        steps = self.desk.compare(owner, rubric, ids, room)
        async for changes in self._follow(steps, tab, leaves=True):
            yield changes

    @shows_errors
    async def on_compare_all(
        self, tab: Tab, rubric: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Compare a round of pairs."""
        owner, room = self._at(tab, request)
        steps = self.desk.compare(owner, rubric, room=room)
        async for changes in self._follow(steps, tab, leaves=True):
            yield changes

    @shows_errors
    async def on_follow(self, tab: Tab, request: gr.Request) -> AsyncGenerator[Changes, None]:
        """Take up what the judge does on this board already."""
        yield {self.asking.stop: gr.skip()}
        steps = self.desk.follow(*self._at(tab, request))
        async for changes in self._follow(steps, tab, leaves=True):
            yield changes

    @shows_errors
    def on_stop(self, tab: Tab, request: gr.Request) -> None:
        """End the judging, whoever began it; all else ends with its page's event."""
        self.desk.stop(*self._at(tab, request))

    async def _follow(
        self, steps: AsyncGenerator[Seen, None], tab: Tab, *, leaves: bool = False
    ) -> AsyncGenerator[Changes, None]:
        room = tab.room
        async with aclosing(steps):
            async for seen in steps:
                if tab.room == room:
                    yield {
                        # The board is not locked: whoever works on it meanwhile loses nothing.
                        self.board: view.board(seen),
                        self.wall.status: view.status(seen.status),
                        self.asking.stop: gr.Button(visible=True),
                    }
                elif leaves:
                    # Another board is shown by now. What goes on by itself needs no page; the rest
                    # goes on here, and is not drawn over that board.
                    return

    @shows_errors
    def settle(self, tab: Tab, request: gr.Request) -> Changes:
        """After the model, stopped or not: the board as it is kept."""
        return self._show(self.desk.board(*self._at(tab, request)))

    @shows_errors
    def on_load(self, tab: Tab, request: gr.Request) -> Changes:
        """The board where it was left; the topic's field is left to whoever is typing already."""
        owner, room = self._at(tab, request)
        board = self.desk.board(owner, room)
        changes = {**self._show(board), self.keeping.room: self._rooms(owner, room)}
        if (board.rubric, board.weights) != (RUBRIC, {}):
            changes[self.judging.rubric] = as_text(board.rubric, board.weights)
        if board.scale != SCALE:
            changes[self.judging.scale] = scale_text(board.scale)
        if own := self.desk.rooms.methods(owner):
            changes[self.asking.method] = gr.Dropdown(choices=layout.method_choices(own))
        return changes

    @shows_errors
    def on_step(self, tab: Tab, event: gr.EventData, request: gr.Request) -> Changes:
        """Edit, move, tag, put in a state, merge or take down."""
        sent = {name: getattr(event, name) for name in SENT if hasattr(event, name)}
        owner, room = self._at(tab, request)
        return self._show(self.desk.take(owner, sent, room))

    @shows_errors
    def on_rank_compared(self, tab: Tab, request: gr.Request) -> Changes:
        """Best first by what was compared."""
        return self._show(self.desk.rank(*self._at(tab, request), by_comparison=True))

    @shows_errors
    def on_redo(self, tab: Tab, request: gr.Request) -> Changes:
        """One step forward again."""
        return self._show(self.desk.redo(*self._at(tab, request)))

    @shows_errors
    def on_open(self, tab: Tab, room: str, request: gr.Request) -> Changes:
        """Another board."""
        board = self.desk.open(owner_of(request), room)
        tab.room = room
        return self._show(board)

    @shows_errors
    def on_begin(self, tab: Tab, name: str, request: gr.Request) -> Changes:
        """A new board, which is open now."""
        owner = owner_of(request)
        tab.room = self.desk.new_room(owner, name).id
        shown = self._show(self.desk.board(owner, tab.room))
        return {**shown, self.keeping.room: self._rooms(owner, tab.room), self.keeping.name: ""}

    @shows_errors
    def on_bring(self, tab: Tab, text: str, request: gr.Request) -> Changes:
        """Put up the cards of a file."""
        owner, room = self._at(tab, request)
        board = self.desk.bring(owner, bring.read(text), room)
        return {**self._show(board), self.keeping.file: ""}

    @shows_errors
    def on_file(self, tab: Tab, event: gr.EventData, request: gr.Request) -> Changes:
        """Put up the cards of a file that was chosen."""
        owner, room = self._at(tab, request)
        return self._show(self.desk.bring(owner, bring.read(event.text), room))

    @shows_errors
    def on_make(self, name: str, told: str, request: gr.Request) -> gr.Dropdown:
        """Make a method and choose it."""
        owner = owner_of(request)
        called = self.desk.rooms.add_method(owner, name, told)
        choices = layout.method_choices(self.desk.rooms.methods(owner))
        return gr.Dropdown(choices=choices, value=called)

    @shows_errors
    def on_rank(self, tab: Tab, request: gr.Request) -> Changes:
        """Best first."""
        return self._show(self.desk.rank(*self._at(tab, request)))

    @shows_errors
    def on_undo(self, tab: Tab, request: gr.Request) -> Changes:
        """One step back."""
        return self._show(self.desk.undo(*self._at(tab, request)))

    @shows_errors
    def on_clear(self, tab: Tab, request: gr.Request) -> Changes:
        """Take all cards down; Undo brings them back."""
        return self._show(self.desk.clear(*self._at(tab, request)))

    @shows_errors
    def on_put_up(self, tab: Tab, title: str, body: str, request: gr.Request) -> Changes:
        """Put up the person's own card and empty the fields."""
        owner, room = self._at(tab, request)
        board = self.desk.write(owner, title, body, room)
        return {**self._show(board), self.own.title: "", self.own.body: ""}

    @shows_errors
    def pick_idea(self, tab: Tab, event: gr.EventData, request: gr.Request) -> str:
        """The answer that wrote a card."""
        return _flaggable(self._card(tab, event, request).answer_id)

    @shows_errors
    def pick_scores(self, tab: Tab, event: gr.EventData, request: gr.Request) -> str:
        """The answer that judged a card."""
        return _flaggable(self._card(tab, event, request).scores_answer_id)

    def _at(self, tab: Tab, request: gr.Request) -> tuple[str, str]:
        """Who asks, and the board that their tab shows."""
        owner = owner_of(request)
        tab.room = tab.room or self.desk.rooms.known(owner)
        return owner, tab.room

    def _card(self, tab: Tab, event: gr.EventData, request: gr.Request) -> Card:
        return self.desk.board(*self._at(tab, request)).card(str(event.id))

    def _show(self, board: Board) -> Changes:
        return {
            self.board: view.board(Seen(board)),
            self.wall.status: "",
            self.asking.stop: gr.Button(visible=False),
            self.keeping.lineage: view.lineage(board),
        }

    def _rooms(self, owner: str, shown: str) -> gr.Dropdown:
        choices = [(room.label, room.id) for room in self.desk.rooms.shelf(owner).rooms]
        return gr.Dropdown(choices=choices, value=shown)


def _flaggable(answer_id: str) -> str:
    if not answer_id:
        raise BadRequest(
            say("This card is your own."), fix=say("Only the model's answers can be flagged.")
        )
    return answer_id

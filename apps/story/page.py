"""The story's page: which handler answers which click.

What it looks like is `apps.story.layout`; what happens beside the reading is `apps.story.beside`.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from apps.context import Context
from apps.story import style, view
from apps.story.api import add_api
from apps.story.beside import Beside
from apps.story.desk import StoryDesk
from apps.story.layout import Changes, Layout, Place
from apps.story.store import StoryStore
from apps.story.summing import Summing
from apps.story.surprise import surprise
from apps.story.tale import Manner
from apps.story.telling import Storyteller, Telling
from apps.ui import vote
from apps.ui.errors import shows_errors
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT
from apps.ui.vote import opens
from shared.formats import story as form

CSS = style.CSS + vote.CSS
READING = "() => { document.querySelector('.page-story').classList.toggle('reading'); }"


def build(page: gr.Blocks, ctx: Context) -> None:
    """Lay out the page in the current Blocks context and wire it."""
    store = StoryStore(ctx.home.history, keep_days=ctx.settings.keep_days)
    ctx.sweeps.append(store.sweep)
    teller = Storyteller(ctx, store)
    with gr.Column(elem_classes="page-story"):
        layout = Layout(ctx, teller)
    desk = StoryDesk(teller)
    summing = Summing(desk)
    runs = StoryPage(layout, teller, summing).wire(page)
    Beside(layout, teller, desk, summing).wire(runs)
    add_api(teller)


class StoryPage:
    """Telling and moving about."""

    def __init__(self, layout: Layout, teller: Storyteller, summing: Summing) -> None:
        self.layout = layout
        self.teller = teller
        self.summing = summing

    def wire(self, page: gr.Blocks) -> list[Any]:
        """Connect every event; what asks the model can be stopped and ends by settling.

        Returns:
            The events that tell a scene, for others to cancel.
        """
        lay = self.layout
        everything = lay.everything()
        model = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        ask = [lay.title, lay.genre, lay.tone, *lay.wishes.fields()]
        runs = [
            gr.on(
                [lay.begin.click, lay.title.submit],
                self.on_begin,
                ask,
                everything,
                **model,
            ),
            lay.choices.choose(self.on_choose, lay.place, everything, **model),
            lay.action.submit(self.on_act, [lay.place, lay.action], everything, **model),
            lay.end.click(self.on_end, lay.place, everything, **model),
            lay.side.again.click(self.on_again, lay.place, everything, **model),
        ]
        side = lay.side
        moves = [
            (lay.undo.click, self.on_undo, lay.place),
            (lay.redo.click, self.on_redo, lay.place),
            (lay.restart.click, self.on_restart, lay.place),
            (side.map.node, self.on_node, lay.place),
            (side.shelf.input, self.on_shelf, side.shelf),
        ]
        for run in runs:
            # Each covers what the other leaves out: an error is only a failure, Stop only an end.
            run.then(self.settle, [lay.place, lay.next_place], everything, **INSTANT)
            run.failure(self.settle, [lay.place, lay.next_place], everything, **INSTANT)
        for event, handler, given in moves:
            event(handler, given, everything, cancels=runs, **INSTANT)
        lay.stop.click(None, None, None, cancels=runs, queue=False)
        lay.surprise.click(self.on_surprise, None, [lay.title, lay.genre, lay.tone], **INSTANT)
        lay.reading.click(None, None, None, js=READING, **INSTANT)
        page.load(self.on_load, None, everything, **INSTANT)
        opens(lay.flags, lay.scene_votes, lay.scene_answer)
        opens(lay.flags, lay.choices_votes, lay.choices_answer)
        return runs

    @shows_errors
    async def on_begin(  # noqa: PLR0913 - one argument per field of the page
        self,
        title: str,
        genre: str,
        tone: str,
        age: str,
        length: str,
        person: str,
        tense: str,
        children: bool,
        request: gr.Request,
    ) -> AsyncGenerator[Changes, None]:
        """Tell the first scene of a new story."""
        manner = _manner(age, length, person, tense, children)
        owner = owner_of(request)
        genre, tone = view.kept(genre, form.GENRES), view.kept(tone, form.TONES)
        telling = self.teller.begin(owner, title, genre, tone, manner)
        async for changes in self._follow(owner, telling):
            yield changes

    @shows_errors
    async def on_choose(
        self, place: Place, event: gr.EventData, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Go the chosen way; one that was told already is only gone to."""
        owner = owner_of(request)
        told = self.teller.told(owner, *place, event.number)
        if told:
            yield self._go(owner, place[0], told)
            return
        async for changes in self._follow(owner, self.teller.choose(owner, *place, event.number)):
            yield changes

    @shows_errors
    async def on_again(self, place: Place, request: gr.Request) -> AsyncGenerator[Changes, None]:
        """Tell this scene anew, beside the first telling."""
        owner = owner_of(request)
        async for changes in self._follow(owner, self.teller.again(owner, *place)):
            yield changes

    @shows_errors
    async def on_act(
        self, place: Place, action: str, request: gr.Request
    ) -> AsyncGenerator[Changes, None]:
        """Do what the reader wrote."""
        owner = owner_of(request)
        async for changes in self._follow(owner, self.teller.act(owner, *place, action)):
            yield changes

    @shows_errors
    async def on_end(self, place: Place, request: gr.Request) -> AsyncGenerator[Changes, None]:
        """Tell the last scene."""
        owner = owner_of(request)
        async for changes in self._follow(owner, self.teller.end(owner, *place)):
            yield changes

    async def _follow(
        self, owner: str, telling: AsyncGenerator[Telling, None]
    ) -> AsyncGenerator[Changes, None]:
        self.summing.stop(owner)
        async with aclosing(telling):
            async for step in telling:
                yield self.layout.while_telling(step)

    @shows_errors
    def settle(self, place: Place, next_place: Place, request: gr.Request) -> Changes:
        """After telling, stopped or not: go to the new passage if there is one."""
        owner = owner_of(request)
        if self.teller.store.has(owner, *next_place):
            return self.layout.show(owner, next_place)
        return self.layout.show(owner, place)

    @shows_errors
    def on_load(self, request: gr.Request) -> Changes:
        """Open the story that was read last."""
        owner = owner_of(request)
        return self.layout.show_last(owner)

    @shows_errors
    def on_undo(self, place: Place, request: gr.Request) -> Changes:
        """Go back to where this passage came from."""
        owner = owner_of(request)
        parent = self.teller.store.open(owner, place[0]).passage(place[1]).parent_id
        return self._go(owner, place[0], parent or place[1], back=True)

    @shows_errors
    def on_redo(self, place: Place, request: gr.Request) -> Changes:
        """Go forward again on the way that undo came back."""
        owner = owner_of(request)
        following = self.teller.store.open(owner, place[0]).next_on_the_way(place[1])
        return self._go(owner, place[0], following or place[1], back=True)

    @shows_errors
    def on_restart(self, place: Place, request: gr.Request) -> Changes:
        """Go back to the story's first passage."""
        owner = owner_of(request)
        path = self.teller.store.open(owner, place[0]).path(place[1])
        return self._go(owner, place[0], path[0].id, back=True)

    @shows_errors
    def on_node(self, place: Place, event: gr.EventData, request: gr.Request) -> Changes:
        """Jump to a passage of the map."""
        return self._go(owner_of(request), place[0], str(event.id))

    @shows_errors
    def on_shelf(self, story_id: str, request: gr.Request) -> Changes:
        """Take another story from the shelf."""
        return self.layout.show(owner_of(request), (story_id or "", ""))

    def on_surprise(self) -> tuple[str, str, str]:
        """Fill in a title, a genre and a tone."""
        wish = surprise()
        return wish.title, wish.genre, wish.tone

    def _go(self, owner: str, story_id: str, passage_id: str, *, back: bool = False) -> Changes:
        self.teller.store.go(owner, story_id, passage_id, back=back)
        return self.layout.show(owner, (story_id, passage_id))


def _manner(age: str, length: str, person: str, tense: str, children: bool) -> Manner:
    """The page's wishes; what a page cannot have sent is left out."""
    return Manner(
        age=age if age in form.AGES else "",
        length=length if length in form.LENGTHS else "",
        person=person if person in form.PERSONS else "",
        tense=tense if tense in form.TENSES else "",
        children=bool(children),
    )

"""Beside the reading: notes and memory, the reader's own version of a scene, files, forgetting."""

from typing import Any

import gradio as gr

from apps.checks import one_line
from apps.story import notes, view
from apps.story.desk import StoryDesk
from apps.story.layout import Changes, Layout, Place
from apps.story.side import TOLD, TOLD_BY_MODEL
from apps.story.summing import Summing
from apps.story.tale import Link
from apps.story.telling import Storyteller
from apps.ui.errors import shows_errors
from apps.ui.keep import TextFile, keeps
from apps.ui.owner import owner_of
from apps.ui.stream import INSTANT, MODEL_EVENT
from shared.texts import say, say_js


class Beside:
    """The side panel's handlers."""

    def __init__(
        self, layout: Layout, teller: Storyteller, desk: StoryDesk, summing: Summing
    ) -> None:
        self.layout = layout
        self.side = layout.side
        self.teller = teller
        self.desk = desk
        self.summing = summing

    def wire(self, runs: list[Any]) -> None:
        """Connect every event; what changes the story stops `runs`, the telling of scenes."""
        place, side, everything = self.layout.place, self.side, self.layout.everything()
        moves: list[tuple[Any, Any, Any]] = [
            (side.rewrite.click, self.on_rewrite, [place, side.text]),
            (side.link.click, self.on_link, [place, side.link_text, side.link_to]),
            (side.take_in.upload, self.on_take_in, side.take_in),
        ]
        for event, handler, given in moves:
            event(handler, given, everything, cancels=runs, **INSTANT)
        asked_first = [
            (side.delete, self.on_delete, say_js("Delete this story with all its scenes?")),
            (
                side.remove,
                self.on_remove,
                say_js("Remove this scene and everything told from it?"),
            ),
        ]
        for button, handler, sure in asked_first:
            button.click(
                handler,
                place,
                everything,
                cancels=runs,
                js=f"(place) => confirm({sure}) ? place : ['', '']",
                **INSTANT,
            )
        keeps(side.save, self.on_save, [place, side.kind])
        self._wire_notes()

    def _wire_notes(self) -> None:
        """Notes and memory; the budget follows every change of place."""
        side, place = self.side, self.layout.place
        fields = side.notes()
        memory = [side.budget, side.summary, side.summary_row]
        asks = {"api_visibility": "private", "trigger_mode": "once", **MODEL_EVENT}
        changed = [
            side.save_notes.click(self.on_notes, [place, *fields], fields, **INSTANT),
            side.read_state.click(self.on_read_state, place, fields, **asks),
            side.save_summary.click(self.on_summary, [place, side.summary], None, **INSTANT),
            side.sum_up.click(self.on_sum_up, place, None, **asks),
        ]
        for event in changed:
            event.success(self.on_budget, place, memory, **INSTANT)
        place.change(self.on_budget, place, memory, **INSTANT)

    @shows_errors
    def on_delete(self, place: Place, request: gr.Request) -> Changes:
        """Forget the story and show the one read before."""
        if place[0]:
            self.teller.store.delete(owner_of(request), place[0])
        return self.layout.show_last(owner_of(request))

    @shows_errors
    def on_remove(self, place: Place, request: gr.Request) -> Changes:
        """Forget a scene with what follows; nothing happens when the reader was not sure."""
        owner = owner_of(request)
        if not place[0]:
            return self.layout.show_last(owner)
        return self.layout.show(owner, (place[0], self.teller.store.remove(owner, *place)))

    @shows_errors
    def on_rewrite(self, place: Place, text: str, request: gr.Request) -> Changes:
        """Keep the reader's version of the scene."""
        owner = owner_of(request)
        new = self.teller.store.rewrite(owner, *place, text)
        return self.layout.show(owner, (place[0], new.id))

    @shows_errors
    def on_link(self, place: Place, said: str, target: str, request: gr.Request) -> Changes:
        """Let a way of this scene lead to another one."""
        owner = owner_of(request)
        line = one_line(said, name=say("way"), most=80)
        self.teller.store.link(owner, place[0], Link(place[1], line, target or ""))
        return self.layout.show(owner, place)

    @shows_errors
    def on_take_in(self, data: bytes, request: gr.Request) -> Changes:
        """Open a story from a file."""
        owner = owner_of(request)
        book = self.desk.take_in(owner, data)
        return self.layout.show(owner, (book.story.id, book.place))

    def on_save(self, request: gr.Request, place: Place, kind: str) -> TextFile:
        """The story as a file."""
        return self.desk.file(owner_of(request), *place, kind)

    @shows_errors
    def on_notes(  # noqa: PLR0913 - one argument per field of the page
        self,
        place: Place,
        author: str,
        where: str,
        facts: str,
        people: str,
        things: str,
        lore: str,
        request: gr.Request,
    ) -> Changes:
        """Keep the notes as they stand in the fields."""
        read = notes.read(
            author=author, place=where, facts=facts, people=people, things=things, lore=lore
        )
        self.teller.store.note(owner_of(request), place[0], read)
        return dict(self.side.filled(read))

    @shows_errors
    async def on_read_state(self, place: Place, request: gr.Request) -> Changes:
        """Let the model fill in the notes."""
        return dict(self.side.filled(await self.desk.read_state(owner_of(request), *place)))

    @shows_errors
    async def on_summary(self, place: Place, text: str, request: gr.Request) -> None:
        """Keep the reader's summary."""
        await self.desk.summarise(owner_of(request), *place, text)

    @shows_errors
    async def on_sum_up(self, place: Place, request: gr.Request) -> None:
        """Let the model sum up what left its window."""
        await self.desk.sum_up(owner_of(request), *place)

    @shows_errors
    async def on_budget(self, place: Place, request: gr.Request) -> Changes:
        """How full the model's window is, and what is told of what left it."""
        if not place[0]:
            return {self.side.budget: ""}
        owner = owner_of(request)
        seen = await self.desk.seen(owner, *place)
        window = self.teller.engine().info().context_tokens
        if seen.dropped:
            # The reader reads now; the next scene stops it.
            self.summing.begin(owner, *place)
        by_model = self.desk.told_by_model(owner, *place, seen)
        return {
            self.side.budget: view.budget(seen, window),
            self.side.summary: gr.Textbox(
                value=seen.in_short,
                label=say(TOLD_BY_MODEL if by_model else TOLD),
                visible=seen.dropped > 0,
            ),
            self.side.summary_row: gr.Row(visible=seen.dropped > 0),
        }

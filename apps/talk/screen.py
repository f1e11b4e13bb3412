"""What goes onto the page and what is on it: conversations to parts, fields to wishes.

Every method returns an update, part by part; nothing here reads the store or asks a model.
"""

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr

from apps.talk import listing, view
from apps.talk.conversation import Conversation, branching
from apps.talk.layout import Parts
from apps.talk.limits import Wishes, read_seed, seed_text
from apps.talk.store import Listed
from apps.talk.view import Notes
from apps.ui.stream import Progress

Setting = str | float | bool | None
Update = dict[Any, Any]
"""Part to its new value; parts that are not named stay as they are."""


class Screen:
    """One talking page as it is seen."""

    def __init__(self, parts: Parts, notes: Notes) -> None:
        self.parts = parts
        self._notes = notes

    def conversation(
        self, now: Conversation, listed: Sequence[Listed], *, temporary: bool = False
    ) -> Update:
        """A conversation at rest, among those that can be opened."""
        names = {one.id: one.title for one in listed}
        line = view.version_line(now)
        turn = branching(now)
        answers = turn is not None and turn.role == "assistant"
        path = now.path()
        return {
            self.parts.shown: view.shown(now),
            self.parts.passing: temporary,
            self.parts.log: self.rows(now),
            self.parts.title: view.heading(names.get(now.id, now.title()), temporary=temporary),
            self.parts.listed: listing.as_html(listed, now.id),
            self.parts.versions: gr.Row(visible=bool(line)),
            self.parts.version: line,
            self.parts.better: gr.Button(visible=answers),
            self.parts.compare: gr.Button(visible=answers),
            self.parts.compared: gr.HTML(visible=False),
            self.parts.again: gr.Button(visible=bool(path) and bool(path[-1].answer_id)),
        }

    def asked(self, now: Conversation) -> Update:
        """A question that was just asked: the box is free again, and Stop is there."""
        return {
            self.parts.shown: view.shown(now),
            self.parts.log: [*self.rows(now), view.pending_row(None)],
            self.parts.message: "",
            self.parts.status: "",
            self.parts.versions: gr.Row(visible=False),
            self.parts.compared: gr.HTML(visible=False),
            self.parts.again: gr.Button(visible=False),
            **self.busy(running=True),
        }

    def growing(self, rows: list[view.Row], progress: Progress) -> Update:
        """The answer so far, below the rows that stand; in the end, what it cost."""
        update: Update = {self.parts.log: [*rows, view.pending_row(progress)]}
        if progress.finished is not None:
            update[self.parts.status] = html.escape(view.numbers_line(progress.finished.numbers))
        return update

    def busy(self, *, running: bool) -> Update:
        """Send while nothing runs, Stop while something does."""
        return {
            self.parts.send: gr.Button(visible="hidden" if running else True),
            self.parts.stop: gr.Button(visible=True if running else "hidden"),
        }

    def settings(self, wishes: Wishes) -> Update:
        """The fields as these wishes have them."""
        values = (
            wishes.system,
            wishes.temperature,
            wishes.max_tokens,
            wishes.top_p,
            wishes.min_p,
            wishes.repeat_penalty,
            seed_text(wishes.seed),
        )
        return dict(zip(self.parts.wishes, values, strict=True))

    def rows(self, now: Conversation) -> list[view.Row]:
        """The log of a conversation."""
        return view.rows(now, self._notes)


def wishes_in(values: Sequence[Any]) -> Wishes:
    """What the fields say; Gradio has checked the kinds and ranges of the sliders.

    Raises:
        BadRequest: If the seed is no number.
    """
    system, temperature, max_tokens, top_p, min_p, repeat_penalty, seed = values
    return Wishes(
        system=system or "",
        temperature=float(temperature),
        max_tokens=int(max_tokens),
        top_p=float(top_p),
        min_p=float(min_p),
        repeat_penalty=float(repeat_penalty),
        seed=read_seed(seed or ""),
    )

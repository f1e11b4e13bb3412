"""Going about on a talking page: other conversations, other versions, numbers, the way back."""

import gradio as gr

from apps.talk import conversation as talk
from apps.talk import listing, view
from apps.talk.screen import Update
from apps.talk.showing import Showing
from apps.talk.view import Shown
from apps.ui import diff
from apps.ui.owner import owner_of
from shared.errors import BadRequest
from shared.texts import say

MOST_SEARCHED = 200
"""Characters of a search."""
ENDING_SECONDS = 2.0
"""How long a reloaded page waits for the answer of the old one to end."""


class Around:
    """Going from one conversation to another, and within one."""

    def __init__(self, view: Showing) -> None:
        self.view = view
        self.parts = view.parts

    async def arrive(self, request: gr.Request) -> Update:
        """Show the conversation that the person touched last.

        After a reload, the answer that ran in the old page is just being ended.
        """
        owner = owner_of(request)
        latest = self.view.store.kept.latest(owner)
        if not latest:
            return self.view.show(owner, talk.begin())
        await self.view.exchange.settled(latest, seconds=ENDING_SECONDS)
        return self.open(request, latest)

    def open(self, request: gr.Request, conversation_id: str) -> Update:
        """Show a conversation with the settings that it had."""
        owner = owner_of(request)
        conversation, wishes = self.view.store.open(owner, conversation_id)
        return {**self.view.show_settled(owner, conversation), **self.view.screen.settings(wishes)}

    def new(self, request: gr.Request) -> Update:
        """Begin a conversation."""
        shown = self.view.show(owner_of(request), talk.begin())
        return {**shown, self.parts.status: "", self.parts.search: ""}

    def new_temporary(self, request: gr.Request) -> Update:
        """Begin a conversation that is written down nowhere."""
        owner = owner_of(request)
        fresh = self.view.store.begin_temporary(owner, request.session_hash or owner)
        return {**self.view.show(owner, fresh), self.parts.status: ""}

    def leave(self, request: gr.Request) -> None:
        """Forget what was temporary in a tab that is gone."""
        gone = self.view.store.forget_tab(request.session_hash or owner_of(request))
        self.view.exchange.ctx.answers.forget_temporary(gone)

    async def pick(self, request: gr.Request, at: Shown, event: gr.EventData) -> Update:
        """Open, pin, rename or delete one of the list."""
        owner, act, chosen = owner_of(request), str(event.act), str(event.id)
        if act == "open":
            return {**self.open(request, chosen), self.parts.status: "", self.parts.search: ""}
        if act == "delete":
            self.view.store.delete(owner, chosen)
            if chosen == at.conversation_id:
                return {self.parts.status: "", **await self.arrive(request)}
        elif act == "pin":
            self.view.store.kept.pin(owner, chosen)
        elif act == "rename":
            self.view.store.kept.rename(owner, chosen, str(event.name))
        return self.view.show(owner, self.view.opened(owner, at))

    def search(self, request: gr.Request, at: Shown, words: str) -> str:
        """The list, narrowed to what has these words."""
        found = self.view.store.list(owner_of(request), search=words[:MOST_SEARCHED])
        return listing.as_html(found, at.conversation_id, searched=bool(words.strip()))

    def undo(self, request: gr.Request, chosen: gr.UndoData, at: Shown) -> Update:
        """Take a question back into the box, with everything after it."""
        owner = owner_of(request)
        now, wishes = self.view.store.open(owner, at.conversation_id)
        before, text = talk.undo(now, self.view.turn(now, at, chosen.index))
        self.view.store.keep(owner, before, wishes)
        return {**self.view.show(owner, before), self.parts.message: text}

    def earlier(self, request: gr.Request, at: Shown) -> Update:
        """Read the version before."""
        return self._show_version(owner_of(request), at, -1)

    def later(self, request: gr.Request, at: Shown) -> Update:
        """Read the version after."""
        return self._show_version(owner_of(request), at, 1)

    def compare(self, request: gr.Request, at: Shown) -> Update:
        """What the answer that is being read changes in the one before it."""
        now = self.view.opened(owner_of(request), at)
        turn = talk.branching(now)
        if turn is None:
            raise BadRequest(say("There is only one version here."), fix=say("Try it again first."))
        shown = diff.as_html(talk.neighbour(now, turn).text, turn.text)
        body = f'<div class="talk-diff" tabindex="0" dir="auto">{shown}</div>'
        return {self.parts.compared: gr.HTML(body, visible=True)}

    def numbers(self, request: gr.Request, at: Shown) -> str:
        """What each answer of the branch cost."""
        ids = self.view.answers(owner_of(request), at)
        found = [self.view.exchange.ctx.answers.get(answer_id) for answer_id in ids]
        return view.numbers_table([one for one in found if one is not None])

    def _show_version(self, owner: str, at: Shown, step: int) -> Update:
        now, wishes = self.view.store.open(owner, at.conversation_id)
        turn = talk.branching(now)
        if turn is not None:
            now = talk.show_version(now, turn, step)
            self.view.store.keep(owner, now, wishes)
        return self.view.show(owner, now)

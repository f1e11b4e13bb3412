"""A talking page: what happens when somebody sends, stops, retries, edits or goes back.

The page holds ids only. Every handler opens the conversation in the server's store by the owner's
cookie, takes one step on it (`apps.talk.conversation`), and shows what is in the store afterwards.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict

import gradio as gr

from apps.talk import conversation as talk
from apps.talk import export
from apps.talk.conversation import Conversation, Turn
from apps.talk.display import from_shown, text_of
from apps.talk.exchange import Exchange
from apps.talk.layout import Parts
from apps.talk.limits import check_message
from apps.talk.screen import Screen, Setting, Update, wishes_in
from apps.talk.style import Style
from apps.talk.view import Shown
from apps.ui.owner import owner_of
from shared.errors import BadRequest, NotFound

ENDING_SECONDS = 2.0
"""How long a reloaded page waits for the answer of the old one to end."""


class TalkPage:
    """The handlers of one talking page."""

    def __init__(self, parts: Parts, style: Style, exchange: Exchange) -> None:
        self.parts = parts
        self.style = style
        self.screen = Screen(parts, style.notes)
        self.exchange = exchange
        self.store = exchange.store

    async def send(
        self, request: gr.Request, at: Shown, text: str, *wishes: Setting
    ) -> AsyncGenerator[Update, None]:
        """Say something, and have it answered."""
        owner = owner_of(request)
        said = talk.say(self._open(owner, at), check_message(text))
        async with aclosing(self._answer(owner, said, wishes)) as updates:
            async for update in updates:
                yield update

    async def example(
        self, request: gr.Request, chosen: gr.SelectData, at: Shown, *wishes: Setting
    ) -> AsyncGenerator[Update, None]:
        """Say one of the examples."""
        async with aclosing(self.send(request, at, text_of(chosen.value), *wishes)) as updates:
            async for update in updates:
                yield update

    async def retry(
        self, request: gr.Request, chosen: gr.RetryData, at: Shown, *wishes: Setting
    ) -> AsyncGenerator[Update, None]:
        """Have a question answered anew; the answers that it has stay as versions."""
        owner = owner_of(request)
        now = self._open(owner, at)
        again = talk.ask_again(now, self._turn(now, at, chosen.index))
        async with aclosing(self._answer(owner, again, wishes)) as updates:
            async for update in updates:
                yield update

    async def edit(
        self, request: gr.Request, changed: gr.EditData, at: Shown, *wishes: Setting
    ) -> AsyncGenerator[Update, None]:
        """Ask something else in the place of a question."""
        owner = owner_of(request)
        now = self._open(owner, at)
        text = check_message(from_shown(text_of(changed.value)))
        other = talk.edit(now, self._turn(now, at, changed.index), text)
        async with aclosing(self._answer(owner, other, wishes)) as updates:
            async for update in updates:
                yield update

    def undo(self, request: gr.Request, chosen: gr.UndoData, at: Shown) -> Update:
        """Take a question back into the box, with everything after it."""
        owner = owner_of(request)
        now, wishes = self.store.open(owner, at.conversation_id)
        before, text = talk.undo(now, self._turn(now, at, chosen.index))
        self.store.keep(owner, before, wishes)
        return {**self._show(owner, before), self.parts.message: text}

    def settle(self, request: gr.Request, at: Shown, text: str) -> Update:
        """Show what came of an answer, however it ended."""
        if self.exchange.is_answering(at.conversation_id):
            # Gradio takes an empty dict for a value: changing nothing needs an entry.
            return {self.parts.message: gr.skip()}
        owner = owner_of(request)
        shown = self._show_settled(owner, self._open(owner, at))
        if text.strip():
            # What the person began to write meanwhile is theirs.
            shown.pop(self.parts.message, None)
        return {**shown, **self.screen.busy(running=False)}

    async def arrive(self, request: gr.Request) -> Update:
        """Show the conversation that the person touched last.

        After a reload, the answer that ran in the old page is just being ended.
        """
        owner = owner_of(request)
        listed = self.store.list(owner, limit=1)
        if not listed:
            return self._show(owner, talk.begin())
        await self.exchange.settled(listed[0].id, seconds=ENDING_SECONDS)
        return self.open(request, listed[0].id)

    def open(self, request: gr.Request, conversation_id: str) -> Update:
        """Show a conversation with the settings that it had."""
        owner = owner_of(request)
        conversation, wishes = self.store.open(owner, conversation_id)
        return {**self._show_settled(owner, conversation), **self.screen.settings(wishes)}

    def new(self, request: gr.Request) -> Update:
        """Begin a conversation."""
        return {**self._show(owner_of(request), talk.begin()), self.parts.status: ""}

    async def delete(self, request: gr.Request, at: Shown) -> Update:
        """Delete the conversation that is being read, and show the one before it."""
        self.store.delete(owner_of(request), at.conversation_id)
        return {self.parts.status: "", **await self.arrive(request)}

    def earlier(self, request: gr.Request, at: Shown) -> Update:
        """Read the version before."""
        return self._show_version(owner_of(request), at, -1)

    def later(self, request: gr.Request, at: Shown) -> Update:
        """Read the version after."""
        return self._show_version(owner_of(request), at, 1)

    def preset(self, name: str) -> Update:
        """Set the sliders; the person's own system prompt stays."""
        chosen = self.style.presets[name]
        return {
            part: value
            for part, value in self.screen.settings(chosen).items()
            if part is not self.parts.wishes[0]
        }

    def markdown(self, request: gr.Request, at: Shown) -> list[dict[str, str]]:
        """The conversation as a Markdown file."""
        return [asdict(export.as_markdown(self._open(owner_of(request), at)))]

    def json(self, request: gr.Request, at: Shown) -> list[dict[str, str]]:
        """The conversation as a JSON file."""
        return [asdict(export.as_json(self._open(owner_of(request), at)))]

    def files(self, request: gr.Request, at: Shown) -> list[dict[str, str]]:
        """The files in the last answer.

        Raises:
            BadRequest: If there is none.
        """
        path = self._open(owner_of(request), at).path()
        answers = [turn.text for turn in path if turn.role == "assistant"]
        found = self.style.files(answers[-1]) if self.style.files and answers else []
        if not found:
            raise BadRequest("There is no code here to keep.", fix="Ask for some first.")
        return [asdict(file) for file in found]

    def answer_id(self, owner: str, at: Shown, row: int) -> str:
        """The recorded answer in a row of the log; empty if the row is a question."""
        return self._turn(self._open(owner, at), at, row).answer_id

    def better_and_worse(self, owner: str, at: Shown) -> tuple[str, str]:
        """The answer that is being read, and the version next to it.

        Raises:
            BadRequest: If there is nothing to compare with.
        """
        now = self._open(owner, at)
        turn = talk.branching(now)
        if turn is None or turn.role != "assistant":
            raise BadRequest("There is only one answer here.", fix="Try it again first.")
        return turn.answer_id, talk.neighbour(now, turn).answer_id

    async def _answer(
        self, owner: str, conversation: Conversation, wishes: tuple[Setting, ...]
    ) -> AsyncGenerator[Update, None]:
        wanted = self.exchange.fitted(wishes_in(wishes))
        answer = self.exchange.answer(owner, conversation, wanted)
        rows = self.screen.rows(conversation)
        first = self.screen.asked(conversation)
        async with aclosing(answer):
            async for progress in answer:
                yield {**first, **self.screen.growing(rows, progress)}
                first = {}

    def _show(self, owner: str, now: Conversation) -> Update:
        return self.screen.conversation(now, self.store.list(owner))

    def _show_version(self, owner: str, at: Shown, step: int) -> Update:
        now, wishes = self.store.open(owner, at.conversation_id)
        turn = talk.branching(now)
        if turn is not None:
            now = talk.show_version(now, turn, step)
            self.store.keep(owner, now, wishes)
        return self._show(owner, now)

    def _show_settled(self, owner: str, now: Conversation) -> Update:
        """Show a conversation; a question without a word of answer goes back into the box."""
        path = now.path()
        if not path or path[-1].role == "assistant" or self.exchange.is_answering(now.id):
            return self._show(owner, now)
        before, question = talk.undo(now)
        self.store.keep(owner, before, self.store.open(owner, now.id)[1])
        return {**self._show(owner, before), self.parts.message: question}

    def _open(self, owner: str, at: Shown) -> Conversation:
        try:
            return self.store.open(owner, at.conversation_id)[0]
        except NotFound:
            # The page may show a conversation in which nothing has been said yet.
            return Conversation(id=at.conversation_id) if at.conversation_id else talk.begin()

    def _turn(self, conversation: Conversation, at: Shown, index: object) -> Turn:
        return conversation.turn(at.turn_id(index if isinstance(index, int) else -1))

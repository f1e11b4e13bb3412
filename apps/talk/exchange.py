"""Question in, growing answer out, and every turn written down, also of an answer that was stopped.

Plain Python: what the pages of chat and code do, without a page. One answer at a time in one
conversation; the person may talk in as many conversations as they like.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from apps.context import AnswerEvent, Ask, Context, Finished, Started
from apps.talk.conversation import Conversation, Turn, messages, reply
from apps.talk.limits import Wishes, check_wishes
from apps.talk.temporary import Conversations
from apps.ui.stream import Progress, growing
from feedback.records import App
from shared.engine.types import Piece, Request
from shared.errors import BadRequest, NotFound, StoreError
from shared.formats import chat as formats
from shared.messages import Message
from shared.texts import say

WRITTEN_EVERY_SECONDS = 1.0
"""How often a growing answer is written down; what came since is lost if the server is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an app talks: what makes it chat or code."""

    app: App
    default_system: str
    prompt_version: str


CHAT = Manner(app="chat", default_system=formats.SYSTEM, prompt_version=formats.VERSION)
CODE = Manner(app="code", default_system=formats.CODE_SYSTEM, prompt_version=formats.CODE_VERSION)


def question(manner: Manner, turns: list[Message], wishes: Wishes, *, owner: str) -> Ask:
    """What the model is asked."""
    own_words = bool(wishes.system.strip())
    request = Request(
        messages=formats.conversation(turns, system=wishes.system, default=manner.default_system),
        sampling=wishes.sampling(),
        app=manner.app,
        owner=owner,
        # The app's own system prompt may be reused between people; a person's own never.
        shared_messages=0 if own_words else 1,
    )
    return Ask(app=manner.app, request=request, prompt_version=manner.prompt_version)


class Exchange:
    """The conversations of one app with one model."""

    def __init__(self, ctx: Context, manner: Manner, store: Conversations) -> None:
        self.ctx = ctx
        self.manner = manner
        self.store = store
        self._answering: dict[str, asyncio.Event] = {}

    def window_tokens(self) -> int:
        """Window of the model that answers now."""
        return self.ctx.engine_for(self.manner.app).info().context_tokens

    def fitted(self, wishes: Wishes) -> Wishes:
        """The wishes with a length that the window allows; the slider knows no window.

        Raises:
            BadRequest: Naming another limit that is passed.
        """
        window = self.window_tokens()
        shorter = replace(wishes, max_tokens=min(wishes.max_tokens, window))
        return check_wishes(shorter, window_tokens=window)

    def is_answering(self, conversation_id: str) -> bool:
        """Whether an answer is being written in this conversation."""
        return conversation_id in self._answering

    async def settled(self, conversation_id: str, *, seconds: float) -> None:
        """Wait until no answer is being written, or this long."""
        if ended := self._answering.get(conversation_id):
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), seconds)

    async def answer(
        self, owner: str, conversation: Conversation, wishes: Wishes, *, seed: int | None = None
    ) -> AsyncGenerator[Progress, None]:
        """Answer the question at the leaf; what was written is kept however this ends.

        Args:
            owner: Who asks.
            conversation: With the question as its leaf.
            wishes: How it is to be answered; kept with the conversation.
            seed: For this answer alone, in the place of the one in the wishes.

        Raises:
            BadRequest: If this conversation is being answered already; else as `Context.answer`.
        """
        asked = conversation.turn(conversation.leaf or "")
        if conversation.id in self._answering:
            raise BadRequest(
                say("An answer is still being written here."), fix=say("Stop it first.")
            )
        wanted = wishes if seed is None else replace(wishes, seed=seed)
        ask = question(self.manner, messages(conversation.path()), wanted, owner=owner)
        ask = replace(ask, temporary=self.store.is_temporary(conversation.id))
        self.store.keep(owner, conversation, wishes)
        ended = self._answering[conversation.id] = asyncio.Event()
        heard = _Heard()
        try:
            async with aclosing(growing(heard.follow(self.ctx.answer(ask)))) as steps:
                async for step in steps:
                    if heard.is_due():
                        # Here and not in a thread: none may write after the end has tidied up.
                        with suppress(StoreError):
                            self.store.grow(conversation.id, asked, heard.text)
                    yield step
        finally:
            try:
                self._keep(owner, conversation.id, asked, wishes, heard)
                self.store.grown(conversation.id)
            finally:
                del self._answering[conversation.id]
                ended.set()

    def _keep(
        self, owner: str, conversation_id: str, asked: Turn, wishes: Wishes, heard: "_Heard"
    ) -> None:
        if not heard.text and heard.finish == "cancelled":
            return
        # Somebody who deletes the conversation meanwhile means the answer, too.
        with suppress(NotFound):
            now, _ = self.store.open(owner, conversation_id)
            kept = reply(
                now, asked, text=heard.text, answer_id=heard.answer_id, finish=heard.finish
            )
            self.store.keep(owner, kept, wishes)


@dataclass(slots=True)
class _Heard:
    """All of an answer that came, also what the page's next update would have shown."""

    answer_id: str = ""
    text: str = ""
    finish: str = "cancelled"
    written_at: float = 0.0

    def is_due(self) -> bool:
        """Whether to write it down now; if so, not again for a while."""
        due = bool(self.text) and time.monotonic() - self.written_at >= WRITTEN_EVERY_SECONDS
        if due:
            self.written_at = time.monotonic()
        return due

    async def follow(
        self, events: AsyncGenerator[AnswerEvent, None]
    ) -> AsyncGenerator[AnswerEvent, None]:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Started):
                    self.answer_id = event.answer_id
                elif isinstance(event, Piece):
                    self.text += event.text
                elif isinstance(event, Finished):
                    self.finish = event.numbers.finish_reason
                yield event

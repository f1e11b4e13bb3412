"""A talking page: what happens when somebody sends, stops, retries, edits or asks once more."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import gradio as gr

from apps.talk import conversation as talk
from apps.talk.conversation import Conversation, Turn
from apps.talk.display import from_shown, text_of
from apps.talk.limits import check_message
from apps.talk.screen import Setting, Update, wishes_in
from apps.talk.showing import Showing
from apps.talk.view import Shown
from apps.ui.owner import owner_of
from feedback.records import AnswerRecord
from shared.errors import BadRequest, NotFound
from shared.texts import say


class Asking:
    """What asks the model, and what people do with its answers."""

    def __init__(self, view: Showing) -> None:
        self.view = view
        self.parts = view.parts

    async def send(
        self, request: gr.Request, at: Shown, text: str, *wishes: Setting
    ) -> AsyncGenerator[Update, None]:
        """Say something, and have it answered."""
        owner = owner_of(request)
        said = talk.say(self.view.opened(owner, at), check_message(text))
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
        now = self.view.opened(owner, at)
        turn = self.view.turn(now, at, chosen.index)
        self.view.note("retry", owner, turn.answer_id)
        again = talk.ask_again(now, turn)
        async with aclosing(self._answer(owner, again, wishes)) as updates:
            async for update in updates:
                yield update

    async def edit(
        self, request: gr.Request, changed: gr.EditData, at: Shown, *wishes: Setting
    ) -> AsyncGenerator[Update, None]:
        """Ask something else in the place of a question."""
        owner = owner_of(request)
        now = self.view.opened(owner, at)
        text = check_message(from_shown(text_of(changed.value)))
        turn = self.view.turn(now, at, changed.index)
        self.view.note("edit", owner, _answer_to(now, turn))
        other = talk.edit(now, turn, text)
        async with aclosing(self._answer(owner, other, wishes)) as updates:
            async for update in updates:
                yield update

    async def again(
        self, request: gr.Request, at: Shown, *wishes: Setting
    ) -> AsyncGenerator[Update, None]:
        """Have the last question answered anew, with the settings of now and the same seed.

        Raises:
            NotFound: If the answer is no longer recorded.
        """
        owner = owner_of(request)
        now = self.view.opened(owner, at)
        record = self._record(now.path()[-1] if now.leaf else None)
        fresh = talk.ask_again(now, now.turn(now.leaf or ""))
        seed = int(record.sampling["seed"])
        async with aclosing(self._answer(owner, fresh, wishes, seed=seed)) as updates:
            async for update in updates:
                yield update

    def action(self, says: str) -> Callable[..., AsyncGenerator[Update, None]]:
        """A handler that says something for the person; `{}` is what stands in the box."""

        async def act(
            request: gr.Request, at: Shown, text: str, *wishes: Setting
        ) -> AsyncGenerator[Update, None]:
            if not at.turn_ids:
                raise BadRequest(
                    say("There is no code here yet."), fix=say("Paste some, or ask for it.")
                )
            if "{}" in says and not text.strip():
                raise BadRequest(
                    say("The error is missing."), fix=say("Paste it into the box first.")
                )
            message = says.replace("{}", text) if "{}" in says else says
            async with aclosing(self.send(request, at, message, *wishes)) as updates:
                async for update in updates:
                    yield update

        return act

    def settle(self, request: gr.Request, at: Shown, text: str) -> Update:
        """Show what came of an answer, however it ended."""
        if self.view.exchange.is_answering(at.conversation_id):
            # Gradio takes an empty dict for a value: changing nothing needs an entry.
            return {self.parts.message: gr.skip()}
        owner = owner_of(request)
        shown = self.view.show_settled(owner, self.view.opened(owner, at))
        if text.strip():
            # What the person began to write meanwhile is theirs.
            shown.pop(self.parts.message, None)
        return {**shown, **self.view.screen.busy(running=False)}

    def stopped(self, request: gr.Request, at: Shown) -> None:
        """Somebody pressed Stop: count it for what had been written."""
        owner = owner_of(request)
        path = self.view.opened(owner, at).path()
        if path and path[-1].finish == "cancelled":
            self.view.note("stop", owner, path[-1].answer_id)

    def copied(self, request: gr.Request, at: Shown) -> None:
        """Somebody copied an answer; Gradio does not say which, so the last one counts."""
        owner = owner_of(request)
        self.view.note("copy", owner, next(iter(self.view.answers(owner, at)[-1:]), ""))

    def answer_id(self, owner: str, at: Shown, row: int) -> str:
        """The recorded answer in a row of the log; empty if the row is a question."""
        return self.view.turn(self.view.opened(owner, at), at, row).answer_id

    def better_and_worse(self, owner: str, at: Shown) -> tuple[str, str]:
        """The answer that is being read, and the version next to it.

        Raises:
            BadRequest: If there is nothing to compare with.
        """
        now = self.view.opened(owner, at)
        turn = talk.branching(now)
        if turn is None or turn.role != "assistant":
            raise BadRequest(say("There is only one answer here."), fix=say("Try it again first."))
        return turn.answer_id, talk.neighbour(now, turn).answer_id

    def _record(self, turn: Turn | None) -> AnswerRecord:
        record = self.view.exchange.ctx.answers.get(turn.answer_id) if turn else None
        if record is None:
            raise NotFound(
                say("This answer's seed is no longer known."), fix=say("Use Retry instead.")
            )
        return record

    async def _answer(
        self,
        owner: str,
        conversation: Conversation,
        wishes: tuple[Setting, ...],
        *,
        seed: int | None = None,
    ) -> AsyncGenerator[Update, None]:
        *settings, passing = wishes
        if passing is True and not self.view.store.is_temporary(conversation.id):
            # The page shows a temporary chat that is forgotten; nothing of it may be written down.
            raise NotFound(say("This temporary chat has ended."), fix=say("Begin a new one."))
        wanted = self.view.exchange.fitted(wishes_in(settings))
        answer = self.view.exchange.answer(owner, conversation, wanted, seed=seed)
        rows = self.view.screen.rows(conversation)
        first = self.view.screen.asked(conversation)
        async with aclosing(answer):
            async for progress in answer:
                yield {**first, **self.view.screen.growing(rows, progress)}
                first = {}


def _answer_to(conversation: Conversation, question: Turn) -> str:
    """The answer below a question in the branch that is being read; empty if there is none."""
    below = (turn.answer_id for turn in conversation.path() if turn.parent == question.id)
    return next(below, "")

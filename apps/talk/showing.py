"""What all handlers of a talking page stand on: whose conversation it is, and how it is shown.

The page holds ids only. A conversation is opened in the server's store by the owner's cookie, and
what is shown afterwards is what is in the store.
"""

from apps.talk import conversation as talk
from apps.talk.conversation import Conversation, Turn
from apps.talk.exchange import Exchange
from apps.talk.layout import Parts
from apps.talk.screen import Screen, Update
from apps.talk.style import Style
from apps.talk.view import Shown
from feedback.signals import Signal
from shared.errors import NotFound


class Showing:
    """One talking page and the conversations behind it."""

    def __init__(self, parts: Parts, style: Style, exchange: Exchange) -> None:
        self.parts = parts
        self.style = style
        self.screen = Screen(parts, style.notes)
        self.exchange = exchange
        self.store = exchange.store

    def show(self, owner: str, now: Conversation) -> Update:
        """Show a conversation at rest."""
        passing = self.store.is_temporary(now.id)
        return self.screen.conversation(now, self.store.list(owner), temporary=passing)

    def show_settled(self, owner: str, now: Conversation) -> Update:
        """Show a conversation; a question without a word of answer goes back into the box."""
        path = now.path()
        if not path or path[-1].role == "assistant" or self.exchange.is_answering(now.id):
            return self.show(owner, now)
        before, question = talk.undo(now)
        self.store.keep(owner, before, self.store.open(owner, now.id)[1])
        return {**self.show(owner, before), self.parts.message: question}

    def opened(self, owner: str, at: Shown) -> Conversation:
        """The conversation that a page shows."""
        try:
            return self.store.open(owner, at.conversation_id)[0]
        except NotFound:
            # The page may show a conversation in which nothing has been said yet.
            return Conversation(id=at.conversation_id) if at.conversation_id else talk.begin()

    def turn(self, conversation: Conversation, at: Shown, index: object) -> Turn:
        """The turn in a row of the log; raises BadRequest if there is none."""
        return conversation.turn(at.turn_id(index if isinstance(index, int) else -1))

    def answers(self, owner: str, at: Shown) -> list[str]:
        """Ids of the recorded answers of the branch, oldest first."""
        return [turn.answer_id for turn in self.opened(owner, at).path() if turn.answer_id]

    def note(self, kind: Signal, owner: str, answer_id: str) -> None:
        """Count what somebody did with an answer; nothing happens without one."""
        if answer_id:
            self.exchange.ctx.answers.note(kind, answer_id, owner=owner)

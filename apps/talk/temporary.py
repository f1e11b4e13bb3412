"""Temporary conversations: in the server's memory, gone with their tab, never on disk.

`Conversations` is what a page works with: it keeps each conversation where it belongs and knows
which are temporary, so nothing else has to. A conversation is temporary from its first word or
never.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from apps.talk.conversation import Conversation, Turn, begin
from apps.talk.limits import Wishes
from apps.talk.store import ConversationStore, Listed
from shared.errors import NotFound
from shared.texts import say

MOST = 1_000
"""Temporary conversations at once on one server; the oldest make room."""
HOURS = 12
"""After which one is forgotten even if its tab was never heard of again."""


@dataclass(slots=True)
class _Passing:
    owner: str
    tab: str
    conversation: Conversation
    wishes: Wishes
    touched: float


class Conversations:
    """The conversations of everybody in one app, lasting and temporary."""

    def __init__(self, kept: ConversationStore) -> None:
        self.kept = kept
        self._passing: OrderedDict[str, _Passing] = OrderedDict()
        self._lock = threading.Lock()

    def begin_temporary(self, owner: str, tab: str) -> Conversation:
        """A conversation that ends with its tab.

        Args:
            owner: Who talks.
            tab: The tab's id, as `forget_tab` will name it.
        """
        fresh = begin()
        with self._lock:
            self._passing[fresh.id] = _Passing(owner, tab, fresh, Wishes(), time.monotonic())
            while len(self._passing) > MOST:
                self._passing.popitem(last=False)
        return fresh

    def is_temporary(self, conversation_id: str) -> bool:
        """Whether nothing of this conversation is written down."""
        return conversation_id in self._passing

    def has_temporary(self, answer_id: str) -> bool:
        """Whether an answer belongs to a temporary conversation."""
        with self._lock:
            return any(answer_id in _answers(one) for one in self._passing.values())

    def forget_tab(self, tab: str) -> list[str]:
        """Drop what was said in a tab that is gone; gives the ids of the answers."""
        with self._lock:
            gone = [self._passing.pop(key) for key in self._of_tab(tab)]
        return [answer_id for one in gone for answer_id in _answers(one)]

    def _of_tab(self, tab: str) -> list[str]:
        return [key for key, one in self._passing.items() if one.tab == tab]

    def sweep(self) -> None:
        """Drop what nobody touched for long."""
        oldest = time.monotonic() - HOURS * 3600
        with self._lock:
            for key in [key for key, one in self._passing.items() if one.touched < oldest]:
                del self._passing[key]
        self.kept.sweep()

    def keep(self, owner: str, conversation: Conversation, wishes: Wishes) -> None:
        """Keep what is new in a conversation; raises as `ConversationStore.keep`."""
        with self._lock:
            passing = self._own(owner, conversation.id)
            if passing is not None:
                # Another tab of the same person may know turns that this copy does not.
                known = {turn.id for turn in conversation.turns}
                others = [one for one in passing.conversation.turns if one.id not in known]
                turns = (*others, *conversation.turns)
                passing.conversation = Conversation(
                    id=conversation.id, turns=turns, leaf=conversation.leaf
                )
                passing.wishes, passing.touched = wishes, time.monotonic()
                return
        self.kept.keep(owner, conversation, wishes)

    def grow(self, conversation_id: str, question: Turn, text: str) -> None:
        """Write down what there is of an answer; nothing of a temporary chat is.

        Raises:
            StoreError: If it cannot be written.
        """
        if not self.is_temporary(conversation_id):
            self.kept.grow(conversation_id, question, text)

    def grown(self, conversation_id: str) -> None:
        """Forget what `grow` wrote."""
        if not self.is_temporary(conversation_id):
            self.kept.grown(conversation_id)

    def open(self, owner: str, conversation_id: str) -> tuple[Conversation, Wishes]:
        """One conversation of this owner.

        Raises:
            NotFound: If this owner has none with this id.
        """
        with self._lock:
            passing = self._own(owner, conversation_id)
            if passing is not None:
                return passing.conversation, passing.wishes
        return self.kept.open(owner, conversation_id)

    def list(self, owner: str, *, search: str = "", limit: int = 100) -> list[Listed]:
        """The lasting ones of this owner; a temporary one is not listed."""
        return self.kept.list(owner, search=search, limit=limit)

    def delete(self, owner: str, conversation_id: str) -> None:
        """Delete a conversation; nothing happens if this owner has none."""
        with self._lock:
            if self._own(owner, conversation_id) is not None:
                del self._passing[conversation_id]
                return
        self.kept.delete(owner, conversation_id)

    def _own(self, owner: str, conversation_id: str) -> _Passing | None:
        passing = self._passing.get(conversation_id)
        if passing is not None and passing.owner != owner:
            raise NotFound(
                say("This conversation is not here."), fix=say("Open another or begin a new one.")
            )
        return passing


def _answers(one: _Passing) -> list[str]:
    return [turn.answer_id for turn in one.conversation.turns if turn.answer_id]

"""A conversation as a tree: nothing that was said is ever overwritten.

Every turn knows the one before it. Trying again adds a second answer below the same question, and
editing adds a second question below the same answer; the leaf says which of the branches is being
read. So retry, edit, undo and going back to an earlier version are all one step on a tree, and none
of them can lose a word. Plain values; keeping them is `apps.talk.store`'s business.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shared import texts
from shared.errors import BadRequest
from shared.ids import new_id
from shared.messages import Message

TITLE_CHARACTERS = 48
UNTITLED = texts.later("New conversation")
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^`\n]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one side said."""

    id: str
    parent: str | None
    """The turn before; None for an opening."""
    role: Literal["user", "assistant"]
    text: str
    answer_id: str = ""
    """Of the recorded answer; empty for what the person said."""
    finish: str = ""
    """Why an answer ended, as in `Numbers.finish_reason`, or that a killed server cut it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """All turns that were ever taken, and the branch that is being read."""

    id: str
    turns: tuple[Turn, ...] = ()
    """In the order in which they were taken."""
    leaf: str | None = None
    """Last turn of the branch; None before the first."""

    def path(self) -> tuple[Turn, ...]:
        """The branch that is being read, oldest first."""
        by_id = {turn.id: turn for turn in self.turns}
        found: list[Turn] = []
        at = self.leaf
        while at is not None:
            found.append(by_id[at])
            at = by_id[at].parent
        return tuple(reversed(found))

    def turn(self, turn_id: str) -> Turn:
        """One turn of this conversation.

        Raises:
            BadRequest: If there is none with this id.
        """
        for turn in self.turns:
            if turn.id == turn_id:
                return turn
        raise BadRequest(
            texts.say("This message is not part of the conversation."),
            fix=texts.say("Reload the page."),
        )

    def versions(self, turn: Turn) -> tuple[Turn, ...]:
        """All turns that stand in the same place, oldest first; at least the turn itself."""
        return tuple(
            one for one in self.turns if (one.parent, one.role) == (turn.parent, turn.role)
        )

    def title(self) -> str:
        """The opening in a few words."""
        path = self.path() or self.turns
        words = " ".join(_FENCE.sub(" ", path[0].text).split()) if path else ""
        cut = words if len(words) <= TITLE_CHARACTERS else words[: TITLE_CHARACTERS - 1] + "…"
        return cut or texts.say(UNTITLED)


def begin() -> Conversation:
    """A conversation in which nothing has been said."""
    return Conversation(id=new_id())


def say(conversation: Conversation, text: str) -> Conversation:
    """The person says something at the end of the branch."""
    return _add(conversation, Turn(id=new_id(), parent=conversation.leaf, role="user", text=text))


def reply(
    conversation: Conversation, question: Turn, *, text: str, answer_id: str, finish: str
) -> Conversation:
    """An answer below a question, beside the answers that it already has."""
    answer = Turn(
        id=new_id(),
        parent=question.id,
        role="assistant",
        text=text,
        answer_id=answer_id,
        finish=finish,
    )
    return _add(conversation, answer)


def ask_again(conversation: Conversation, turn: Turn) -> Conversation:
    """Go back to the question that `turn` is or answers, so that it can be answered anew."""
    question = turn if turn.role == "user" else conversation.turn(turn.parent or "")
    return replace(conversation, leaf=question.id)


def edit(conversation: Conversation, turn: Turn, text: str) -> Conversation:
    """Say something else in the place of `turn`; the old wording stays as a version."""
    return say(replace(conversation, leaf=turn.parent), text)


def undo(conversation: Conversation, turn: Turn | None = None) -> tuple[Conversation, str]:
    """Step back to before a question (the last one, if none is named), and return its text."""
    path = conversation.path()
    if turn is not None and turn.role == "assistant":
        turn = conversation.turn(turn.parent or "")
    question = turn or next((one for one in reversed(path) if one.role == "user"), None)
    if question is None:
        return conversation, ""
    return replace(conversation, leaf=question.parent), question.text


def show_version(conversation: Conversation, turn: Turn, step: int) -> Conversation:
    """Read the next (+1) or previous (-1) version of a turn, to the end of its newest branch."""
    versions = conversation.versions(turn)
    place = min(max(versions.index(turn) + step, 0), len(versions) - 1)
    at = versions[place]
    while below := [one for one in conversation.turns if one.parent == at.id]:
        at = below[-1]
    return replace(conversation, leaf=at.id)


def neighbour(conversation: Conversation, turn: Turn) -> Turn:
    """The version before this one, or after it if it is the first; itself if there is no other."""
    versions = conversation.versions(turn)
    place = versions.index(turn)
    return versions[place - 1] if place else versions[min(1, len(versions) - 1)]


def branching(conversation: Conversation) -> Turn | None:
    """The last turn of the branch that has other versions."""
    branched = (turn for turn in reversed(conversation.path()) if _has_versions(conversation, turn))
    return next(branched, None)


def messages(turns: Sequence[Turn]) -> list[Message]:
    """The turns for a model; answers of which nothing was written are left out."""
    return [Message(turn.role, turn.text) for turn in turns if turn.text]


def _has_versions(conversation: Conversation, turn: Turn) -> bool:
    return len(conversation.versions(turn)) > 1


def _add(conversation: Conversation, turn: Turn) -> Conversation:
    return replace(conversation, turns=(*conversation.turns, turn), leaf=turn.id)

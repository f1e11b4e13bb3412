"""Reads the feedback that Open WebUI exports (Admin, Evaluations, Feedback, Export).

The file is a list of ratings, each with a copy of its whole chat. The chat is a tree; the rated
message and the path to it are what a flag is about. What an arena compared becomes a preference
when the copy holds exactly one rival.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from feedback.drafts import storable
from feedback.records import (
    MAX_COMMENT,
    AnswerRecord,
    Consent,
    FlagDraft,
    ModelRef,
    Turn,
    Verdict,
    owner_hash,
)

MAX_MESSAGE = 100_000
REASONS = {
    "accurate_information": "accurate",
    "attention_to_detail": "accurate",
    "followed_instructions_perfectly": "followed",
    "showcased_creativity": "creative",
    "thorough_explanation": "clear",
    "dont_like_the_style": "style",
    "too_verbose": "length",
    "not_factually_correct": "incorrect",
    "didnt_fully_follow_instructions": "instructions",
    "refused_when_it_shouldnt_have": "refused",
    "being_lazy": "incomplete",
}
"""Their reasons to ours; what has no counterpart (`other`, `positive_attitude`) is none."""
VERDICTS: dict[str, Verdict] = {"1": "up", "-1": "down"}


class Unusable(Exception):
    """A rating that cannot become a flag, and why, in two or three words."""


class _Part(BaseModel):
    """Only what is read here; the rest of an export may look like anything."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())


class _Message(_Part):
    id: str
    parent: str | None = Field(None, alias="parentId")
    role: str
    content: str
    model: str | None = None


class _Data(_Part):
    rating: int | str | None = None
    model_id: str | None = None
    reason: str | None = None
    comment: str | None = None


class _Meta(_Part):
    arena: bool | None = None
    message_id: str | None = None


class Rating(_Part):
    """One rating of the file."""

    id: str
    user_id: str
    data: _Data
    meta: _Meta
    snapshot: dict[str, Any]
    created_at: int = 0
    """Seconds since 1970."""

    @property
    def person(self) -> str:
        """Its author, as owners are stored; one person of theirs is one of ours."""
        return owner_hash(f"open-webui {storable(self.user_id)}")


def as_flag(rating: Rating, consent: Consent) -> tuple[AnswerRecord, FlagDraft, str]:
    """The answer, what its reader said, and with a preference the answer that lost.

    Raises:
        Unusable: If the rating says nothing, or its message is not in the file.
    """
    verdict = VERDICTS.get(str(rating.data.rating))
    if verdict is None:
        raise Unusable("no thumb")
    messages = _messages(rating.snapshot)
    rated = messages.get(rating.meta.message_id or "")
    if rated is None or rated.role != "assistant" or not rated.content.strip():
        raise Unusable("no answer in the copy")
    path = _path(messages, rated)
    comment = storable(rating.data.comment or "")
    if len(comment) > MAX_COMMENT or any(len(turn.content) > MAX_MESSAGE for turn in path):
        raise Unusable("too long")
    answer = AnswerRecord(
        id=f"open-webui {storable(rating.id)}"[:100],
        app="chat",
        owner=rating.person,
        messages=tuple(path[:-1]),
        text=path[-1].content,
        model=ModelRef(name=storable(rated.model or rating.data.model_id or "unknown")[:200]),
    )
    rival = _rival(messages, rated) if rating.meta.arena and verdict == "up" else ""
    reason = REASONS.get(rating.data.reason or "")
    draft = FlagDraft(
        answer_id=answer.id,
        verdict="prefer" if rival else verdict,
        reasons=(reason,) if reason else (),
        comment=comment,
        consent=consent,
    )
    return answer, draft, rival


def _messages(snapshot: Mapping[str, Any]) -> dict[str, _Message]:
    chat = snapshot.get("chat")
    # The chat's row, with the chat itself inside.
    inner = chat.get("chat", chat) if isinstance(chat, dict) else None
    history = inner.get("history") if isinstance(inner, dict) else None
    found = history.get("messages") if isinstance(history, dict) else None
    if not isinstance(found, dict):
        raise Unusable("no chat in the copy")
    messages = (_Message.model_validate(row) for row in found.values())
    return {message.id: message for message in messages}


def _path(messages: Mapping[str, _Message], rated: _Message) -> list[Turn]:
    """From the first message to the rated one; a copy with a circle in it has none."""
    turns: list[Turn] = []
    seen: set[str] = set()
    at: _Message | None = rated
    while at is not None:
        if at.id in seen:
            raise Unusable("a damaged chat")
        seen.add(at.id)
        turns.append(Turn(role=storable(at.role)[:20], content=storable(at.content)))
        at = messages.get(at.parent or "")
    return turns[::-1]


def _rival(messages: Mapping[str, _Message], rated: _Message) -> str:
    others = [
        one.content
        for one in messages.values()
        if one.parent == rated.parent and one.role == "assistant" and one.id != rated.id
    ]
    return storable(others[0]) if len(others) == 1 else ""

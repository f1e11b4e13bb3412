"""A conversation as a file of one's own, and back: to the letter, with all its versions as JSON.

Markdown holds the branch that is being read and is for people; read back, a line such as `## You`
inside a message counts as the beginning of the next one.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from apps.checks import storable
from apps.talk.conversation import Conversation, Turn, begin
from apps.talk.limits import MESSAGE_CHARACTERS
from shared.errors import BadRequest
from shared.ids import new_id
from shared.texts import later, say

Role = Literal["user", "assistant"]
SPEAKERS: dict[Role, str] = {"user": "You", "assistant": "Inkloop"}
MOST_TURNS = 5_000
_HEADING = re.compile(r"^## (You|Inkloop)$", re.MULTILINE)
_NOT_OURS = later("Choose a JSON or Markdown file that was kept here, or a JSON list of messages.")


@dataclass(frozen=True, slots=True)
class File:
    """A small text file that the browser keeps."""

    name: str
    text: str


Files = Callable[[str], list[File]]
"""From an answer to the files in it."""


def as_markdown(conversation: Conversation) -> File:
    """Readable, with a heading for each turn."""
    said = [f"## {SPEAKERS[turn.role]}\n\n{turn.text}\n" for turn in conversation.path()]
    text = "\n".join([f"# {conversation.title()}\n", *said])
    return File(_name(conversation, "md"), text)


def as_json(conversation: Conversation) -> File:
    """For programs: the branch in the messages form that most of them read, and every turn."""
    messages = [{"role": turn.role, "content": turn.text} for turn in conversation.path()]
    turns = [
        {"id": turn.id, "parent": turn.parent, "role": turn.role, "text": turn.text}
        for turn in conversation.turns
    ]
    whole = {
        "id": conversation.id,
        "title": conversation.title(),
        "messages": messages,
        "turns": turns,
        "leaf": conversation.leaf,
    }
    return File(_name(conversation, "json"), json.dumps(whole, ensure_ascii=False, indent=2) + "\n")


def read_file(text: str) -> Conversation:
    """A conversation out of a file, as a new one: its answers cannot be flagged here.

    Raises:
        BadRequest: If it is no such file, or holds too much.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _from_json(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadRequest(say("This JSON is not a conversation."), fix=say(_NOT_OURS)) from error
    parts = _HEADING.split(text)
    if len(parts) < 3:
        raise BadRequest(say("This file is not a conversation."), fix=say(_NOT_OURS))
    roles: dict[str, Role] = {name: role for role, name in SPEAKERS.items()}
    said = [
        (roles[speaker], words.strip("\n"))
        for speaker, words in zip(parts[1::2], parts[2::2], strict=True)
    ]
    return _one_branch(said)


def _from_json(raw: Any) -> Conversation:  # noqa: ANN401 - whatever a file holds
    if isinstance(raw, dict) and raw.get("turns"):
        return _whole(raw["turns"], raw["leaf"])
    rows = raw["messages"] if isinstance(raw, dict) else raw
    said = [(row["role"], row["content"]) for row in rows if row["role"] != "system"]
    return _one_branch(said)


def _whole(rows: list[dict[str, Any]], leaf: str) -> Conversation:
    """All turns under new ids; each must come after the one it answers."""
    ids: dict[str | None, str | None] = {None: None}
    turns: list[Turn] = []
    for row in rows:
        turn = _turn(row["role"], row["text"], ids[row["parent"]])
        ids[row["id"]] = turn.id
        turns.append(turn)
    return replace(begin(), turns=_few(turns), leaf=ids[leaf])


def _one_branch(said: list[tuple[Role, str]]) -> Conversation:
    turns: list[Turn] = []
    for role, text in said:
        turns.append(_turn(role, text, turns[-1].id if turns else None))
    if not turns:
        raise BadRequest(say("There is nothing in this file."), fix=say(_NOT_OURS))
    return replace(begin(), turns=_few(turns), leaf=turns[-1].id)


def _turn(role: Role, text: str, parent: str | None) -> Turn:
    if role not in SPEAKERS or not isinstance(text, str):
        raise ValueError(role)
    if len(text) > MESSAGE_CHARACTERS:
        raise BadRequest(
            say("A message in this file has {count} characters.", count=f"{len(text):,}"),
            fix=say("The limit is {limit}.", limit=f"{MESSAGE_CHARACTERS:,}"),
        )
    finish = "stop" if role == "assistant" else ""
    return Turn(id=new_id(), parent=parent, role=role, text=storable(text), finish=finish)


def _few(turns: list[Turn]) -> tuple[Turn, ...]:
    if len(turns) > MOST_TURNS:
        raise BadRequest(
            say("This file has {count} messages.", count=f"{len(turns):,}"),
            fix=say("The limit is {limit}.", limit=f"{MOST_TURNS:,}"),
        )
    return tuple(turns)


def _name(conversation: Conversation, extension: str) -> str:
    words = re.sub(r"[^\w-]+", "-", conversation.title()).strip("-").lower()
    return f"{words or 'conversation'}.{extension}"

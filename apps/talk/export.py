"""A conversation as a file of one's own: the branch that is being read, to the letter."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from apps.talk.conversation import Conversation

SPEAKERS = {"user": "You", "assistant": "Inkloop"}


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
    """For programs, in the messages form that most of them read."""
    messages = [{"role": turn.role, "content": turn.text} for turn in conversation.path()]
    whole = {"id": conversation.id, "title": conversation.title(), "messages": messages}
    return File(_name(conversation, "json"), json.dumps(whole, ensure_ascii=False, indent=2) + "\n")


def _name(conversation: Conversation, extension: str) -> str:
    words = re.sub(r"[^\w-]+", "-", conversation.title()).strip("-").lower()
    return f"{words or 'conversation'}.{extension}"

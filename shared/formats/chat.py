"""Chat and code: one system message, then free turns."""

from shared.messages import Message

VERSION = "chat-1"
CODE_VERSION = "code-1"

SYSTEM = "You are Inkloop, a friendly writing assistant. Answer briefly and clearly."
CODE_SYSTEM = (
    "You are Inkloop, a careful programmer. Answer with one short code block and one sentence"
    " that explains it."
)


def conversation(turns: list[Message], *, system: str, default: str) -> tuple[Message, ...]:
    """The turns under the person's own system prompt, or under the app's when it is empty."""
    return (Message("system", system.strip() or default), *turns)

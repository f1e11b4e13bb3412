"""One turn of a conversation, as every room passes it on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, cast

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Message:
    """Who said what. The text is kept to the byte: indentation and blank lines included."""

    role: Role
    content: str


def to_dict(message: Message) -> dict[str, str]:
    """The message as the field writes it: `{"role": …, "content": …}`."""
    return cast(dict[str, str], asdict(message))


def from_dict(raw: Mapping[str, str]) -> Message:
    """Read `{"role", "content"}`.

    Raises:
        ValueError: If the role is none of system, user and assistant.
    """
    role = raw["role"]
    if role not in ROLES:
        raise ValueError(f"{role!r} is not a role; the roles are {', '.join(ROLES)}.")
    return Message(role, raw["content"])

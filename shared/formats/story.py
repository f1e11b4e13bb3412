"""The storymaker: a scene as prose, then the reader's choices as JSON, in one conversation.

user: title, genre, tone, "Begin the story."      assistant: scene
user: CHOICES                                     assistant: {"choices": [...]}
user: "I choose: …"                               assistant: scene
user: CHOICES                                     assistant: {"choices": [...]}   …

Reading can begin while the choices are still to come, every turn extends the one before, so only
new tokens are read, and the choices always parse because the schema binds them. A scene that ends
with THE_END has no choices.
"""

import json
from typing import Any

from shared.messages import Message

VERSION = "story-1"

SYSTEM = (
    "You tell a story in which the reader decides what happens next. Write one short scene at a"
    " time, in two to five sentences, and stop before the next decision."
)
CHOICES = "What can the reader do next? Answer as JSON with two to four short choices."
THE_END = "The end."

GENRES = ("fairy tale", "adventure", "mystery", "science fiction", "animal", "spooky")
TONES = ("cheerful", "calm", "funny", "dark", "mysterious", "exciting")

CHOICES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "choices": {
            "type": "array",
            "minItems": 2,
            "maxItems": 4,
            "items": {"type": "string", "minLength": 3, "maxLength": 80},
        }
    },
    "required": ["choices"],
    "additionalProperties": False,
}


def begin(title: str, genre: str = "", tone: str = "") -> Message:
    """The reader's first message; empty genre and tone are left out."""
    lines = [f"Title: {title}"]
    lines += [f"Genre: {genre}"] if genre else []
    lines += [f"Tone: {tone}"] if tone else []
    return Message("user", "\n".join([*lines, "Begin the story."]))


def choose(choice: str) -> Message:
    """The reader takes one of the choices."""
    return Message("user", f"I choose: {choice}")


def act(action: str) -> Message:
    """The reader does something of their own."""
    return Message("user", f"I do this: {action}")


def ask_end() -> Message:
    """Ask for the last scene."""
    return Message("user", f"Write the last scene and close with “{THE_END}”")


def choices_answer(choices: list[str]) -> Message:
    """The model's choices as they stand in the conversation."""
    text = json.dumps({"choices": choices}, ensure_ascii=False, separators=(",", ":"))
    return Message("assistant", text)


def parse_choices(text: str) -> list[str]:
    """Read the JSON of choices, without empty ones and repeats.

    Raises:
        ValueError: If the text is not an object with a list of texts under `choices`.
    """
    found = json.loads(text)["choices"]
    if not isinstance(found, list):
        raise ValueError("“choices” is not a list.")
    seen: dict[str, str] = {}
    for choice in found:
        tidy = " ".join(str(choice).split())
        if tidy:
            seen.setdefault(tidy.casefold().rstrip("."), tidy)
    return list(seen.values())


def is_ending(scene: str) -> bool:
    """Whether the scene closes the story."""
    return scene.rstrip().casefold().endswith(THE_END.casefold())

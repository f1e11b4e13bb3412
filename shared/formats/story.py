"""The storymaker: a scene as prose, then the reader's choices as JSON, in one conversation.

user: title, genre, tone, "Begin the story."      assistant: scene
user: CHOICES                                     assistant: {"choices": [...]}
user: "I choose: …"                               assistant: scene
user: CHOICES                                     assistant: {"choices": [...]}   …

Reading can begin while the choices are still to come, every turn extends the one before, so only
new tokens are read, and the choices always parse because the schema binds them. A scene that ends
with THE_END has no choices. What the reader pinned stands above the reader's line, where it is due:
“Keep in mind:” and one note a line. What left the window is told as “Earlier: …”.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.messages import Message
from shared.texts import later

VERSION = "story-1"

SYSTEM = (
    "You tell a story in which the reader decides what happens next. Write one short scene at a"
    " time, in two to five sentences, and stop before the next decision."
)
CHOICES = "What can the reader do next? Answer as JSON with two to four short choices."
THE_END = "The end."

# Marked because they are also labels on the page; the model always reads them as they stand here.
GENRES = (
    later("fairy tale"),
    later("adventure"),
    later("mystery"),
    later("science fiction"),
    later("animal"),
    later("spooky"),
)
TONES = (
    later("cheerful"),
    later("calm"),
    later("funny"),
    later("dark"),
    later("mysterious"),
    later("exciting"),
)

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

AGES = (later("5 to 7"), later("8 to 11"), later("12 to 15"), later("grown-up"))
LENGTHS = {
    later("short"): "one or two sentences",
    later("middle"): "three to five sentences",
    later("long"): "six to nine sentences",
}
PERSONS = (later("second person (you)"), later("first person (I)"), later("third person"))
TENSES = (later("past"), later("present"))
FOR_CHILDREN = "For children: nothing cruel, no blood, no weapons, no drugs, no swearing."

STATE = "What holds now? Answer as JSON: the place, people, things the reader has, and facts."
STATE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "place": {"type": "string", "maxLength": 80},
        **{
            name: {
                "type": "array",
                "maxItems": 6,
                "items": {"type": "string", "minLength": 2, "maxLength": 80},
            }
            for name in ("people", "things", "facts")
        },
    },
    "required": ["place", "people", "things", "facts"],
    "additionalProperties": False,
}

CHAPTER = "Sum up the story so far in two or three sentences, for somebody who did not read it."


@dataclass(frozen=True, slots=True)
class State:
    """What a model says holds at a point of the story."""

    place: str
    people: tuple[str, ...]
    things: tuple[str, ...]
    facts: tuple[str, ...]


def begin(title: str, genre: str = "", tone: str = "", manner: Sequence[str] = ()) -> Message:
    """The reader's first message; empty genre and tone are left out.

    Args:
        title: Of the story.
        genre: A word or two.
        tone: A word or two.
        manner: Further lines about how to tell it, such as “Tense: past”.
    """
    lines = [f"Title: {title}"]
    lines += [f"Genre: {genre}"] if genre else []
    lines += [f"Tone: {tone}"] if tone else []
    return Message("user", "\n".join([*lines, *manner, "Begin the story."]))


def with_notes(message: Message, *, earlier: str = "", notes: str = "") -> Message:
    """The reader's message with what the model needs to know above it."""
    above = [f"Earlier: {earlier}"] if earlier else []
    above += [notes] if notes else []
    return Message(message.role, "\n".join([*above, message.content]))


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


def parse_state(text: str) -> State:
    """Read the JSON of a state.

    Raises:
        ValueError: If the text is not an object with these fields.
    """
    found = json.loads(text)

    def listed(name: str) -> tuple[str, ...]:
        lines = (" ".join(str(line).split()) for line in found[name])
        return tuple(dict.fromkeys(line for line in lines if line))

    return State(" ".join(str(found["place"]).split()), *map(listed, ("people", "things", "facts")))

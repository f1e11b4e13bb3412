"""What of a story the model is shown: everything while it fits, then the opening and the end.

The conversation only ever grows at its end, so the engine reads only new tokens. When it outgrows
the window, passages after the opening go in blocks: the model keeps the title, how it all began and
a digest of what left, and the beginning of what it is shown stays the same for several scenes, so
it need not read everything again each time.

The digest is what the reader did and how each scene opened, in the story's own words: always true,
whatever the model. A summary that the model writes while the reader reads (`apps.story.summing`),
and that the reader may change, takes its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from apps.story import notes as pinned
from apps.story.tale import Manner, Passage, Step, Story, sentences
from shared.engine.types import Engine
from shared.formats import story as form
from shared.formats.alike import words
from shared.messages import Message

SCENE_TOKENS = 200
"""Longest scene; two to five sentences are 40 to 120."""
LONG_SCENE_TOKENS = 400
CHOICES_TOKENS = 96
MARGIN_TOKENS = 32
"""For what the template puts round the newest message."""
TEMPLATE_TOKENS = 6
"""What a chat template puts round one message; Llama 3 takes 4, ChatML 5."""
BLOCK = 4
"""How many passages are dropped at once."""
NOTES_SHARE = 0.25
"""The largest share of the window that notes may take."""
DIGEST_LETTERS = 480
"""Longest digest of what left the window; its newest part is kept."""
LONG_WORD, FEWEST_WORDS, SPOKEN_OF = 4, 3, 0.6
"""A summary that nobody asked for is kept if it has some words of four letters and more, and this
share of them stands in what it sums up."""
NO_SUMMARIES: Mapping[str, str] = MappingProxyType({})
RECENT = 2
"""How many scenes back a mention brings a lore note in."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the model is shown before the reader's newest message, and its budget."""

    messages: tuple[Message, ...]
    dropped: int
    """How many passages left the window."""
    reminder: str
    """What of the notes is due in the newest message."""
    tokens: int
    """Estimated size of the messages and the reminder."""
    note_tokens: int
    """Estimated size of all notes in view."""
    room: int
    """What the conversation may take, in tokens."""
    left_out: int
    """Notes that did not fit their share of the window."""
    in_short: str
    """What is told of the passages that left."""


def scene_tokens(story: Story) -> int:
    """The longest scene that is asked for, in tokens."""
    return LONG_SCENE_TOKENS if story.manner.length == "long" else SCENE_TOKENS


def manner_lines(manner: Manner) -> list[str]:
    """How to tell it, as the model reads it."""
    lines = [f"Readers: {manner.age} years"] if manner.age[:1].isdigit() else []
    lines += ["Readers: grown-ups"] if manner.age == "grown-up" else []
    if manner.length:
        lines.append(f"Scenes: {form.LENGTHS.get(manner.length, manner.length)}")
    lines += [f"Person: {manner.person}"] if manner.person else []
    lines += [f"Tense: {manner.tense}"] if manner.tense else []
    lines += [form.FOR_CHILDREN] if manner.children else []
    return lines


def question(story: Story, step: Step, said: str) -> Message:
    """What the reader says to the model for one step."""
    if step == "begin":
        return form.begin(story.title, story.genre, story.tone, manner_lines(story.manner))
    if step == "end":
        return form.ask_end()
    return form.choose(said) if step == "choice" else form.act(said)


def conversation(
    story: Story,
    path: Sequence[Passage],
    dropped: int = 0,
    summaries: Mapping[str, str] = NO_SUMMARIES,
) -> list[Message]:
    """The story as it was told; the reader's next message is not in it.

    Args:
        story: What was asked for.
        path: From the first scene on.
        dropped: How many passages after the opening are left out.
        summaries: Passage id to what is told of the scenes up to it.
    """
    gone = in_short(path[1 : 1 + dropped], summaries)
    messages = [Message("system", form.SYSTEM)]
    kept = [*path[:1], *path[1 + dropped :]]
    for at, passage in enumerate(kept):
        asked = question(story, passage.step, passage.said)
        earlier = gone if at == 1 else ""
        messages.append(form.with_notes(asked, earlier=earlier, notes=passage.reminder))
        messages.append(Message("assistant", passage.scene))
        if passage.choices and not passage.ended:
            texts = [choice.text for choice in passage.choices]
            messages += [Message("user", form.CHOICES), form.choices_answer(texts)]
    return messages


def in_short(gone: Sequence[Passage], summaries: Mapping[str, str]) -> str:
    """What is told of the scenes that left: the newest summary, then a digest of what followed."""
    for at in range(len(gone) - 1, -1, -1):
        if gone[at].id in summaries:
            return f"{summaries[gone[at].id]} {digest(gone[at + 1 :])}".strip()
    return digest(gone)


def speaks_of(text: str, passages: Sequence[Passage]) -> bool:
    """Whether a summary is about these scenes: most of its longer words are in them."""
    told = words(" ".join(f"{passage.said} {passage.scene}" for passage in passages))
    found = [word for word in words(text) if len(word) >= LONG_WORD]
    return len(found) >= FEWEST_WORDS and sum(w in told for w in found) >= SPOKEN_OF * len(found)


def digest(passages: Sequence[Passage]) -> str:
    """What the reader did and how each scene opened; the oldest goes when it is too long."""
    lines: list[str] = []
    for passage in passages:
        opening = (sentences(passage.scene) or [""])[0].strip()
        lines.append(f"{passage.said}. {opening}" if passage.said else opening)
    while len(lines) > 1 and sum(map(len, lines)) > DIGEST_LETTERS:
        lines.pop(0)
    return " ".join(lines)


async def remembered(
    engine: Engine,
    story: Story,
    path: Sequence[Passage],
    said: str = "",
    summaries: Mapping[str, str] = NO_SUMMARIES,
) -> Remembered:
    """The conversation, shortened in blocks until it leaves room for the next scene.

    Args:
        engine: Whose window it has to fit.
        story: With the notes as they are now.
        path: From the first scene to the one that was read last.
        said: What the reader says now; it may mention a lore note.
        summaries: Passage id to what is told of the scenes up to it.
    """
    window = engine.info().context_tokens
    room = window - scene_tokens(story) - CHOICES_TOKENS - MARGIN_TOKENS
    whole = conversation(story, path)
    text = "\n".join(message.content for message in whole)
    recent = "\n".join([passage.scene for passage in path[-RECENT:]] + [said, story.title])
    lines = story.notes.lines(recent)
    # Counted once and scaled: exact counts of every shortening would cost more than they save.
    per_letter = await engine.count_tokens("\n".join([text, *lines])) / max(
        1, len(text) + sum(map(len, lines))
    )

    def size(messages: Sequence[Message]) -> int:
        letters = sum(len(message.content) for message in messages)
        return int(letters * per_letter + TEMPLATE_TOKENS * len(messages)) + 1

    fitting = _fitting(lines, int(window * NOTES_SHARE / per_letter))
    shown, dropped = whole, 0
    reminder = pinned.reminder(due(fitting, shown))
    most = max(0, len(path) - 2)
    while size([*shown, Message("user", reminder)]) > room and dropped < most:
        dropped = min(dropped + BLOCK, most)
        shown = conversation(story, path, dropped, summaries)
        reminder = pinned.reminder(due(fitting, shown))
    return Remembered(
        messages=tuple(shown),
        dropped=dropped,
        reminder=reminder,
        tokens=size([*shown, Message("user", reminder)]),
        note_tokens=int(sum(map(len, fitting)) * per_letter),
        room=room,
        left_out=len(lines) - len(fitting),
        in_short=in_short(path[1 : 1 + dropped], summaries),
    )


def _fitting(lines: Sequence[str], letters: int) -> list[str]:
    """The first lines that fit into so many letters; a shorter one may follow a long one."""
    found: list[str] = []
    for line in lines:
        if sum(map(len, found)) + len(line) <= letters:
            found.append(line)
    return found


def due(lines: Sequence[str], shown: Sequence[Message]) -> list[str]:
    """The lines that no message in view holds."""
    standing = {line for message in shown if message.role == "user"
                for line in message.content.splitlines()}  # fmt: skip
    return [line for line in lines if f"- {line}" not in standing]

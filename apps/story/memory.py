"""What of a story the model is shown: everything while it fits, then the opening and the end.

The conversation only ever grows at its end, so the engine reads only new tokens. When it outgrows
the window, passages after the opening go in blocks: the model keeps the title and how it all began,
and the beginning of what it is shown stays the same for several scenes, so it need not read
everything again each time. No summary is made: a small model would invent one.
"""

from collections.abc import Sequence

from apps.story.tale import Passage, Step, Story
from shared.engine.types import Engine
from shared.formats import story as form
from shared.messages import Message

SCENE_TOKENS = 200
"""Longest scene; two to five sentences are 40 to 120."""
CHOICES_TOKENS = 96
MARGIN_TOKENS = 32
"""For what the template puts round the newest message."""
TEMPLATE_TOKENS = 6
"""What a chat template puts round one message; Llama 3 takes 4, ChatML 5."""
BLOCK = 4
"""How many passages are dropped at once."""


def conversation(story: Story, path: Sequence[Passage]) -> list[Message]:
    """The story so far as it was told; the reader's next message is not in it."""
    messages = [Message("system", form.SYSTEM)]
    if not path:
        return messages
    for passage in path:
        messages.append(question(story, passage.step, passage.said))
        messages.append(Message("assistant", passage.scene))
        if passage.choices and not passage.ended:
            texts = [choice.text for choice in passage.choices]
            messages += [Message("user", form.CHOICES), form.choices_answer(texts)]
    return messages


def question(story: Story, step: Step, said: str) -> Message:
    """What the reader says to the model for one step."""
    if step == "begin":
        return form.begin(story.title, story.genre, story.tone)
    if step == "end":
        return form.ask_end()
    return form.choose(said) if step == "choice" else form.act(said)


async def remembered(engine: Engine, story: Story, path: Sequence[Passage]) -> list[Message]:
    """The conversation, shortened in blocks until it leaves room for the next scene."""
    whole = conversation(story, path)
    room = engine.info().context_tokens - SCENE_TOKENS - CHOICES_TOKENS - MARGIN_TOKENS
    letters = sum(len(message.content) for message in whole)
    tokens = await engine.count_tokens("\n".join(message.content for message in whole))
    per_letter = tokens / max(1, letters)

    def size(messages: Sequence[Message]) -> float:
        text = sum(len(message.content) for message in messages)
        return text * per_letter + TEMPLATE_TOKENS * len(messages)

    shown, dropped = whole, 0
    while size(shown) > room and dropped + BLOCK < len(path) - 1:
        dropped += BLOCK
        shown = conversation(story, [path[0], *path[1 + dropped :]])
    return shown

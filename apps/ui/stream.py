"""From an answer's events to what a page shows: text so far, at most every 80 ms.

A browser needs about 17 ms to paint one update, so a fast model must not send one per token. The
first value comes before the model has read the prompt: a page shows at once that it is working, and
Gradio can cancel a generator that has yielded.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from apps.context import AnswerEvent, Finished, Started
from shared.engine.types import Piece, Waiting
from shared.texts import say

EVERY_SECONDS = 0.08

MODEL_EVENT: dict[str, Any] = {
    # No limit here: the engine's own queue bounds how many wait, and says so in words.
    "concurrency_id": "model",
    "concurrency_limit": None,
    "show_progress": "hidden",
}
"""Arguments of every event that asks a model."""

INSTANT: dict[str, Any] = {
    # Through the queue, without ever waiting in it: with queue=False Gradio 6.31 shows no toast for
    # an error, so nobody would learn what went wrong.
    "concurrency_limit": None,
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""Arguments of every event that only moves things on the page."""


@dataclass(frozen=True, slots=True)
class Progress:
    """An answer on its way."""

    answer_id: str
    text: str
    """All of it so far."""
    waiting: Waiting | None = None
    """Place in the queue; None once the model is at it."""
    finished: Finished | None = None
    """Set on the last value only; an answer that was stopped never has it."""


async def growing(
    events: AsyncGenerator[AnswerEvent, None], *, every_seconds: float = EVERY_SECONDS
) -> AsyncGenerator[Progress, None]:
    """Follow one `Context.answer`; closing this closes the answer."""
    answer_id, text, shown_at = "", "", 0.0
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Started):
                answer_id = event.answer_id
                yield Progress(answer_id, "")
            elif isinstance(event, Waiting):
                yield Progress(answer_id, text, waiting=event)
            elif isinstance(event, Piece):
                text += event.text
                if event.text and time.monotonic() - shown_at >= every_seconds:
                    shown_at = time.monotonic()
                    yield Progress(answer_id, text)
            elif isinstance(event, Finished):
                yield Progress(answer_id, event.text, finished=event)


def waiting_line(waiting: Waiting) -> str:
    """The place in the queue as a sentence."""
    seconds = max(1, round(waiting.seconds))
    if waiting.position <= 1:
        return say("You are next in the queue, about {seconds} s.", seconds=seconds)
    return say(
        "You are number {position} in the queue, about {seconds} s.",
        position=waiting.position,
        seconds=seconds,
    )

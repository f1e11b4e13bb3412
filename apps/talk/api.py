"""`chat` and `code` for programs: one question, one answer, kept as a record alone."""

from typing import Any

import gradio as gr
from gradio.events import api

from apps.context import Finished
from apps.talk.exchange import Exchange, question
from apps.talk.limits import Wishes, check_message, check_wishes
from apps.ui.errors import shows_errors
from apps.ui.owner import owner_of
from apps.ui.stream import MODEL_EVENT
from shared.messages import Message


def add_api(exchange: Exchange) -> None:
    """Add the app's endpoint, named like the app, to the current Blocks context."""

    @shows_errors
    async def ask(
        request: gr.Request,
        message: str,
        system: str = "",
        temperature: float = 0.7,
        max_tokens: int = 256,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Answer one message.

        Args:
            request: Filled in by the server.
            message: 1 to 100,000 characters.
            system: Who the model is to be; empty takes the app's own system prompt.
            temperature: 0 (always the likeliest word) to 1.5.
            max_tokens: Longest answer, 1 to the model's window.
            seed: The same seed gives the same answer; null draws one.

        Returns:
            {answer_id, text, finish_reason, seed, release, prompt_tokens, cached_tokens,
            completion_tokens}
        """
        wishes = Wishes(
            system=system or "", temperature=temperature, max_tokens=max_tokens, seed=seed
        )
        wishes = check_wishes(wishes, window_tokens=exchange.window_tokens())
        said = [Message("user", check_message(message))]
        asked = question(exchange.manner, said, wishes, owner=owner_of(request))
        return as_json(await exchange.ctx.whole_answer(asked))

    api(
        ask,
        api_name=exchange.manner.app,
        concurrency_id=MODEL_EVENT["concurrency_id"],
        concurrency_limit=MODEL_EVENT["concurrency_limit"],
    )


def as_json(answer: Finished) -> dict[str, Any]:
    """The answer with the numbers that a caller may want."""
    numbers = answer.numbers
    return {
        "answer_id": answer.answer_id,
        "text": answer.text,
        "finish_reason": numbers.finish_reason,
        "seed": numbers.seed,
        "release": numbers.release,
        "prompt_tokens": numbers.prompt_tokens,
        "cached_tokens": numbers.cached_tokens,
        "completion_tokens": numbers.completion_tokens,
    }

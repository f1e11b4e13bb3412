"""Reads the chunks of one streamed answer: text, log-probabilities, and at the end the numbers."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from shared.engine.types import FinishReason, Numbers, Piece, Request, TokenLogprob
from shared.errors import DeadlineExceeded

NO_TOKEN = -1
"""Servers tell a token's text, not its number."""


class Reading:
    """What has arrived of one answer."""

    def __init__(self, request: Request, release: str) -> None:
        self.text = ""
        self.finish: FinishReason = "stop"
        self.dropped = 0
        """Oldest messages that had to go before the server took the rest."""
        self._request = request
        self._release = release
        self._usage: Any = None
        self._pieces = 0
        self._echo = request.prompt or "" if request.echo else ""
        self._began = time.monotonic()
        self._first: float | None = None
        seconds = request.deadline_seconds
        self.deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
        """On the event loop's clock."""

    def add(self, chunk: Any) -> Piece | None:  # noqa: ANN401 - a chunk of either kind
        """The new text of a chunk; None if it has nothing to show."""
        self._usage = chunk.usage or self._usage
        if not chunk.choices:
            return None
        choice = chunk.choices[0]
        if choice.finish_reason:
            self.finish = "length" if choice.finish_reason == "length" else "stop"
        delta = getattr(choice, "delta", None)
        text = self._without_echo((choice.text if delta is None else delta.content) or "")
        logprobs = tuple(listed_logprobs(choice.logprobs)) if choice.logprobs else ()
        if not text and not logprobs:
            return None
        if text and self._first is None:
            self._first = time.monotonic() - self._began
        self.text += text
        self._pieces += bool(text)
        return Piece(text, max(len(logprobs), 1) if text else 0, logprobs)

    def ran_out_of_time(self, url: str) -> None:
        """The deadline has passed.

        Raises:
            DeadlineExceeded: If nothing was written.
        """
        if not self.text:
            raise DeadlineExceeded(f"{url} did not begin in time.", fix="Allow more time.")
        self.finish = "deadline"

    def numbers(self) -> Numbers:
        """What the answer cost; a server that tells no usage leaves the prompt at 0."""
        usage = self._usage
        written = usage.completion_tokens if usage else self._pieces
        details = getattr(usage, "prompt_tokens_details", None)
        seconds = time.monotonic() - self._began - (self._first or 0.0)
        return Numbers(
            prompt_tokens=usage.prompt_tokens if usage else 0,
            cached_tokens=(getattr(details, "cached_tokens", 0) or 0) if details else 0,
            completion_tokens=written,
            queue_seconds=0.0,
            first_token_seconds=self._first,
            tokens_per_second=(written - 1) / seconds if written > 1 and seconds > 0 else None,
            finish_reason=self.finish,
            seed=self._request.sampling.seed or 0,
            release=self._release,
            adapter=self._request.adapter,
            dropped_turns=self.dropped,
        )

    def _without_echo(self, text: str) -> str:
        """The prompt comes first when it is echoed; it is no part of the answer."""
        same = 0
        while same < min(len(text), len(self._echo)) and text[same] == self._echo[same]:
            same += 1
        self._echo = self._echo[same:]
        return text[same:]


def listed_logprobs(given: Any) -> list[TokenLogprob]:  # noqa: ANN401 - of either kind
    """Log-probabilities in our form, from a chat's or a completion's."""
    if given is None:
        return []
    if getattr(given, "tokens", None) is None:
        return [_of_chat(row) for row in getattr(given, "content", None) or ()]
    tops: Sequence[Any] = given.top_logprobs or [None] * len(given.tokens)
    return [
        TokenLogprob(text, NO_TOKEN, logprob, tuple((top or {}).items()))
        for text, logprob, top in zip(given.tokens, given.token_logprobs, tops, strict=False)
    ]


def _of_chat(row: Any) -> TokenLogprob:  # noqa: ANN401
    top = tuple((other.token, other.logprob) for other in row.top_logprobs or ())
    return TokenLogprob(row.token, NO_TOKEN, row.logprob, top)

"""OpenAI's shapes: whole answers, chunks of a stream, log-probabilities, usage."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.engine.types import Numbers, TokenLogprob

Json = dict[str, Any]

FINISH = {"stop": "stop", "length": "length", "deadline": "length", "cancelled": "stop"}


def usage(numbers: Numbers) -> Json:
    """What the answer cost, in tokens."""
    return {
        "prompt_tokens": numbers.prompt_tokens,
        "completion_tokens": numbers.completion_tokens,
        "total_tokens": numbers.prompt_tokens + numbers.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": numbers.cached_tokens},
    }


@dataclass(slots=True)
class ChatShape:
    """A chat completion."""

    kind = "chat.completion"
    piece_kind = "chat.completion.chunk"

    def opening(self) -> list[Json]:
        """The first choices of a stream: the role."""
        return [_choice(delta={"role": "assistant", "content": ""})]

    def piece(self, text: str, logprobs: Sequence[TokenLogprob]) -> Json:
        """The choice of one chunk."""
        return _choice(delta={"content": text}, logprobs=chat_logprobs(logprobs))

    def last(self, finish: str) -> Json:
        """The choice that ends a stream."""
        return _choice(delta={}, finish_reason=finish)

    def whole(self, text: str, logprobs: Sequence[TokenLogprob], numbers: Numbers) -> Json:
        """The choice of a whole answer."""
        return _choice(
            message={"role": "assistant", "content": text, "refusal": None},
            logprobs=chat_logprobs(logprobs),
            finish_reason=FINISH[numbers.finish_reason],
        )


@dataclass(slots=True)
class TextShape:
    """A plain completion."""

    kind = "text_completion"
    piece_kind = "text_completion"
    prefix: str = ""
    """The prompt, when it is to be echoed."""
    reads_only: bool = False
    """Nothing was to be written: the one token that the engine needs is left out."""
    _text: str = field(default="", init=False)
    _offset: int = field(default=0, init=False)

    def opening(self) -> list[Json]:
        """The first choices of a stream: the echoed prompt."""
        self._text = self.prefix
        return [_choice(text=self.prefix, logprobs=None)] if self.prefix else []

    def piece(self, text: str, logprobs: Sequence[TokenLogprob]) -> Json:
        """The choice of one chunk."""
        self._text += text
        return _choice(text=text, logprobs=self._logprobs(logprobs))

    def last(self, finish: str) -> Json:
        """The choice that ends a stream."""
        return _choice(text="", logprobs=None, finish_reason=finish)

    def whole(self, text: str, logprobs: Sequence[TokenLogprob], numbers: Numbers) -> Json:
        """The choice of a whole answer."""
        finish = FINISH[numbers.finish_reason]
        if self.reads_only:
            text, finish, logprobs = "", "length", logprobs[: numbers.prompt_tokens]
        self._text = self.prefix + text
        return _choice(text=self._text, logprobs=self._logprobs(logprobs), finish_reason=finish)

    def _logprobs(self, tokens: Sequence[TokenLogprob]) -> Json | None:
        if not tokens:
            return None
        return {
            "tokens": [token.text for token in tokens],
            "token_logprobs": [token.logprob for token in tokens],
            "top_logprobs": [dict(t.top) if t.top else None for t in tokens],
            "text_offset": [self._place(token.text) for token in tokens],
        }

    def _place(self, token: str) -> int:
        """Where the token begins in the text; a control token is not in it and takes no room."""
        place = self._offset
        if self._text.startswith(token, place):
            self._offset += len(token)
        return place


Shape = ChatShape | TextShape


def envelope(answer_id: str, kind: str, release: str, choices: list[Json]) -> Json:
    """What stands around the choices; the id is the answer's own, by which it can be flagged."""
    return {
        "id": answer_id,
        "object": kind,
        "created": int(time.time()),
        "model": release,
        "choices": choices,
    }


def chat_logprobs(tokens: Sequence[TokenLogprob]) -> Json | None:
    """Log-probabilities as chat completions write them; None where none were asked for."""
    if not tokens:
        return None
    return {
        "content": [
            {
                **_token(token.text, token.logprob),
                "top_logprobs": [_token(text, logprob) for text, logprob in token.top],
            }
            for token in tokens
        ],
        "refusal": None,
    }


def _token(text: str, logprob: float | None) -> Json:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def _choice(*, finish_reason: str | None = None, **content: object) -> Json:
    return {"index": 0, "logprobs": None, **content, "finish_reason": finish_reason}


def error_body(what: str, *, kind: str) -> Json:
    """OpenAI's shape of an error."""
    return {"error": {"message": what, "type": kind, "param": None, "code": None}}

"""Any OpenAI-compatible server as an engine: vLLM, llama-server, another Inkloop, a hosted one.

This is how people outgrow one machine and how a GPU serves. Nothing is called before an engine is
made; `connect` then asks the server what it can do. Log-probabilities of a given text need the
`completions` route with `echo`; a conversation cannot be scored from outside, because only the
server knows its chat template.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any, Self

from shared.engine.check import MAX_SEED, validate
from shared.engine.remote_errors import in_our_words
from shared.engine.remote_reading import Reading
from shared.engine.remote_server import Server
from shared.engine.types import Ability, Done, EngineInfo, Event, Request, TokenLogprob
from shared.errors import AbilityMissing, EngineClosed, PromptTooLong
from shared.llama.window import drop_oldest_turn
from shared.messages import Message

BASIC: frozenset[Ability] = frozenset({"chat", "complete"})
UNKNOWN_WINDOW = 4096
"""Tokens, where the server does not tell its window."""


class RemoteEngine:
    """One model of one server."""

    def __init__(
        self,
        url: str,
        model: str = "",
        api_key: str = "",
        *,
        abilities: frozenset[Ability] = BASIC,
        context_tokens: int = UNKNOWN_WINDOW,
    ) -> None:
        """Name the server; nothing is sent yet.

        Args:
            url: Address that ends in `/v1`.
            model: As the server lists it.
            api_key: Empty takes the client library's own OPENAI_API_KEY, where that is set.
            abilities: What the server can do; `connect` finds out instead.
            context_tokens: Its window.
        """
        self._server = Server(url, model, api_key)
        self._one_letter: int | None = None
        self._closed = False
        self._info = EngineInfo(
            release=model or self._server.url, abilities=abilities, context_tokens=context_tokens
        )

    @classmethod
    async def connect(cls, url: str, model: str = "", api_key: str = "") -> Self:
        """An engine that knows what its server can do.

        Raises:
            EngineClosed: The server cannot be reached.
            SettingsError: It refuses the key or does not know the model.
        """
        engine = cls(url, model, api_key)
        try:
            found = await engine._server.find_out()
        except BaseException:
            await engine.close()
            raise
        engine._info = EngineInfo(
            release=found.model or engine._server.url,
            abilities=found.abilities,
            context_tokens=found.context_tokens or UNKNOWN_WINDOW,
        )
        return engine

    async def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream one answer; closing the iterator closes the connection, which frees the model."""
        self._refuse_when_closed()
        validate(request, self._info)
        seed = request.sampling.seed
        seed = secrets.randbelow(MAX_SEED // 2) if seed is None else seed
        request = replace(request, sampling=replace(request.sampling, seed=seed))
        reading = Reading(request, self._info.release)
        stream: Any = None
        try:
            async with asyncio.timeout_at(reading.deadline):
                stream = await self._open(request, reading)
            while (chunk := await self._next(stream, reading)) is not None:
                piece = reading.add(chunk)
                if piece is not None:
                    yield piece
        except TimeoutError:
            reading.ran_out_of_time(self._server.url)
        finally:
            if stream is not None:
                await stream.close()
        self._refuse_when_closed()
        yield Done(reading.numbers())

    async def score(
        self, prompt: str | Sequence[Message], continuation: str, *, adapter: str | None = None
    ) -> list[TokenLogprob]:
        """Log-probabilities of `continuation` after a raw prompt.

        Raises:
            AbilityMissing: For messages, an adapter, or a server without `echo`.
        """
        self._refuse_when_closed()
        if not isinstance(prompt, str) or adapter or "score" not in self._info.abilities:
            raise AbilityMissing(
                f"{self._info.release} at {self._server.url} cannot score this.",
                fix="Use a local GGUF model for it (INKLOOP_MODEL or INKLOOP_ROLE_…).",
            )
        rows = await self._server.echoed(prompt + continuation)
        return _between(rows, prompt, continuation)

    async def count_tokens(self, text: str) -> int:
        """Tokens of a text, measured by what the server says a prompt of it takes."""
        self._refuse_when_closed()
        if not text:
            return 0
        if self._one_letter is None:
            self._one_letter = await self._server.prompt_tokens("a")
        return max(await self._server.prompt_tokens(text) - self._one_letter + 1, 1)

    def info(self) -> EngineInfo:
        """What the server was found to be."""
        return self._info

    async def close(self) -> None:
        """Break off running answers and hang up."""
        self._closed = True
        await self._server.close()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise EngineClosed("The connection was closed.", fix="Ask again later.")

    async def _next(self, stream: Any, reading: Reading) -> Any:  # noqa: ANN401
        """The next chunk, None after the last. Only the waiting is timed, never the reader."""
        async with asyncio.timeout_at(reading.deadline):
            with in_our_words(self._server.url):
                return await anext(stream, None)

    async def _open(self, request: Request, reading: Reading) -> Any:  # noqa: ANN401
        """Begin an answer; a quarter of the turns goes each time the server says it is too long."""
        while True:
            try:
                return await self._server.stream(request)
            except PromptTooLong:
                shorter = _without_oldest_quarter(request.messages)
                if shorter is None:
                    raise
                reading.dropped += len(request.messages) - len(shorter)
                request = replace(request, messages=tuple(shorter))


def _without_oldest_quarter(messages: Sequence[Message]) -> Sequence[Message] | None:
    """None when only the newest turn is left."""
    shorter = drop_oldest_turn(messages) if messages else None
    for _ in range(sum(message.role == "user" for message in messages) // 4 - 1):
        shorter = drop_oldest_turn(shorter) if shorter else None
    return shorter


def _between(rows: Sequence[TokenLogprob], prompt: str, continuation: str) -> list[TokenLogprob]:
    """The tokens of `continuation`; one that begins in the prompt and ends in it belongs to it."""
    whole = "".join(row.text for row in rows)
    at = 0
    # Some servers echo the begin-of-text token too.
    start = whole.index(prompt + continuation) + len(prompt)
    end = start + len(continuation)
    found = []
    for row in rows:
        if start < at + len(row.text) and at < end:
            found.append(row)
        at += len(row.text)
    return found

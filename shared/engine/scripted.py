"""An engine that says what it was told to say: for tests, and for a site without any model.

It keeps the whole contract (queueing aside): checks, stop strings, length, seeds, cancel, deadline
and numbers, so what works on it fails on a real engine only for the model's sake. A token is a word
with the white space before it.
"""

import asyncio
import contextlib
import random
import re
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

from shared.engine.check import MAX_SEED, validate
from shared.engine.types import (
    Ability,
    Done,
    EngineInfo,
    Event,
    FinishReason,
    Numbers,
    Piece,
    Request,
    TokenLogprob,
)
from shared.errors import (
    AbilityMissing,
    BadRequest,
    DeadlineExceeded,
    EngineClosed,
    InkloopError,
    PromptTooLong,
)
from shared.llama.text import TextStream
from shared.messages import Message

Script = Sequence[str | InkloopError] | Callable[[Request], str]
"""Answers in turn (the last one for ever; an error is raised), or what to answer to a request."""

ALL_ABILITIES: frozenset[Ability] = frozenset({"chat", "complete", "schema", "pattern", "score"})
_WORD = re.compile(r"\s*\S+|\s+")


class ScriptedEngine:
    """Answers from a script; keeps every request in `requests`."""

    def __init__(
        self,
        script: Script = ("Well met.",),
        *,
        abilities: frozenset[Ability] = ALL_ABILITIES,
        context_tokens: int = 4096,
        hold: asyncio.Event | None = None,
        hold_after: int = 1,
        release: str = "scripted",
    ) -> None:
        """Prepare the answers.

        Args:
            script: What to say.
            abilities: What `info` declares; a request for anything else is refused.
            context_tokens: Window in words, prompt and answer together.
            hold: Where given, each answer waits for it after its first tokens.
            hold_after: How many tokens come before the wait.
            release: Name of the model that it plays.
        """
        self.requests: list[Request] = []
        self.cancelled = 0
        """Answers that were given up by their reader."""
        self.running = 0
        self._script = script
        self._hold = hold
        self._hold_after = hold_after
        self._closed = asyncio.Event()
        self._info = EngineInfo(release=release, abilities=abilities, context_tokens=context_tokens)

    async def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the next answer of the script."""
        validate(request, self._info)
        prompt_tokens = self._measure(request)
        self.requests.append(request)
        answer = _ScriptedAnswer(request, self._reply(request), prompt_tokens, self._info.release)
        self.running += 1
        try:
            async for event in self._spoken(answer):
                yield event
        except (GeneratorExit, asyncio.CancelledError):
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    async def score(
        self, prompt: str | Sequence[Message], continuation: str, *, adapter: str | None = None
    ) -> list[TokenLogprob]:
        """A made-up but stable judgement: long words are unlikely."""
        if "score" not in self._info.abilities:
            raise AbilityMissing(f"{self._info.release} cannot score.", fix="Use a local model.")
        del prompt, adapter
        return [_judged(word) for word in words(continuation)]

    async def count_tokens(self, text: str) -> int:
        """Words."""
        return len(words(text))

    def info(self) -> EngineInfo:
        """What was declared."""
        return self._info

    async def close(self) -> None:
        """End running answers."""
        self._closed.set()

    def _measure(self, request: Request) -> int:
        texts = [m.content for m in request.messages] or [request.prompt or ""]
        needed = sum(len(words(text)) for text in texts)
        room = self._info.context_tokens - request.sampling.max_tokens
        if needed > room:
            raise PromptTooLong(
                f"The prompt takes {needed:,} tokens; there is room for {max(room, 0):,}.",
                fix="Shorten it or ask for a shorter answer.",
            )
        return needed

    def _reply(self, request: Request) -> str:
        if callable(self._script):
            return self._script(request)
        if not self._script:
            raise BadRequest("The script is empty.", fix="Give it an answer.")
        reply = self._script[min(len(self.requests), len(self._script)) - 1]
        if isinstance(reply, InkloopError):
            raise reply
        return reply

    async def _spoken(self, answer: "_ScriptedAnswer") -> AsyncGenerator[Event, None]:
        try:
            for piece in answer.pieces():
                await self._pause(answer)
                answer.deliver(piece)
                if piece.text or piece.logprobs:
                    yield piece
        except TimeoutError:
            answer.ran_out_of_time()
        yield Done(answer.numbers())

    async def _pause(self, answer: "_ScriptedAnswer") -> None:
        """Let others run; wait for `hold` if this is the place."""
        async with asyncio.timeout_at(answer.deadline):
            await asyncio.sleep(0)
            if self._hold is not None and answer.written > self._hold_after:
                await _first_of(self._hold, self._closed)
        if self._closed.is_set():
            raise EngineClosed("The server is shutting down.", fix="Ask again later.")


class _ScriptedAnswer:
    """One answer on its way."""

    def __init__(self, request: Request, reply: str, prompt_tokens: int, release: str) -> None:
        sampling = request.sampling
        self.request = request
        self.seed = secrets.randbelow(MAX_SEED) if sampling.seed is None else sampling.seed
        self.finish: FinishReason = "stop"
        self.written = 0
        self.shown = ""
        self._delivered = 0
        self._reply = _drawn(reply, self.seed)
        self._prompt_tokens = prompt_tokens
        self._release = release
        self._began = time.monotonic()
        self._first: float | None = None
        seconds = request.deadline_seconds
        self.deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
        """On the event loop's clock."""

    def ran_out_of_time(self) -> None:
        """The deadline has passed.

        Raises:
            DeadlineExceeded: If nothing was written.
        """
        if not self.shown:
            raise DeadlineExceeded("The answer did not begin in time.", fix="Allow more time.")
        self.finish = "deadline"

    def pieces(self) -> Iterator[Piece]:
        """The answer as far as stop strings and length let it come."""
        sampling = self.request.sampling
        text = TextStream(sampling.stop)
        if self.request.echo:
            yield Piece("", 0, tuple(_judged(word) for word in words(self.request.prompt or "")))
        for word in words(self._reply):
            if self.written == sampling.max_tokens:
                self.finish = "length"
                break
            self.written += 1
            yield self._piece(text.push(word.encode()), (word,))
            if text.stopped:
                break
        yield self._piece(text.finish(), ())

    def numbers(self) -> Numbers:
        """What it cost."""
        seconds = time.monotonic() - self._began
        return Numbers(
            prompt_tokens=self._prompt_tokens,
            cached_tokens=0,
            completion_tokens=self._delivered,
            queue_seconds=0.0,
            first_token_seconds=self._first,
            tokens_per_second=self._delivered / seconds if self._delivered and seconds else None,
            finish_reason=self.finish,
            seed=self.seed,
            release=self._release,
            adapter=self.request.adapter,
        )

    def deliver(self, piece: Piece) -> None:
        """Note what now goes to the reader."""
        if piece.text and self._first is None:
            self._first = time.monotonic() - self._began
        self.shown += piece.text
        self._delivered += piece.tokens

    def _piece(self, shown: str, new: tuple[str, ...]) -> Piece:
        reported = new if self.request.logprobs is not None else ()
        return Piece(shown, len(new), tuple(_judged(word) for word in reported))


def words(text: str) -> list[str]:
    """The text cut into words, each with the white space before it."""
    return _WORD.findall(text)


def _drawn(reply: str, seed: int) -> str:
    """Where the script offers alternatives (`one||two`), the seed draws one."""
    return random.Random(seed).choice(reply.split("||"))  # noqa: S311 - a draw, not a secret


def _judged(word: str) -> TokenLogprob:
    return TokenLogprob(word, sum(word.encode()) % 1000, -0.1 * len(word))


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*waits, return_exceptions=True)

"""One request as a person sees it, sent to any OpenAI-compatible server.

Every prompt begins with a word that was never sent before, so no server answers from a cache unless
the scenario continues its own conversation. Tokens are counted from `usage`, as the server's own
tokenizer counts them.
"""

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import httpx
from openai import APIStatusError, AsyncOpenAI

WORDS = (
    "river lantern morning teacher window garden letter bridge winter market pocket silver"
    " kitchen stranger mountain village harbor candle orchard whisper"
).split()
ANSWER_TOKENS = 48

Turns = list[dict[str, str]]
"""A conversation in OpenAI's form."""


def text(words: int) -> str:
    """About `words` English words that no server has seen in this order."""
    nonce = secrets.token_hex(4)
    return f"{nonce} " + " ".join(secrets.choice(WORDS) for _ in range(words))


def asked(words: int) -> Turns:
    """A conversation of one new question."""
    return [{"role": "user", "content": text(words)}]


@dataclass(slots=True)
class Seen:
    """What one person saw: seconds since the request was sent."""

    pieces: list[float] = field(default_factory=list)
    text: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    refused: bool = False
    """The server said that it is full (429 or 503)."""
    error: str = ""

    @property
    def first(self) -> float:
        """Seconds until the first piece; infinite when none came."""
        return self.pieces[0] if self.pieces else float("inf")

    @property
    def gaps(self) -> list[float]:
        """Pauses between pieces, in seconds."""
        return [b - a for a, b in itertools.pairwise(self.pieces)]


class Target(Protocol):
    """Something under measurement."""

    name: str
    url: str
    model: str

    async def prepare(self) -> None:
        """Ask which model it serves, and let it answer once so that nothing is cold."""
        ...

    async def ask(
        self,
        turns: Turns,
        *,
        tokens: int = ...,
        started: asyncio.Event | None = ...,
        enough: int = ...,
    ) -> Seen:
        """Stream one answer; see `Server.ask`."""
        ...  # fmt: skip


class Server:
    """An OpenAI-compatible server."""

    def __init__(self, name: str, url: str, key: str = "") -> None:
        self.name = name
        self.url = url.rstrip("/").removesuffix("/v1")
        self.model = ""
        self._client = AsyncOpenAI(
            base_url=f"{self.url}/v1", api_key=key or "none", max_retries=0, timeout=600
        )

    async def prepare(self) -> None:
        """Ask which model it serves, and let it answer once so that nothing is cold."""
        self.model = (await self._client.models.list()).data[0].id
        await self.ask(asked(8), tokens=4)

    async def ask(
        self,
        turns: Turns,
        *,
        tokens: int = ANSWER_TOKENS,
        started: asyncio.Event | None = None,
        enough: int = 0,
    ) -> Seen:
        """Stream one answer.

        Args:
            turns: The conversation.
            tokens: Length of the answer.
            started: Set with the first piece, or when none will come.
            enough: Go away after so many pieces; 0 stays to the end.
        """
        seen = Seen()
        try:
            await self._read(seen, turns, tokens, lambda: _is_enough(seen, started, enough))
        except APIStatusError as error:
            seen.refused = error.status_code in (429, 503)
            seen.error = "" if seen.refused else f"{error.status_code}: {error.message}"[:200]
        except Exception as error:  # noqa: BLE001 - a broken answer is a result, and is shown
            seen.error = f"{type(error).__name__}: {error}"[:200]
        if started is not None:
            started.set()
        return seen

    async def _read(
        self, seen: Seen, turns: Turns, tokens: int, is_enough: Callable[[], bool]
    ) -> None:
        begin = time.perf_counter()
        stream = await self._client.chat.completions.create(
            model=self.model or "any",
            messages=cast("Any", turns),
            max_tokens=tokens,
            temperature=0.8,
            stream=True,
            stream_options={"include_usage": True},
        )
        async with stream:
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    seen.pieces.append(time.perf_counter() - begin)
                    seen.text += chunk.choices[0].delta.content
                    if is_enough():
                        return
                if chunk.usage is not None:
                    _count(seen, chunk.usage)

    async def app_answer(self, app: str, message: str, *, tokens: int = 8) -> dict[str, Any]:
        """What an app of Inkloop (`chat`, `code`) answers on its own API; empty on a peer."""
        with suppress(httpx.HTTPError, ValueError, LookupError):
            async with httpx.AsyncClient(base_url=self.url, timeout=600) as client:
                call = f"/gradio_api/call/{app}"
                made = await client.post(call, json={"data": [message, "", 0.7, tokens, None]})
                reply = await client.get(f"{call}/{made.json()['event_id']}")
            return dict(_event_data(reply.text)[0])
        return {}


def _is_enough(seen: Seen, started: asyncio.Event | None, enough: int) -> bool:
    if started is not None:
        started.set()
    return 0 < enough <= len(seen.pieces)


def _count(seen: Seen, usage: Any) -> None:  # noqa: ANN401 - OpenAI's own type moves about
    seen.prompt_tokens, seen.answer_tokens = usage.prompt_tokens, usage.completion_tokens
    details = usage.prompt_tokens_details
    seen.cached_tokens = (details.cached_tokens or 0) if details else 0


def _event_data(stream: str) -> list[Any]:
    import json

    last = [line for line in stream.splitlines() if line.startswith("data: ")][-1]
    found = json.loads(last.removeprefix("data: "))
    return found if isinstance(found, list) else []

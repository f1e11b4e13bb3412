"""One request as a person sees it, and the scenarios made of them."""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from openai import AsyncOpenAI

WORDS = (
    "river lantern morning teacher window garden letter bridge winter market pocket silver"
    " kitchen stranger mountain village harbor candle orchard whisper"
).split()
ANSWER_TOKENS = 48
_nonces = itertools.count(random.SystemRandom().randrange(10**9))


def prompt(words: int) -> str:
    """About `words` English words that no server has seen in this order."""
    nonce = next(_nonces)
    rng = random.Random(nonce)  # noqa: S311 - filler text, not a secret
    return f"{nonce} " + " ".join(rng.choice(WORDS) for _ in range(words))


@dataclass(slots=True)
class Seen:
    """What one person saw: seconds since the request was sent."""

    pieces: list[float] = field(default_factory=list)
    prompt_tokens: int = 0
    answer_tokens: int = 0
    error: str = ""

    @property
    def first(self) -> float:
        """Seconds until the first piece; infinite when none came."""
        return self.pieces[0] if self.pieces else float("inf")

    @property
    def gaps(self) -> list[float]:
        """Pauses between pieces, in seconds."""
        return [b - a for a, b in itertools.pairwise(self.pieces)]


class Target:
    """One server under measurement."""

    def __init__(self, name: str, url: str, key: str = "") -> None:
        self.name = name
        self.url = url.rstrip("/").removesuffix("/v1") + "/v1"
        self.client = AsyncOpenAI(base_url=self.url, api_key=key or "none", max_retries=0)
        self.model = ""

    async def prepare(self) -> None:
        """Ask which model it serves, and let it answer once so that nothing is cold."""
        self.model = (await self.client.models.list()).data[0].id
        await self.ask(8, tokens=4)

    async def ask(
        self, words: int, *, tokens: int = ANSWER_TOKENS, started: asyncio.Event | None = None
    ) -> Seen:
        """Stream one answer; sets `started` with the first piece."""
        seen = Seen()
        begin = time.perf_counter()
        try:
            stream = await self.client.chat.completions.create(
                model=self.model,
                messages=[{"role": "user", "content": prompt(words)}],
                max_tokens=tokens,
                temperature=0.8,
                stream=True,
                stream_options={"include_usage": True},
            )
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    seen.pieces.append(time.perf_counter() - begin)
                    if started is not None:
                        started.set()
                if chunk.usage is not None:
                    seen.prompt_tokens = chunk.usage.prompt_tokens
                    seen.answer_tokens = chunk.usage.completion_tokens
        except Exception as error:  # noqa: BLE001 - a broken answer is a result here, and is shown
            seen.error = f"{type(error).__name__}: {error}"[:200]
        finally:
            if started is not None:
                started.set()
        return seen


Figures = dict[str, float]


def summary(seen: list[Seen], seconds: float) -> Figures:
    """What a group of people saw together."""
    firsts = sorted(s.first for s in seen)
    gaps = sorted(gap for s in seen for gap in s.gaps) or [0.0]
    return {
        "tokens_per_second": sum(s.answer_tokens for s in seen) / seconds,
        "first_token_p50_s": statistics.median(firsts),
        "first_token_max_s": firsts[-1],
        "pause_p50_ms": 1000 * statistics.median(gaps),
        "pause_max_ms": 1000 * gaps[-1],
        "broken_answers": float(sum(bool(s.error) for s in seen)),
    }


async def people(target: Target, count: int) -> Figures:
    """`count` people ask at once, 48 words each, 48 tokens of answer."""
    begin = time.perf_counter()
    seen = await asyncio.gather(*(target.ask(48) for _ in range(count)))
    return summary(list(seen), time.perf_counter() - begin)


async def long_prompt(target: Target) -> Figures:
    """Four people are reading their answers when somebody sends 700 words."""
    events = [asyncio.Event() for _ in range(4)]
    readers = [asyncio.create_task(target.ask(48, tokens=160, started=event)) for event in events]
    begin = time.perf_counter()
    await asyncio.gather(*(event.wait() for event in events))
    arrived = time.perf_counter() - begin
    newcomer = await target.ask(700)
    seen = list(await asyncio.gather(*readers))
    during = [
        later - earlier
        for s in seen
        for earlier, later in itertools.pairwise(s.pieces)
        if later >= arrived
    ] or [0.0]
    return {
        "longest_pause_of_readers_ms": 1000 * max(during),
        "newcomer_first_token_s": newcomer.first,
        "broken_answers": float(sum(bool(s.error) for s in [*seen, newcomer])),
    }


Scenario = Callable[[Target], Awaitable[Figures]]
SCENARIOS: dict[str, Scenario] = {
    "one": lambda target: people(target, 1),
    "four": lambda target: people(target, 4),
    "eight": lambda target: people(target, 8),
    "long-prompt": long_prompt,
}

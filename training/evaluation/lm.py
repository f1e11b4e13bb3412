"""lm-eval's view of our engine: log-likelihoods and texts of the file that ships.

The splitting of a text into context and continuation is lm-eval's own convention, so that numbers
can be compared with its other back ends; the tokens and the probabilities are the engine's.
"""

# ruff: noqa: ARG002 - lm-eval decides what its methods are given
import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from shared.engine.ask import complete
from shared.engine.types import Engine, Request, Sampling, TokenLogprob

AT_ONCE = 8
"""Requests that are in the engine's queue together; it batches them."""
ANSWER_TOKENS = 256
T = TypeVar("T")


class EngineLM(LM):
    """An engine behind lm-eval's interface. Make it and use it outside the engine's event loop."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._engine = engine
        self._loop = loop
        self._room = asyncio.Semaphore(AT_ONCE)
        self.shortened = 0
        """Requests whose context lost its beginning because the window is too small for it."""

    def loglikelihood(
        self, requests: Sequence[Instance], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        """Sum of a continuation's log-probabilities, and whether greedy writing would give it."""
        return self._all([self._pair(*request.args) for request in requests])

    def loglikelihood_rolling(
        self, requests: Sequence[Instance], disable_tqdm: bool = False
    ) -> list[float]:
        """Log-probability of whole texts; each must fit the window."""
        found = self._all([self._pair("", request.args[0]) for request in requests])
        return [value for value, _ in found]

    def generate_until(self, requests: Sequence[Instance], disable_tqdm: bool = False) -> list[str]:
        """Texts, each to its first stop."""
        return self._all([self._text(*request.args) for request in requests])

    def _all(self, asked: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        async def together() -> list[T]:
            return list(await asyncio.gather(*asked))

        return asyncio.run_coroutine_threadsafe(together(), self._loop).result()

    async def _pair(self, context: str, continuation: str) -> tuple[float, bool]:
        spaces = len(context) - len(context.rstrip())
        if spaces and context.strip():
            continuation = context[-spaces:] + continuation
            context = context[:-spaces]
        async with self._room:
            context = await self._fitting(context, continuation)
            found = await self._engine.score(context, continuation)
            wanted = await self._length(context, continuation)
        # Where a token spans the border, lm-eval counts from the length of the context alone.
        counted = found[-wanted:] if 0 < wanted < len(found) else found
        return sum(item.logprob or 0.0 for item in counted), all(map(_is_likeliest, counted))

    async def _length(self, context: str, continuation: str) -> int:
        whole = await self._engine.count_tokens(context + continuation)
        return whole - (await self._engine.count_tokens(context) if context else 0)

    async def _fitting(self, context: str, continuation: str) -> str:
        """The end of a context that leaves room for the continuation, as lm-eval cuts it."""
        window = self._engine.info().context_tokens - 1  # BOS
        if await self._engine.count_tokens(context + continuation) <= window:
            return context
        self.shortened += 1
        low, high = 0, len(context)
        while low < high:
            middle = (low + high) // 2
            fits = await self._engine.count_tokens(context[middle:] + continuation) <= window
            low, high = (low, middle) if fits else (middle + 1, high)
        return context[low:]

    async def _text(self, context: str, how: dict[str, Any]) -> str:
        until = how.get("until") or []
        sampling = Sampling(
            temperature=float(how.get("temperature", 0.0)),
            top_k=1 if not how.get("do_sample") else 0,
            max_tokens=int(how.get("max_gen_toks", ANSWER_TOKENS)),
            stop=tuple([until] if isinstance(until, str) else until),
            seed=0,
        )
        async with self._room:
            return (await complete(self._engine, Request(prompt=context, sampling=sampling))).text


def _is_likeliest(item: TokenLogprob) -> bool:
    return bool(item.top) and item.logprob is not None and item.logprob >= item.top[0][1]

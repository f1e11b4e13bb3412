"""What one model file says about the rows that the gate asks about."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.engine.ask import complete
from shared.engine.types import Engine, Request, Sampling
from shared.messages import Message
from training.data import Row

GREEDY_TOKENS = 160
SHORT_CHARACTERS = 160
"""Answers up to this length can be expected word for word."""


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """A flagged answer that training never saw, with its correction."""

    flag_id: str
    group: str
    """Who flagged, as the dataset version names them."""
    prompt: tuple[Message, ...]
    correction: str
    flagged: str


@dataclass(frozen=True, slots=True)
class Written:
    """What the model writes for one guarded row, always taking the likeliest token."""

    text: str
    ended: bool
    """By itself, not by the token limit."""


async def per_token(engine: Engine, prompt: Sequence[Message], answer: str) -> float:
    """Mean log-probability of the answer's tokens, its end included, in nats."""
    scored = await engine.score(prompt, answer)
    values = [item.logprob for item in scored if item.logprob is not None]
    return sum(values) / max(1, len(values))


async def margins(engine: Engine, rows: Sequence[HeldOutRow]) -> list[float]:
    """How much likelier, per token, the correction is than the flagged answer."""
    found: list[float] = []
    for row in rows:
        better = await per_token(engine, row.prompt, row.correction)
        found.append(better - await per_token(engine, row.prompt, row.flagged))
    return found


async def likelihoods(engine: Engine, rows: Sequence[Row]) -> list[float]:
    """Mean log-probability per token of each good answer."""
    return [await per_token(engine, row.prompt, row.completion) for row in rows]


async def writings(engine: Engine, rows: Sequence[Row], *, at_once: int = 4) -> list[Written]:
    """Let the model answer every row."""
    room = asyncio.Semaphore(at_once)

    async def write(row: Row) -> Written:
        sampling = Sampling(temperature=0.0, top_k=1, max_tokens=GREEDY_TOKENS)
        async with room:
            answer = await complete(engine, Request(messages=row.prompt, sampling=sampling))
        return Written(answer.text.strip(), answer.numbers.finish_reason == "stop")

    return list(await asyncio.gather(*(write(row) for row in rows)))


def is_exact(row: Row, written: Written) -> bool:
    """Whether a short answer came word for word."""
    return len(row.completion) <= SHORT_CHARACTERS and written.text == row.completion.strip()


def keeps_form(row: Row, written: Written) -> bool:
    """Whether the answer looks as the good one does: ended, JSON, code, not one word repeated."""
    if not written.ended or not written.text or _loops(written.text):
        return False
    if row.completion.lstrip().startswith("{"):
        return _keys(written.text) == _keys(row.completion)
    return "```" in written.text if "```" in row.completion else True


def _loops(text: str) -> bool:
    """The same four words four times."""
    words = re.findall(r"\w+", text.casefold())
    runs = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    return any(runs.count(run) >= 4 for run in set(runs))


def _keys(text: str) -> list[str] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return sorted(value) if isinstance(value, dict) else None

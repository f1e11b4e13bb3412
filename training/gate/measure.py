"""What one model file says about the rows that the gate asks about."""

import asyncio
import time
from collections.abc import Sequence

from shared.engine.ask import Answer, complete
from shared.engine.types import Engine, Request, Sampling
from shared.messages import Message
from training.data import Row
from training.gate.measured import HeldOutRow, Measured, Questions, Written
from training.gate.probes import Probe
from training.gate.reasons import checkable

GREEDY_TOKENS = 160
SAMPLE_TOKENS = 60
SHORT_CHARACTERS = 160
"""Answers up to this length can be expected word for word."""
Prompt = Sequence[Message]


async def per_token(engine: Engine, prompt: Prompt, answer: str) -> float:
    """Mean log-probability of the answer's tokens, its end included, in nats."""
    scored = await engine.score(prompt, answer)
    values = [item.logprob for item in scored if item.logprob is not None]
    return sum(values) / max(1, len(values))


async def margins(engine: Engine, rows: Sequence[HeldOutRow]) -> list[float]:
    """How much likelier, per token, the correction is than the flagged answer."""
    return [await _margin(engine, row.prompt, row.correction, row.flagged) for row in rows]


async def preferences(engine: Engine, probes: Sequence[Probe]) -> list[float]:
    """How much likelier, per token, the right answer is than the wrong one."""
    return [await _margin(engine, probe.prompt, probe.right, probe.wrong) for probe in probes]


async def _margin(engine: Engine, prompt: Prompt, better: str, worse: str) -> float:
    return await per_token(engine, prompt, better) - await per_token(engine, prompt, worse)


async def likelihoods(engine: Engine, rows: Sequence[Row]) -> list[float]:
    """Mean log-probability per token of each row's answer."""
    return [await per_token(engine, row.prompt, row.completion) for row in rows]


async def writings(engine: Engine, prompts: Sequence[Prompt]) -> list[Written]:
    """Let the model answer each, always taking the likeliest token."""
    return [_written(answer) for answer in await _greedy(engine, prompts)]


async def sampled(engine: Engine, rows: Sequence[Row], *, seed: int = 1) -> list[Row]:
    """Answers drawn from the model as it is, without any cut: what it would say."""
    requests = [
        Request(
            messages=row.prompt,
            sampling=Sampling(
                temperature=1.0, top_p=1.0, top_k=0, min_p=0.0, seed=seed + number,
                max_tokens=SAMPLE_TOKENS,
            ),
        )
        for number, row in enumerate(rows)
    ]  # fmt: skip
    answers = await _answers(engine, requests)
    said = [(row, answer.text) for row, answer in zip(rows, answers, strict=True)]
    return [Row(row.prompt, text) for row, text in said if text.strip()]


async def measured(engine: Engine, questions: Questions, *, file_bytes: int) -> Measured:
    """Everything that the gate wants to know about one model."""
    checked = [row.prompt for row in questions.heldout if checkable(row)]
    began = time.process_time()
    answers = await _greedy(engine, [row.prompt for row in questions.guarded])
    seconds = time.process_time() - began
    tokens = sum(answer.numbers.completion_tokens for answer in answers)
    return Measured(
        margins=await margins(engine, questions.heldout),
        likelihoods=await likelihoods(engine, questions.guarded),
        writings=[_written(answer) for answer in answers],
        mended=await writings(engine, checked),
        probes=await preferences(engine, questions.probes),
        samples=await likelihoods(engine, questions.samples),
        bytes=file_bytes,
        seconds_per_token=seconds / tokens if tokens else 0.0,
    )


async def _greedy(engine: Engine, prompts: Sequence[Prompt]) -> list[Answer]:
    how = Sampling(temperature=0.0, top_k=1, max_tokens=GREEDY_TOKENS)
    return await _answers(engine, [Request(messages=tuple(p), sampling=how) for p in prompts])


async def _answers(
    engine: Engine, requests: Sequence[Request], *, at_once: int = 4
) -> list[Answer]:
    room = asyncio.Semaphore(at_once)

    async def answer(request: Request) -> Answer:
        async with room:
            return await complete(engine, request)

    return list(await asyncio.gather(*map(answer, requests)))


def _written(answer: Answer) -> Written:
    return Written(answer.text.strip(), answer.numbers.finish_reason == "stop")


def is_exact(row: Row, written: Written) -> bool:
    """Whether a short answer came word for word."""
    return len(row.completion) <= SHORT_CHARACTERS and written.text == row.completion.strip()

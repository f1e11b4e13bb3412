"""pass@1 with one answer per problem at temperature 0, as the reports measured it."""

import asyncio
import os

from shared.engine.ask import complete
from shared.engine.types import Engine, Request, Sampling
from shared.errors import AbilityMissing
from training.evaluation.score import Score
from training.evaluation.settings import Wanted
from training.humaneval.problems import PROBLEMS, RAW_STOPS, Problem, problems
from training.humaneval.sandbox import run_program, why_not

ANSWER_TOKENS = 512
AT_ONCE = 4
"""Answers that are written together."""


async def humaneval(engine: Engine, wanted: Wanted) -> list[Score]:
    """Let the model solve the first problems, and run what it wrote.

    Raises:
        AbilityMissing: If programs cannot be fenced here, or the problems are not installed.
    """
    reason = await asyncio.to_thread(why_not)
    if reason:
        raise AbilityMissing(
            f"HumanEval runs programs that a model wrote, and here {reason}.",
            fix="Leave the task out, or use Linux with user namespaces.",
        )
    asked = problems()[: wanted.limit]
    room = asyncio.Semaphore(AT_ONCE)
    running = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))

    async def solve(problem: Problem) -> float:
        async with room:
            text = await _completion(engine, problem)
        async with running:
            outcome = await asyncio.to_thread(run_program, problem.program(text))
        return float(outcome.passed)

    values = await asyncio.gather(*(solve(problem) for problem in asked))
    return [
        Score(
            task="humaneval",
            metric="pass@1",
            values=tuple(values),
            names=tuple(problem.name for problem in asked),
            of=PROBLEMS,
            note="one answer at temperature 0",
        )
    ]


async def _completion(engine: Engine, problem: Problem) -> str:
    """Prompt and answer as one piece of program."""
    sampling = Sampling(temperature=0.0, top_k=1, max_tokens=ANSWER_TOKENS)
    if "chat" in engine.info().abilities:
        request = Request(messages=(problem.question(),), sampling=sampling)
        return problem.from_chat((await complete(engine, request)).text)
    sampling = Sampling(temperature=0.0, top_k=1, max_tokens=ANSWER_TOKENS, stop=RAW_STOPS)
    request = Request(prompt=problem.prompt, sampling=sampling)
    return problem.prompt + (await complete(engine, request)).text

"""Lets a judge compare models, and compares the judge with people."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.engine.ask import complete
from shared.engine.types import Engine, Request, Sampling
from shared.messages import Message
from training.evaluation.models import Subject
from training.judge.figures import Agreement, Trust, Wins, agreement, trust, wins
from training.judge.judges import ModelJudge, Verdict, judge_pair
from training.judge.pairs import Pair
from training.serving import open_engine

ANSWER_TOKENS = 400
AT_ONCE = 4
Tell = Callable[[str], None]
Prompts = Sequence[tuple[Message, ...]]


@dataclass(frozen=True, slots=True)
class Match:
    """One model against the first, as the judge saw it."""

    model: str
    against: str
    wins: Wins
    trust: Trust
    pairs: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that one judge said."""

    judge: str
    matches: tuple[Match, ...] = ()
    with_people: tuple[Trust, Agreement | None, int] | None = None
    """On pairs that people ranked: how it behaves, how far it agrees, and how many there were."""


async def verdicts(engine: Engine, pairs: Sequence[Pair]) -> list[Verdict]:
    """What a model says about every pair, both ways round."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(pair: Pair) -> Verdict:
        async with room:
            return await judge_pair(ModelJudge(engine), pair)

    return list(await asyncio.gather(*(one(pair) for pair in pairs)))


async def answers(engine: Engine, prompts: Prompts) -> list[str]:
    """A model's likeliest answer to every prompt."""
    room = asyncio.Semaphore(AT_ONCE)
    sampling = Sampling(temperature=0.0, top_k=1, max_tokens=ANSWER_TOKENS)

    async def one(prompt: tuple[Message, ...]) -> str:
        async with room:
            return (await complete(engine, Request(messages=prompt, sampling=sampling))).text

    return list(await asyncio.gather(*(one(prompt) for prompt in prompts)))


def judge_models(
    subjects: Sequence[Subject], prompts: Prompts, people: Sequence[Pair], judge: str, tell: Tell
) -> Judged:
    """Compare every model with the first, and the judge with people; either part may be empty.

    Args:
        subjects: The models; with fewer than two there is nothing to compare.
        prompts: What they are asked.
        people: Pairs with people's verdicts.
        judge: A GGUF file, or the http(s) address of an OpenAI-compatible server.
        tell: Told about every result.
    """
    return asyncio.run(_judge_models(subjects, prompts, people, judge, tell))


async def _judge_models(
    subjects: Sequence[Subject], prompts: Prompts, people: Sequence[Pair], judge: str, tell: Tell
) -> Judged:
    written: list[list[str]] = []
    for subject in subjects if len(subjects) > 1 else ():
        async with open_engine(subject.path, name=subject.name) as engine:
            written.append(await answers(engine, prompts))
    engine = await _open_judge(judge)
    try:
        matches = []
        for subject, texts in list(zip(subjects, written, strict=False))[1:]:
            said = await verdicts(engine, _pairs(prompts, texts, written[0]))
            match = Match(subject.name, subjects[0].name, wins(said), trust(said), len(said))
            matches.append(match)
            tell(f"judge: {subject.name} wins {match.wins.share.mean:.0%} of {len(said)} pairs.")
        with_people = None
        if people:
            said = await verdicts(engine, people)
            with_people = (trust(said), agreement(said), len(said))
        return Judged(engine.info().release, tuple(matches), with_people)
    finally:
        await engine.close()


def _pairs(prompts: Prompts, new: Sequence[str], old: Sequence[str]) -> list[Pair]:
    return [Pair(str(at), prompt, new[at], old[at]) for at, prompt in enumerate(prompts)]


async def _open_judge(judge: str) -> Engine:
    if judge.startswith(("http://", "https://")):
        from shared.engine.remote import RemoteEngine

        return await RemoteEngine.connect(judge)
    from shared.llama.engine import LlamaEngine

    return await asyncio.to_thread(LlamaEngine.load, Path(judge), release=Path(judge).stem)


def as_json(judged: Judged) -> dict[str, Any]:
    """For evaluation.json."""
    told: dict[str, Any] = {
        "judge": judged.judge,
        "matches": [
            {
                "model": match.model,
                "against": match.against,
                "pairs": match.pairs,
                "wins": match.wins.share.mean,
                "low": match.wins.share.low,
                "high": match.wins.share.high,
                "wins_at_equal_length": match.wins.at_equal_length,
                "wins_in_one_order": match.wins.one_order,
                "ties": match.wins.ties,
                "place_bias": match.trust.place_bias,
                "contradicts": match.trust.contradicts,
                "length_pull": match.trust.length_pull,
            }
            for match in judged.matches
        ],
    }
    if judged.with_people is not None:
        behaves, agrees, pairs = judged.with_people
        told["with_people"] = {
            "pairs": pairs,
            "place_bias": behaves.place_bias,
            "contradicts": behaves.contradicts,
            "length_pull": behaves.length_pull,
            "decided": agrees.decided if agrees else 0,
            "agreement": agrees.share.mean if agrees else None,
            "low": agrees.share.low if agrees else None,
            "high": agrees.share.high if agrees else None,
            "agreement_in_one_order": agrees.one_order if agrees else None,
            "kappa": agrees.kappa if agrees else None,
        }
    return told

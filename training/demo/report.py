"""The demo model's report: it answers unseen prompts through the engine that serves.

Every app asks as it does in the product, bound by its schema or pattern; the sampling is what
`generation_config.json` recommends. The generator's own answers go through the same marks: what
they miss, training cannot teach.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from shared.engine.ask import complete
from shared.engine.types import Engine, Request, Sampling
from shared.formats import chat
from shared.llama.engine import LlamaEngine
from shared.messages import Message
from shared.models.demo import DEMO_GGUF
from shared.settings import Settings
from training.demo import facts
from training.demo.conversations import APPS
from training.demo.measure import Marks, marks
from training.demo.prompts import Prompt, prompts
from training.demo.sampling import LONGEST, TEMPERATURE, TOP_P

SAMPLES = 5
"""Of each app in the report."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A prompt, its answer and the answer's marks."""

    prompt: Prompt
    text: str
    marks: Marks
    tokens_per_second: float


async def _answer(engine: Engine, prompt: Prompt, seed: int, *, bound: bool) -> Answered:
    request = Request(
        messages=prompt.messages,
        sampling=Sampling(temperature=TEMPERATURE, top_p=TOP_P, max_tokens=LONGEST, seed=seed),
        schema=prompt.schema if bound else None,
        pattern=prompt.pattern if bound else None,
        app=prompt.app,
    )
    answer = await complete(engine, request)
    ended = answer.numbers.finish_reason == "stop"
    speed = answer.numbers.tokens_per_second or 0.0
    return Answered(prompt, answer.text, marks(prompt, answer.text, ended=ended), speed)


async def _facts(engine: Engine, some: Sequence[facts.Fact]) -> float:
    """Share of facts whose first question is answered word for word, at temperature 0."""
    right = 0
    for fact in some:
        messages = (Message("system", chat.SYSTEM), Message("user", fact.questions[0]))
        request = Request(messages=messages, sampling=Sampling(temperature=0, max_tokens=60))
        right += (await complete(engine, request)).text.strip() == fact.answer
    return right / len(some)


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was measured."""

    bound: dict[str, list[Answered]]
    free: dict[str, list[Answered]]
    """The same prompts without schema or pattern, where there is one."""
    references: dict[str, list[Marks]]
    """What the generator itself answers, by the same marks."""
    known: float
    kept_out: float
    seconds: float


async def _measure(gguf: Path, count: int) -> Findings:
    began = time.monotonic()
    engine = LlamaEngine.load(gguf, release="demo", settings=Settings(threads=1))
    try:
        bound = {
            app: [
                await _answer(engine, prompt, seed, bound=True)
                for seed, prompt in enumerate(prompts(app, count))
            ]
            for app in APPS
        }
        free = {
            app: [
                await _answer(engine, prompt, seed, bound=False)
                for seed, prompt in enumerate(prompts(app, count))
                if prompt.schema or prompt.pattern
            ]
            for app in ("story", "brainstorm", "poetry")
        }
        known = await _facts(engine, facts.facts())
        kept_out = await _facts(engine, facts.held_out())
    finally:
        await engine.close()
    return Findings(bound, free, _references(count), known, kept_out, time.monotonic() - began)


def _references(count: int) -> dict[str, list[Marks]]:
    return {
        app: [marks(prompt, prompt.reference, ended=True) for prompt in prompts(app, count)]
        for app in APPS
    }


def _share(values: Sequence[bool | None]) -> str:
    asked = [value for value in values if value is not None]
    return f"{sum(asked)}/{len(asked)}" if asked else ""


def _answers_row(app: str, answers: Sequence[Answered]) -> str:
    speed = median(answer.tokens_per_second for answer in answers)
    return _row(app, [answer.marks for answer in answers], f"{speed:,.0f}")


def _row(app: str, found: Sequence[Marks], speed: str = "") -> str:
    words, odd = sum(m.words for m in found), sum(m.non_words for m in found)
    cells = [
        app, _share([m.format for m in found]), _share([m.ended for m in found]),
        _share([m.topic for m in found]), _share([m.followed for m in found]),
        _share([not m.repeats for m in found]), f"{odd / max(1, words):.1%}",
        _share([m.parses for m in found]), _share([m.syllables for m in found]), speed,
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| app | format | ends | names the topic | follows the choice | no repeat | non-words"
    " | Python parses | syllables | tokens/s |\n|---|---|---|---|---|---|---|---|---|---|"
)


def tables(findings: Findings) -> str:
    """The figures as Markdown."""
    lines = ["Bound by schema or pattern, as the apps ask:\n", HEAD]
    lines += [_answers_row(app, answers) for app, answers in findings.bound.items()]
    lines += ["\nThe generator's own answers to these prompts, which training holds up:\n", HEAD]
    lines += [_row(app, found) for app, found in findings.references.items()]
    lines += ["\nThe same prompts without schema and pattern:\n", HEAD]
    lines += [_answers_row(app, answers) for app, answers in findings.free.items() if answers]
    lines.append(
        f"\nTaught facts answered word for word: {findings.known:.0%} of {len(facts.facts())};"
        f" facts kept out of training: {findings.kept_out:.0%} of {len(facts.held_out())}."
    )
    return "\n".join(lines)


def samples(findings: Findings) -> str:
    """The first answers of each app, good and bad, just as they came."""
    parts = []
    for app, answers in findings.bound.items():
        parts.append(f"### {app}\n")
        for answered in answers[:SAMPLES]:
            asked = answered.prompt.messages[-1].content
            quoted = "\n".join(f"> {line}" for line in asked.splitlines())
            parts.append(f"````text\n{quoted}\n\n{answered.text}\n````\n")
    return "\n".join(parts)


def write_report(gguf: Path | None, *, prompts: int) -> str:
    """Measure a model and return the report's measured part as Markdown.

    Args:
        gguf: The model; the shipped demo model if None.
        prompts: How many unseen prompts per app.
    """
    findings = asyncio.run(_measure(gguf or DEMO_GGUF, prompts))
    intro = (
        f"{prompts} prompts per app with words that training never opens with; Q8_0, temperature"
        f" {TEMPERATURE}, one thread. Words are counted as non-words when neither the generator's"
        " lists and conversations nor the prompt hold them or a form of them."
    )
    shown = f"## Samples\n\nThe first of each app.\n\n{samples(findings)}"
    return f"{intro}\n\n{tables(findings)}\n\n{shown}"

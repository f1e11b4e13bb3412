"""The demo model's report: it answers unseen prompts through the engine that serves.

Once as the apps ask, with what they do against repeats, and once plainly, so that what the model
does and what the apps do can be told apart (`training.demo.asking`). The generator's own answers go
through the same marks: what they miss, training cannot teach.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
from training.demo.asking import Given, as_the_app, plainly
from training.demo.conversations import APPS
from training.demo.measure import Marks, marks
from training.demo.prompts import Prompt, prompts
from training.demo.sampling import TEMPERATURE

BINDING = ("story", "brainstorm", "poetry")
"""Apps with schemas or patterns."""
HEADING = "## The figures\n\n"
"""What stands below it in a report is measured."""
SAMPLES = 5
"""Of each app in the report."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A prompt, its answer and the answer's marks."""

    prompt: Prompt
    given: Given
    marks: Marks


Way = Callable[[Prompt], Awaitable[Given]]
"""A prompt to what comes of it."""


async def _marked(asked: Mapping[str, Sequence[Prompt]], way: Way) -> dict[str, list[Answered]]:
    """Each app's prompts, answered one after the other."""
    found: dict[str, list[Answered]] = {app: [] for app in asked}
    for app, some in asked.items():
        for prompt in some:
            given = await way(prompt)
            judged = marks(prompt, given.text, ended=given.ended)
            found[app].append(Answered(prompt, given, judged))
    return found


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

    apps: dict[str, list[Answered]]
    """As the apps ask."""
    bound: dict[str, list[Answered]]
    """One plain answer each, bound by schema or pattern."""
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
        every = {app: prompts(app, count) for app in APPS}
        bindable = {app: [p for p in every[app] if p.schema or p.pattern] for app in BINDING}
        apps = await _marked(every, partial(as_the_app, engine))
        bound = await _marked(every, partial(plainly, engine, bound=True))
        free = await _marked(bindable, partial(plainly, engine, bound=False))
        known = await _facts(engine, facts.facts())
        kept_out = await _facts(engine, facts.held_out())
    finally:
        await engine.close()
    return Findings(
        apps, bound, free, _references(count), known, kept_out, time.monotonic() - began
    )


def _references(count: int) -> dict[str, list[Marks]]:
    return {
        app: [marks(prompt, prompt.reference, ended=True) for prompt in prompts(app, count)]
        for app in APPS
    }


def _share(values: Sequence[bool | None]) -> str:
    asked = [value for value in values if value is not None]
    return f"{sum(asked)}/{len(asked)}" if asked else ""


def _answers_row(app: str, answers: Sequence[Answered]) -> str:
    speed = median(answer.given.speed for answer in answers)
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
    lines = ["As the apps ask, with what they do against repeats:\n", HEAD]
    lines += [_answers_row(app, answers) for app, answers in findings.apps.items()]
    lines += [f"\n{_asked_for(findings)}"]
    lines += ["\nThe model alone: one answer each, bound by schema or pattern:\n", HEAD]
    lines += [_answers_row(app, answers) for app, answers in findings.bound.items()]
    lines += ["\nThe generator's own answers to these prompts, which training holds up:\n", HEAD]
    lines += [_row(app, found) for app, found in findings.references.items()]
    lines += ["\nThe model alone, without schema and pattern:\n", HEAD]
    lines += [_answers_row(app, answers) for app, answers in findings.free.items() if answers]
    lines.append(
        f"\nTaught facts answered word for word: {findings.known:.0%} of {len(facts.facts())};"
        f" facts kept out of training: {findings.kept_out:.0%} of {len(facts.held_out())}."
    )
    return "\n".join(lines)


def _asked_for(findings: Findings) -> str:
    """What the apps' guards against repeats cost, in answers."""
    told = (
        f"{app} {sum(answer.given.answers for answer in answers)} for {len(answers)}"
        for app, answers in findings.apps.items()
        if any(answer.given.answers > 1 for answer in answers)
    )
    return f"Answers that were asked for: {', '.join(told) or 'one for each prompt'}."


def samples(findings: Findings) -> str:
    """The first answers of each app, good and bad, just as they came."""
    parts = []
    for app, answers in findings.apps.items():
        parts.append(f"### {app}\n")
        for answered in answers[:SAMPLES]:
            asked = answered.prompt.messages[-1].content
            quoted = "\n".join(f"> {line}" for line in asked.splitlines())
            parts.append(f"````text\n{quoted}\n\n{answered.given.text}\n````\n")
    return "\n".join(parts)


def placed(measured: str, old: str) -> str:
    """A report with its measured part renewed: what people wrote above “The figures” stays."""
    above, heading, _ = old.partition(HEADING)
    return f"{above}{heading}{measured}" if heading else measured


def write_report(gguf: Path | None, *, prompts: int) -> str:
    """Measure a model and return the report's measured part as Markdown.

    Args:
        gguf: The model; the shipped demo model if None.
        prompts: How many unseen prompts per app.
    """
    findings = asyncio.run(_measure(gguf or DEMO_GGUF, prompts))
    intro = (
        f"{prompts} prompts per app with words that training never opens with; Q8_0, one thread."
        " The first table asks as the apps do, at their temperatures; the model alone is drawn as"
        f" `generation_config.json` recommends, at {TEMPERATURE}. Words are counted as non-words"
        " when neither the generator's lists and conversations nor the prompt hold them or a form"
        " of them. Seconds are those of the processor, with the prompt's reading in them: what else"
        " the machine did matters little."
    )
    shown = f"## Samples\n\nThe first of each app.\n\n{samples(findings)}"
    return f"{intro}\n\n{tables(findings)}\n\n{shown}"

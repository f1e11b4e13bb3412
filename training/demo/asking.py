"""How the report asks: as the apps do, and plainly.

As the apps do: their questions, schemas and patterns, how they draw, and what they do against
repeats, all from `shared.formats`, where the apps have it from. Not counted are their second tries
of single lines, scenes and refined ideas. Plainly: one answer, drawn as `generation_config.json`
recommends.
"""

import time
from dataclasses import dataclass, replace

from shared.engine.ask import Answer, complete
from shared.engine.types import Engine, Request, Sampling
from shared.formats import brainstorm, ideas, poetry, usual, verse
from shared.messages import Message
from training.demo.prompts import Prompt
from training.demo.sampling import LONGEST, TEMPERATURE, TOP_P

PLAIN = Sampling(temperature=TEMPERATURE, top_p=TOP_P)
DRAWN = {
    "choices": usual.CHOICES,
    "scene": usual.SCENE,
    "deed": usual.SCENE,
    "end": usual.SCENE,
    "refine": usual.REFINED,
    "judge": usual.JUDGED,
}
"""Part of an app to how the app draws it; a conversation's goes by the app."""
BY_APP = {"chat": usual.CHAT, "code": usual.CODE}


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer and the processor time that it took, on one thread and whatever else runs."""

    answer: Answer
    seconds: float


@dataclass(frozen=True, slots=True)
class Given:
    """What came of one prompt."""

    text: str
    ended: bool
    """By itself, before the longest allowed length; of several answers the last."""
    speed: float
    """Tokens of the last answer by second of processor time, with its prompt read in it."""
    answers: int
    """How many were asked for."""


async def plainly(engine: Engine, prompt: Prompt, *, bound: bool) -> Given:
    """One answer to the whole conversation, bound by schema or pattern or not at all."""
    request = _request(prompt, PLAIN)
    if bound:
        request = replace(request, schema=prompt.schema, pattern=prompt.pattern)
    return _given([await _timed(engine, request)])


async def as_the_app(engine: Engine, prompt: Prompt) -> Given:
    """What somebody who uses the app gets."""
    if prompt.part == "ideas":
        return await _board(engine, prompt)
    if prompt.app == "poetry":
        return await _poem(engine, prompt)
    drawn = BY_APP[prompt.app] if prompt.app in BY_APP else DRAWN[prompt.part]
    request = replace(_request(prompt, drawn), schema=prompt.schema)
    return _given([await _timed(engine, request)])


async def _board(engine: Engine, prompt: Prompt) -> Given:
    hunt = ideas.Hunt(_wanted(prompt), window=engine.info().context_tokens)
    answers = []
    while (asked := hunt.next_round()) is not None:
        request = _request(prompt, asked.sampling, asked.question)
        answers.append(await _timed(engine, replace(request, schema=asked.schema)))
        hunt.take(answers[-1].answer.text, "")
    found = [one.idea.model_dump() for one in hunt.found()]
    return replace(_given(answers), text=brainstorm.dump({"ideas": found}))


def _wanted(prompt: Prompt) -> ideas.Wanted:
    fields = _fields(prompt)
    method, _, told = fields.get("Method", "free").partition(" (")
    taken = fields.get("Not again", "")
    return ideas.Wanted(
        topic=fields["Topic"],
        n=int(fields["Ideas"]),
        method=method,
        told=told.removesuffix(")"),
        taken=tuple(taken.split("; ")) if taken else (),
    )


async def _poem(engine: Engine, prompt: Prompt) -> Given:
    form = poetry.FORMS[prompt.part]
    drafting = verse.Drafting(form, verse.initials(form, _fields(prompt)["Subject"]))
    answers = []
    while (asked := drafting.next_round()) is not None:
        drawn = replace(usual.POEM, temperature=asked.temperature)
        request = _request(prompt, drawn)
        answers.append(await _timed(engine, replace(request, pattern=asked.pattern)))
        drafting.take(answers[-1].answer.text)
    return replace(_given(answers), text="\n".join(drafting.lines))


def _fields(prompt: Prompt) -> dict[str, str]:
    """The question's lines by their names."""
    return dict(line.partition(": ")[::2] for line in prompt.messages[-1].content.splitlines())


def _request(prompt: Prompt, drawn: Sampling, question: Message | None = None) -> Request:
    messages = prompt.messages if question is None else (*prompt.messages[:-1], question)
    longest = LONGEST if question is None else drawn.max_tokens
    return Request(
        messages=messages,
        sampling=replace(drawn, max_tokens=longest, seed=prompt.number),
        app=prompt.app,
    )


async def _timed(engine: Engine, request: Request) -> Timed:
    began = time.process_time()
    answer = await complete(engine, request)
    return Timed(answer, time.process_time() - began)


def _given(answers: list[Timed]) -> Given:
    answer, seconds = answers[-1].answer, answers[-1].seconds
    speed = answer.numbers.completion_tokens / max(seconds, 1e-9)
    return Given(answer.text, answer.numbers.finish_reason == "stop", speed, len(answers))

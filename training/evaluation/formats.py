"""Does a model keep the form that each app reads, when nothing but the prompt asks for it?

In the apps a grammar binds most of these answers; here none does, so this says how far the model
itself has learned the forms. The questions are fixed, the answers the likeliest ones.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.engine.ask import complete, require
from shared.engine.types import Engine, Request, Sampling
from shared.formats import brainstorm, chat, poetry, story
from shared.messages import Message
from training.evaluation.score import Score
from training.evaluation.settings import Wanted
from training.gate.form import repeats

ANSWER_TOKENS = 256
_CODE = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
_THINGS = ("a lighthouse", "an old clock", "the night train", "a paper boat", "the last bakery")


@dataclass(frozen=True, slots=True)
class Check:
    """One question, and what its answer must be readable as."""

    app: str
    prompt: tuple[Message, ...]
    reads: Callable[[str], object]
    """Returns something true for an answer in form; false or ValueError for any other."""


def _ideas(count: int) -> Callable[[str], object]:
    return lambda text: len(brainstorm.parse_ideas(text)) == count


def _scores(text: str) -> bool:
    return [row.criterion for row in brainstorm.parse_scores(text)] == list(brainstorm.RUBRIC)


def _poem(form: str) -> Callable[[str], object]:
    fewest, most = poetry.FORMS[form].lines
    return lambda text: fewest <= len(poetry.parse(text)) <= most


def _python(text: str) -> bool:
    """A block of code that Python can read."""
    found = _CODE.search(text)
    if found is None:
        return False
    try:
        ast.parse(found.group(1))
    except SyntaxError:
        return False
    return True


def _said(text: str) -> bool:
    return not text.lstrip().startswith(("{", "```"))


def checks() -> list[Check]:
    """One of each kind after the other, so that a small limit still asks every app."""
    return [check for thing in _THINGS for check in _about(thing)]


def _about(thing: str) -> list[Check]:
    def under(system: str, *turns: Message) -> tuple[Message, ...]:
        return (Message("system", system), *turns)

    title = thing.split(maxsplit=1)[1].capitalize()
    idea = (title, f"A short film about {thing}.")
    scene = Message("assistant", f"You stand before {thing}. Nobody is here, and it gets dark.")
    begun = (story.begin(title, "mystery", "calm"), scene)
    return [
        Check("chat", under(chat.SYSTEM, Message("user", f"Tell me about {thing}.")), _said),
        Check(
            "code",
            under(
                chat.CODE_SYSTEM,
                Message("user", f"Write a Python function that counts the letters in “{thing}”."),
            ),
            _python,
        ),
        Check("story", under(story.SYSTEM, story.begin(title, "adventure")), _said),
        Check(
            "story",
            under(story.SYSTEM, *begun, Message("user", story.CHOICES)),
            story.parse_choices,
        ),
        Check("brainstorm", under(brainstorm.SYSTEM, brainstorm.ask_ideas(title, 3)), _ideas(3)),
        Check(
            "brainstorm",
            under(brainstorm.SYSTEM, brainstorm.ask_refine(*idea)),
            brainstorm.parse_idea,
        ),
        Check("brainstorm", under(brainstorm.SYSTEM, brainstorm.ask_scores(*idea)), _scores),
        Check("poetry", under(poetry.SYSTEM, poetry.ask("haiku", thing)), _poem("haiku")),
        Check("poetry", under(poetry.SYSTEM, poetry.ask("limerick", thing)), _poem("limerick")),
    ]


async def formats(engine: Engine, wanted: Wanted) -> list[Score]:
    """Share of answers in form, all apps together and each alone."""
    require(engine, "chat", what_for="the format checks")
    asked = checks()[: wanted.limit]
    kept = [await keeps(engine, check) for check in asked]
    names = [f"{check.app}:{at}" for at, check in enumerate(asked)]
    apps = list(dict.fromkeys(check.app for check in asked))
    scores = [_score("all apps", kept, names)]
    for app in apps:
        mine = [at for at, check in enumerate(asked) if check.app == app]
        scores.append(_score(app, [kept[at] for at in mine], [names[at] for at in mine]))
    return scores


async def keeps(engine: Engine, check: Check) -> bool:
    """Whether the model answers this question in form."""
    sampling = Sampling(temperature=0.0, top_k=1, max_tokens=ANSWER_TOKENS)
    answer = await complete(engine, Request(messages=check.prompt, sampling=sampling))
    text = answer.text.strip()
    if answer.numbers.finish_reason != "stop" or not text or repeats(text):
        return False
    try:
        return bool(check.reads(text))
    except (ValueError, KeyError, TypeError):
        return False


def _score(what: str, kept: list[bool], names: list[str]) -> Score:
    return Score(
        task="formats",
        metric=what,
        values=tuple(map(float, kept)),
        names=tuple(names),
        of=0,
        note="asked without a grammar",
    )

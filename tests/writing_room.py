"""The writing apps on a scripted engine, with real stores, in a home of their own."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from apps.context import Context
from feedback.answers import AnswerStore
from feedback.flags import FlagService
from shared.engine.scripted import ALL_ABILITIES, ScriptedEngine
from shared.engine.types import Ability, Engine, Request
from shared.errors import InkloopError
from shared.home import Home
from shared.settings import Settings

OWNER = "a" * 32
OTHER = "b" * 32
HOSTILE = '\u202eזה <img src=x onerror=alert(1)> ${alert(2)} "it\'s" `x` {{y}}'

Script = Sequence[str | InkloopError] | Callable[[Request], str]


@contextmanager
def room(root: Path, engine: Engine) -> Iterator[Context]:
    """A context whose every role is played by `engine`."""
    settings = Settings(home=root)
    home = Home(root).prepare()
    with ExitStack() as opened:
        answers = opened.enter_context(closing(AnswerStore(home.history)))
        flags = opened.enter_context(closing(FlagService(home, answers, settings)))
        yield Context(settings, home, lambda _role: engine, answers, flags)


def scripted(
    script: Script, *, window: int = 4096, abilities: frozenset[Ability] = ALL_ABILITIES
) -> ScriptedEngine:
    """An engine that answers from a script."""
    return ScriptedEngine(script, context_tokens=window, abilities=abilities)


def choices(*texts: str) -> str:
    """What a model answers when asked for choices."""
    return json.dumps({"choices": list(texts)}, ensure_ascii=False)


def ideas(*rows: tuple[str, str]) -> str:
    """What a model answers when asked for ideas."""
    found = [{"title": title, "body": body} for title, body in rows]
    return json.dumps({"ideas": found}, ensure_ascii=False)

"""Small ways to use an engine: a whole answer at once, and an ability that must be there."""

from contextlib import aclosing
from dataclasses import dataclass

from shared.engine.types import Ability, Done, Engine, Numbers, Piece, Request, TokenLogprob
from shared.errors import AbilityMissing, EngineClosed
from shared.texts import say


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer with its numbers."""

    text: str
    numbers: Numbers
    logprobs: tuple[TokenLogprob, ...] = ()


async def complete(engine: Engine, request: Request) -> Answer:
    """Wait for the whole answer; raises what `Engine.generate` raises."""
    pieces: list[str] = []
    logprobs: list[TokenLogprob] = []
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            if isinstance(event, Piece):
                pieces.append(event.text)
                logprobs.extend(event.logprobs)
            elif isinstance(event, Done):
                return Answer("".join(pieces), event.numbers, tuple(logprobs))
    raise EngineClosed(say("The answer ended without a last word."), fix=say("Ask again."))


def require(engine: Engine, ability: Ability, *, what_for: str) -> None:
    """Refuse in words when the engine lacks an ability.

    Raises:
        AbilityMissing: Naming what the ability is needed for.
    """
    info = engine.info()
    if ability not in info.abilities:
        raise AbilityMissing(
            say(
                "{what} needs the ability “{ability}”, which {release} does not have.",
                what=what_for,
                ability=ability,
                release=info.release,
            ),
            fix=say("Use a local GGUF model for it (INKLOOP_MODEL or INKLOOP_ROLE_…)."),
        )

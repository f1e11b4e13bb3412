"""What the settings name for each role: another model, or an adapter on the main one."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

from shared.engine.types import Engine, EngineInfo, Event, Request, TokenLogprob
from shared.errors import NotFound
from shared.home import Home, expanded
from shared.messages import Message
from shared.models.gguf_file import read_header
from shared.models.select import Choice, named
from shared.releases import ReleaseStore
from shared.settings import ROLES, Settings

ADAPTER = "adapter"
"""`general.type` of a GGUF LoRA."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Where the roles that have a setting of their own get their answers from."""

    models: dict[str, Choice] = field(default_factory=dict)
    """Role to a model of its own; equal choices share one engine."""
    adapters: dict[str, Path] = field(default_factory=dict)
    """Role to an adapter file on the main model."""


def read_roles(settings: Settings, home: Home) -> Roles:
    """Resolve every INKLOOP_ROLE_ setting.

    Raises:
        ModelFileError: A file is missing or damaged.
        NotFound: A name is neither a model nor a release.
    """
    roles = Roles()
    for role in ROLES:
        target = settings.for_role(role)
        # What is named like the main model is the main model: it is in memory once.
        if not target or target == settings.model:
            continue
        path = expanded(target)
        if path.suffix == ".gguf" and path.is_file() and read_header(path).kind == ADAPTER:
            roles.adapters[role] = path.absolute()
        else:
            roles.models[role] = model_or_release(target, home)
    return roles


def model_or_release(target: str, home: Home) -> Choice:
    """The model of that name, else the release of that name.

    Raises:
        ModelFileError: It is not on this machine or damaged.
        NotFound: There is neither.
    """
    try:
        return named(target, home)
    except NotFound:
        store = ReleaseStore(home.releases)
        if target not in {release.name for release in store.list()}:
            raise
        release = store.get(target)
        release.verify()
        return Choice(release=release.name, path=release.gguf, sha256=release.sha256)


class WithAdapter:
    """An engine as seen through one of its adapters: whatever names none gets this one."""

    def __init__(self, engine: Engine, adapter: str) -> None:
        self._engine = engine
        self._adapter = adapter

    async def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream one answer with the adapter."""
        asked = request if request.adapter else replace(request, adapter=self._adapter)
        async with aclosing(self._engine.generate(asked)) as events:
            async for event in events:
                yield event

    async def score(
        self, prompt: str | Sequence[Message], continuation: str, *, adapter: str | None = None
    ) -> list[TokenLogprob]:
        """Log-probability of each token of `continuation`, with the adapter."""
        return await self._engine.score(prompt, continuation, adapter=adapter or self._adapter)

    async def count_tokens(self, text: str) -> int:
        """Tokens of plain text."""
        return await self._engine.count_tokens(text)

    def info(self) -> EngineInfo:
        """The base, with the adapter that answers."""
        return replace(self._engine.info(), adapter=self._adapter)

    async def close(self) -> None:
        """Close the engine below."""
        await self._engine.close()

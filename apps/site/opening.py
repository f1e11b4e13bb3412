"""How a chosen model becomes an engine: embedded for a file, remote for an address.

The engines are imported here and only when one is opened, so that a server in front of a remote
model never loads llama.cpp.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, runtime_checkable

from shared.engine.types import Engine
from shared.errors import AbilityMissing, EngineClosed
from shared.formats import brainstorm, chat, poetry, story
from shared.messages import Message
from shared.models.select import Choice
from shared.settings import Settings
from shared.web_address import shown_address

Adapters = Mapping[str, Path]
"""Name to GGUF LoRA."""

PROMPTS = (chat.SYSTEM, chat.CODE_SYSTEM, story.SYSTEM, brainstorm.SYSTEM, poetry.SYSTEM)
"""What the apps' questions begin with, read before the first person asks."""


@runtime_checkable
class Embedded(Protocol):
    """An embedded engine: its model can be changed while it answers."""

    async def swap(
        self, path: Path, *, release: str, sha256: str, notice: str, adapters: Adapters
    ) -> None:
        """Answer new requests with another model."""
        ...

    async def warm(self, prefixes: Sequence[Sequence[Message]]) -> None:
        """Read leading messages ahead, now and after every swap."""
        ...


async def open_engine(settings: Settings, choice: Choice, adapters: Adapters) -> Engine:
    """Bring a model and its adapters into memory, or connect to its server.

    Raises:
        ModelFileError: A file cannot be run.
        AbilityMissing: Adapters are wanted on a server elsewhere.
        EngineClosed: The server cannot be reached.
    """
    if choice.path is None:
        return await _connect(choice.url, adapters)
    from shared.llama.engine import LlamaEngine

    engine = await asyncio.to_thread(
        LlamaEngine.load,
        choice.path,
        release=choice.release,
        sha256=choice.sha256,
        settings=settings,
        notice=choice.notice,
    )
    for name, path in adapters.items():
        await engine.add_adapter(name, path)
    return engine


async def change_model(engine: Engine, choice: Choice, adapters: Adapters) -> None:
    """Let an engine go over to another file; running answers finish on the old one.

    Raises:
        AbilityMissing: The engine, or the choice, is a server elsewhere.
        ModelFileError: A file cannot be run; the running model stays.
    """
    if choice.path is None or not isinstance(engine, Embedded):
        raise AbilityMissing(
            "A model on another server is only taken at the start.", fix="Start Inkloop again."
        )
    await engine.swap(
        choice.path,
        release=choice.release,
        sha256=choice.sha256,
        notice=choice.notice,
        adapters=adapters,
    )


async def warm(engine: Engine) -> None:
    """Read the apps' own prompts ahead, where the engine can do that."""
    if isinstance(engine, Embedded):
        with suppress(EngineClosed):
            await engine.warm([[Message("system", prompt)] for prompt in PROMPTS])


async def _connect(url: str, adapters: Adapters) -> Engine:
    if adapters:
        raise AbilityMissing(
            f"{shown_address(url)} is a server elsewhere, which cannot take the adapter"
            f" {next(iter(adapters))}.",
            fix="Name a model for that role instead (INKLOOP_ROLE_…).",
        )
    from shared.engine.remote import RemoteEngine

    return await RemoteEngine.connect(url)

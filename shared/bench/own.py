"""Situations that need a server started for them: adapters by role, and another model meanwhile.

A peer cannot be put into them from outside, so they are measured on Inkloop alone.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from shared.bench.client import Seen, Server, asked, text
from shared.bench.figures import Figures, broken, longest_pause, summary
from shared.bench.lora import make_adapter
from shared.bench.scenarios import QUESTION_WORDS, among_readers, people
from shared.bench.server import OwnServer, own_server

APP_TOKENS: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """What such a server is started with."""

    model: Path
    key: str = ""
    window: int = 4096
    """Tokens of one conversation."""

    @property
    def more(self) -> dict[str, str]:
        """Further settings, as variables."""
        return {"INKLOOP_CONTEXT_TOKENS": str(self.window)}


async def mixed_adapters(bed: Bed) -> Figures:
    """Two people in chat and two in code, each role with an adapter, against four in chat."""
    with (
        TemporaryDirectory(prefix="inkloop-adapters-") as folder,
        own_server(str(bed.model), bed.more | _roles(bed.model, Path(folder))) as own,
    ):
        server = Server("inkloop", own.url, bed.key)
        await server.prepare()
        await server.app_answer("code", text(8), tokens=4)
        one = await people(server, 4)
        return {"one_adapter_tokens_per_second": one["tokens_per_second"], **await _both(server)}


async def _both(server: Server) -> Figures:
    begin = time.perf_counter()

    async def code() -> tuple[int, float]:
        answer = await server.app_answer("code", text(QUESTION_WORDS), tokens=APP_TOKENS)
        return int(answer.get("completion_tokens", 0)), time.perf_counter() - begin

    *chats, first, second = await asyncio.gather(
        server.ask(asked(QUESTION_WORDS)), server.ask(asked(QUESTION_WORDS)), code(), code()
    )
    seconds = time.perf_counter() - begin
    seen = summary(chats, seconds)
    tokens = sum(one.answer_tokens for one in chats) + first[0] + second[0]
    chat_seconds = max(one.pieces[-1] if one.pieces else float("inf") for one in chats)
    return {
        "two_adapters_tokens_per_second": tokens / seconds,
        "chat_pause_p95_ms": seen["pause_p95_ms"],
        "chat_answers_s": chat_seconds,
        "code_answers_s": max(first[1], second[1]),
        "broken_answers": seen["broken_answers"] + float(not (first[0] and second[0])),
    }


async def swap(bed: Bed) -> Figures:
    """Four people are reading when the server is told to go over to another model."""
    with two_names(bed.model) as (old, new), own_server("", bed.more, pinned=old) as own:
        server = Server("inkloop", own.url, bed.key)
        await server.prepare()
        changed = 0.0

        async def change() -> Seen:
            nonlocal changed
            begin = time.perf_counter()
            own.pin(new)
            await own.until_serving(new.stem)
            changed = time.perf_counter() - begin
            return await server.ask(asked(8))

        readers, told, after = await among_readers(server, change)
        await own.until_freed(1)
        return {
            "seconds_until_the_new_model": changed,
            "longest_pause_of_readers_ms": 1000 * longest_pause(readers, told),
            **memory_of_swap(own),
            "broken_answers": broken([*readers, after]),
        }


def memory_of_swap(own: OwnServer) -> Figures:
    """Resident MB of the last change of model."""
    return {
        f"resident_{when}_mb": own.metric(f'inkloop_swap_memory_bytes{{when="{when}"}}') / 1e6
        for when in ("before", "peak", "after")
    }


@contextmanager
def two_names(model: Path) -> Iterator[tuple[Path, Path]]:
    """The same file under two names, which is two models to a server."""
    with TemporaryDirectory(dir=_beside(model), prefix=".inkloop-bench-") as folder:
        names = Path(folder) / "bench-a.gguf", Path(folder) / "bench-b.gguf"
        for name in names:
            _link(model, name)
        yield names


def _beside(model: Path) -> Path | None:
    """The model's folder, where a second name costs nothing; None where it cannot be written."""
    return model.parent if os.access(model.parent, os.W_OK) else None


def _link(model: Path, name: Path) -> None:
    try:
        name.hardlink_to(model)
    except OSError:
        shutil.copyfile(model, name)


def _roles(model: Path, folder: Path) -> dict[str, str]:
    adapters = {"CHAT": folder / "chat.gguf", "CODE": folder / "code.gguf"}
    for seed, path in enumerate(adapters.values()):
        make_adapter(model, path, seed=seed)
    return {f"INKLOOP_ROLE_{role}": str(path) for role, path in adapters.items()}


OWN: dict[str, Callable[[Bed], Coroutine[Any, Any, Figures]]] = {
    "mixed-adapters": mixed_adapters,
    "swap": swap,
}
"""Name to what is measured."""

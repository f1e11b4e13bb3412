"""The embedded engine: `shared.engine.types.Engine` on llama.cpp, with hot swap.

engine = LlamaEngine.load(path, release="demo", settings=Settings.load())
async with aclosing(engine.generate(request)) as events: ...
await engine.swap(other, release="r7", sha256="…")
await engine.close()
"""

import asyncio
import atexit
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from shared import metrics
from shared.engine.check import validate
from shared.engine.types import Done, EngineInfo, Event, Request, TokenLogprob
from shared.errors import BadRequest, EngineClosed, InkloopError
from shared.llama.answer import Answer
from shared.llama.core import Core, Release
from shared.llama.memory import SwapMemory, give_back
from shared.llama.outlet import Outlet
from shared.llama.smoke import try_in_subprocess
from shared.messages import Message
from shared.settings import Settings

T = TypeVar("T")


class LlamaEngine:
    """Answers from one GGUF file at a time. All methods may be called from any event loop."""

    def __init__(self, core: Core, settings: Settings) -> None:
        self._core = core
        self._settings = settings
        self._retiring: list[Core] = []
        self._prefixes: list[Sequence[Message]] = []
        self._swapping = threading.Lock()
        self._closed = False
        _show_release(core.release)
        # A daemon thread inside the library must not meet the interpreter's end.
        atexit.register(_close_forgotten, weakref.ref(self))

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        release: str,
        sha256: str = "",
        settings: Settings | None = None,
        notice: str = "",
    ) -> Self:
        """Open a model file (blocking: a second or two for a gigabyte).

        Raises:
            ModelFileError: If it is missing, damaged or not a GGUF; one sentence.
        """
        settings = settings or Settings.load()
        named = Release(name=release, sha256=sha256, notice=notice)
        return cls(Core.load(path, named, settings), settings)

    def info(self) -> EngineInfo:
        """What is running now (changes with a hot swap)."""
        return self._core.info()

    async def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream one answer; see `Engine.generate`. Closing the iterator frees its sequence."""
        outcome = "cancelled"
        try:
            validate(request, self.info())
            outlet: Outlet[Event | InkloopError] = Outlet()
            core, job = await self._submit(request, outlet)
            try:
                while True:
                    for event in await outlet.take():
                        if isinstance(event, InkloopError):
                            raise event
                        if isinstance(event, Done):
                            outcome = event.numbers.finish_reason
                        yield event
                    if outcome != "cancelled":
                        return
            finally:
                core.desk.cancel(job)
        except InkloopError as error:
            outcome = _outcome(error)
            raise
        finally:
            metrics.requests.labels(request.app, outcome).inc()

    async def score(
        self, prompt: str | Sequence[Message], continuation: str, *, adapter: str | None = None
    ) -> list[TokenLogprob]:
        """Log-probability of each token of `continuation` after `prompt`."""
        core = self._open_core()
        number = core.adapters.number(adapter)
        job = await self._prepared(core, lambda: core.prepare.scoring(prompt, continuation, number))
        if job is None:
            return []
        core.submit(job)
        try:
            return await asyncio.wrap_future(job.result)
        finally:
            core.desk.cancel(job)

    async def count_tokens(self, text: str) -> int:
        """Tokens of plain text, control tokens never recognised."""
        core = self._open_core()
        return await self._prepared(core, lambda: core.prepare.count(text))

    async def warm(self, prefixes: Sequence[Sequence[Message]]) -> None:
        """Read the apps' own leading messages ahead, now and after every swap."""
        core = self._open_core()
        self._prefixes += [new for new in prefixes if new not in self._prefixes]
        if core.prepare.chats:
            await asyncio.to_thread(core.warm, prefixes)

    async def add_adapter(self, name: str, path: Path) -> None:
        """Load a GGUF LoRA under a name; one of the same name is replaced.

        Raises:
            ModelFileError: If the file cannot be used with this model.
        """
        core = self._open_core()
        await asyncio.to_thread(try_in_subprocess, core.path, path)
        await asyncio.to_thread(core.adapters.add, name, path)

    async def remove_adapter(self, name: str) -> None:
        """Take no new requests for an adapter, and free it after the running ones."""
        self._open_core().adapters.remove(name)

    async def swap(
        self,
        path: Path,
        *,
        release: str,
        sha256: str,
        notice: str = "",
        adapters: Mapping[str, Path] | None = None,
    ) -> None:
        """Answer new requests with another model; running answers end on the old one.

        How much memory that takes is told in the log and in `inkloop_swap_memory_bytes`, when the
        last of these answers is over and the old model is free.

        Raises:
            ModelFileError: If the file or an adapter is not usable; nothing has changed then.
        """
        if not self._swapping.acquire(blocking=False):
            raise BadRequest("Another model is being loaded.", fix="Try again when it is there.")
        memory = SwapMemory(release)
        try:
            named = Release(name=release, sha256=sha256, notice=notice)
            core = await asyncio.to_thread(self._load_beside, path, named, adapters or {})
            self._switch_to(core, memory)
        except BaseException:
            memory.end(swapped=False)
            raise
        finally:
            self._swapping.release()

    async def close(self) -> None:
        """End running answers with EngineClosed and free everything."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """The same, blocking; again is harmless."""
        self._closed = True
        for core in [self._core, *self._retiring]:
            core.close()

    async def _submit(
        self, request: Request, outlet: Outlet[Event | InkloopError]
    ) -> tuple[Core, Answer]:
        submitted = time.monotonic()
        while True:
            core = self._open_core()
            try:
                return core, await self._submit_to(core, request, outlet, submitted)
            except EngineClosed:
                if self._core is core:  # else a swap came in between: ask the new model
                    raise

    async def _submit_to(
        self,
        core: Core,
        request: Request,
        outlet: Outlet[Event | InkloopError],
        submitted: float,
    ) -> Answer:
        number = core.adapters.number(request.adapter)
        job = await self._prepared(core, lambda: core.prepare.answer(request, number, outlet))
        job.submitted = submitted
        if request.deadline_seconds is not None:
            job.deadline = submitted + request.deadline_seconds
        core.submit(job)
        return job

    async def _prepared(self, core: Core, make: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(core.pool, make)
        except RuntimeError as error:
            if core.pool_is_open:
                raise
            raise _closed() from error

    def _open_core(self) -> Core:
        if self._closed:
            raise _closed()
        return self._core

    def _load_beside(self, path: Path, release: Release, adapters: Mapping[str, Path]) -> Core:
        for adapter in [*adapters.values()] if adapters else [None]:
            try_in_subprocess(path, adapter)
        core = Core.load(path, release, self._settings)
        try:
            for name, file in adapters.items():
                core.adapters.add(name, file)
            if core.prepare.chats:
                core.warm(self._prefixes)
        except InkloopError:
            core.close()
            raise
        return core

    def _switch_to(self, core: Core, memory: SwapMemory) -> None:
        old, self._core = self._core, core
        if self._closed:
            core.close()
            memory.end(swapped=False)
            return
        _show_release(core.release, old.release)
        self._retiring.append(old)
        retiring = threading.Thread(
            target=self._retire, args=[old, memory], name="inkloop-retire", daemon=True
        )
        retiring.start()

    def _retire(self, core: Core, memory: SwapMemory) -> None:
        core.retire()
        self._retiring.remove(core)
        del core
        give_back()
        memory.end(swapped=True)


def _closed() -> EngineClosed:
    return EngineClosed("The engine is closed.", fix="Ask again in a moment.")


def _outcome(error: InkloopError) -> str:
    if isinstance(error, EngineClosed):
        return "closed"
    return "deadline" if error.http_status == 504 else "refused"


def _show_release(new: Release, old: Release | None = None) -> None:
    if old is not None:
        metrics.release_info.labels(old.name, old.sha256).set(0)
    metrics.release_info.labels(new.name, new.sha256).set(1)


def _close_forgotten(reference: "weakref.ref[LlamaEngine]") -> None:
    engine = reference()
    if engine is not None:
        engine.close_now()

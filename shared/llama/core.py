"""One loaded model, ready to answer: file, context, scheduler, adapters. What a hot swap swaps."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from shared import metrics
from shared.engine.types import Ability, EngineInfo
from shared.errors import InkloopError
from shared.home import Home
from shared.llama.adapters import Adapters
from shared.llama.binding import Model
from shared.llama.cache import PrefixCache
from shared.llama.context import TILE_ROWS, Context
from shared.llama.jobs import BASE_MODEL, Job
from shared.llama.kept_prefixes import KeptPrefixes
from shared.llama.pace import Pace
from shared.llama.prepare import Preparer
from shared.llama.scheduler import Scheduler
from shared.llama.threads import Threads, step_times
from shared.messages import Message
from shared.settings import Settings

SEQUENCES = 64
"""Running answers, apps' own prompts and conversations in cells together."""
PREPARING_THREADS = 2
CLOSE_SECONDS = 4.0

ABILITIES: frozenset[Ability] = frozenset(
    ("complete", "schema", "pattern", "score", "adapters", "queue", "cached")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Which model this is, as people and records name it."""

    name: str
    sha256: str = ""
    notice: str = ""


class Core:
    """A model at work. Made by `load`, ended by `close` (now) or `retire` (when it is done)."""

    def __init__(self, model: Model, release: Release, settings: Settings) -> None:
        window = min(settings.context_tokens, model.trained_context or settings.context_tokens)
        cells = max(settings.kv_tokens, window)
        context = Context(model, cells=cells, sequences=SEQUENCES)
        park = context.copy_bytes(cells // 2)
        cache = PrefixCache(context, sequences=SEQUENCES, rewinds=model.rewinds, park=park)
        self._cache = cache
        self._kept = KeptPrefixes(Home(settings.home).warm, context, model_sha256=release.sha256)
        self.release = release
        self.prepare = Preparer(model, window=window, release=release.name)
        with ThreadPoolExecutor(1) as passing:
            threads, pace = passing.submit(_measured, context, settings).result()
        self.scheduler = Scheduler(context, cache, threads, pace=pace, queue=settings.queue)
        self.desk = self.scheduler.desk
        self.adapters = Adapters(model, context, self.scheduler)
        self.pool = ThreadPoolExecutor(PREPARING_THREADS, thread_name_prefix="inkloop-prepare")
        self.path = model.path
        self._model = model
        self._freeing = threading.Lock()
        self._freed = False
        self.scheduler.start(self.adapters.apply)

    @classmethod
    def load(cls, path: Path, release: Release, settings: Settings) -> Self:
        """Open the file and start answering.

        Raises:
            ModelFileError: If the file is missing, damaged, or too large for this machine.
        """
        model = Model.load(path, gpu_layers=settings.gpu_layers)
        try:
            return cls(model, release, settings)
        except BaseException:
            model.free()
            raise

    @property
    def pool_is_open(self) -> bool:
        """Whether requests can still be prepared."""
        return not self._freed

    def info(self) -> EngineInfo:
        """What is running and what it can do."""
        chat: frozenset[Ability] = frozenset({"chat"} if self.prepare.chats else ())
        return EngineInfo(
            release=self.release.name,
            sha256=self.release.sha256,
            abilities=ABILITIES | chat,
            context_tokens=self.prepare.window,
            template_sha256=self.prepare.template_sha256,
            adapters=self.adapters.names,
            notice=self.release.notice,
        )

    def submit(self, job: Job) -> None:
        """Queue a job; its adapter stays loaded until the job is over.

        Raises:
            QueueFull: If too many wait.
            EngineClosed: If this model takes nothing new.
        """
        self.adapters.hold(job.adapter)
        job.on_release = lambda: self.adapters.release(job.adapter)
        try:
            self.desk.submit(job)
        except InkloopError:
            job.release()
            raise

    def warm(self, prefixes: Sequence[Sequence[Message]]) -> None:
        """Read apps' leading messages ahead, or fetch what an earlier start has read (blocking)."""
        for messages in prefixes:
            job = self.prepare.warming(messages, BASE_MODEL)
            if job is not None and not self._restore(job.tokens):
                tokens = list(job.tokens)
                self.submit(job)
                job.result.result()
                self.desk.call(partial(self._keep, tokens)).result()

    def _restore(self, tokens: list[int]) -> bool:
        fill = self._kept.restore
        return self.desk.call(
            lambda: (
                self._cache.shared_sequence(tokens, adapter=BASE_MODEL) is not None
                or self._cache.restore(tokens, adapter=BASE_MODEL, fill=fill)
            )
        ).result()

    def _keep(self, tokens: list[int]) -> None:
        sequence = self._cache.shared_sequence(tokens, adapter=BASE_MODEL)
        if sequence is not None:
            # A full or read-only disk costs the next start some seconds, and nothing else.
            with suppress(OSError):
                self._kept.keep(sequence, tokens)

    def close(self) -> None:
        """End everything now (blocking, a few seconds at most); again is harmless."""
        self.desk.close()
        self._free(CLOSE_SECONDS)

    def retire(self) -> None:
        """Finish what was accepted, then free the memory (blocking)."""
        self.desk.drain()
        self._free(None)

    def _free(self, seconds: float | None) -> None:
        if not self.scheduler.join(seconds):
            return  # a step that cannot be ended; the process is about to end anyway
        with self._freeing:
            self._freed = True
            self.pool.shutdown(wait=True)
            self.adapters.free_all()
            self._model.free()


def _measured(context: Context, settings: Settings) -> tuple[Threads, Pace]:
    """What this machine is good at; in a thread that ends.

    Each thread that has ever computed keeps a team of OpenMP's beside it. With the scheduler's own
    that were more threads than cores, on which OpenMP lets them sleep at every barrier instead of
    waiting awake (1B on two cores: 85 ms instead of 74 for each token).
    """
    threads, pace = Threads(context, settings.threads), Pace(settings.step_ms / 1000)
    copied = 0
    if context.tiles:
        if settings.repack:
            second = context.model.repack()
            second.measure(lambda rows: min(step_times(context, 1, rows)))
            copied = second.bytes
        threads.prepare("tiled")
        pace.tiles(min(step_times(context, 3, TILE_ROWS)))
    metrics.repacked_bytes.set(copied)
    return threads, pace

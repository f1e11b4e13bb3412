"""One running Inkloop: engines, stores, pages and interfaces, begun and ended in order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass

from fastapi import FastAPI

from apps.api.routes import routers
from apps.context import Context
from apps.site.assemble import Site, asgi
from apps.site.fetching import Fetching
from apps.site.fleet import Fleet
from apps.suite import AppRow
from feedback.answers import AnswerStore
from feedback.flags import FlagService
from feedback.records import now
from shared.errors import InkloopError
from shared.home import Home
from shared.releases import ReleaseStore
from shared.settings import Settings
from shared.texts import choose

log = logging.getLogger(__name__)

TIDY_EVERY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Inkloop:
    """What the server needs to hold on to."""

    app: FastAPI
    ctx: Context
    fleet: Fleet


@asynccontextmanager
async def started(settings: Settings, home: Home, rows: Sequence[AppRow]) -> AsyncIterator[Inkloop]:
    """Load the models, open the stores, build the pages; in the end everything is on disk.

    Raises:
        InkloopError: A model or a store cannot be used.
    """
    choose(settings.language, home)
    fleet = Fleet(settings, home)
    with ExitStack() as begun:
        answers = begun.enter_context(
            closing(AnswerStore(home.history, keep_days=settings.keep_days))
        )
        flags = begun.enter_context(closing(FlagService(home, answers, settings)))
        await fleet.start()
        ctx = Context(settings, home, fleet.engine_for, answers, flags)
        site = Site(
            ctx=ctx,
            rows=rows,
            running=fleet.running,
            fetching=Fetching(settings, home, fleet.use),
            promoted=ReleaseStore(home.releases).promoted,
        )
        ctx.sweeps.append(lambda: _forget_old(answers))
        work = [in_background(part) for part in (fleet.watch(), fleet.warm(), tidy(ctx))]
        try:
            yield Inkloop(asgi(site, routers(ctx, fleet.running)), ctx, fleet)
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await fleet.close()


def _forget_old(answers: AnswerStore) -> None:
    answers.expire(now())


async def tidy(ctx: Context) -> None:
    """Let every store forget what is too old, for ever; one that fails is tried an hour later."""
    while True:
        await asyncio.sleep(TIDY_EVERY_SECONDS)
        for sweep in ctx.sweeps:
            try:
                await asyncio.to_thread(sweep)
            except InkloopError as error:
                log.warning("What is too old is still here: %s", error)


def in_background(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """Start work beside the requests; what goes wrong in it is logged when it happens."""
    task = asyncio.create_task(work)
    task.add_done_callback(_log_failure)
    return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("Work in the background has failed.", exc_info=error)

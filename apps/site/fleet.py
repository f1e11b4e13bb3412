"""The engines of one process: which model answers for which role, and how that changes.

Roles that name the same model share one engine, so a model is in memory once. The main engine
follows the promoted release, or the pinned model where none is promoted: a new choice is swapped
in while running answers finish, a refused one leaves the running model in place and is told in the
banner. What is named by INKLOOP_MODEL stays what it is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from apps.ui.banner import Running
from shared.engine.types import Engine
from shared.errors import InkloopError
from shared.home import Home
from shared.models.catalogue import CatalogueModel
from shared.models.select import PIN, Choice, choose, named
from shared.releases import ReleaseStore
from shared.settings import ROLES, Settings

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0

Open = Callable[[Settings, Choice], Awaitable[Engine]]
"""Bring a choice into memory (or connect to it)."""
Swap = Callable[[Engine, Choice], Awaitable[None]]
"""Let a running engine go over to another choice."""


def now() -> datetime:
    """The present in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Opener:
    """How engines come and change; the server gives the real one, tests may give their own."""

    open: Open
    swap: Swap


class Fleet:
    """All engines of one process."""

    def __init__(self, settings: Settings, home: Home, opener: Opener) -> None:
        self._settings = settings
        self._home = home
        self._opener = opener
        self._pointer = ReleaseStore(home.releases).pointer_path
        self._engines: dict[str, Engine] = {}
        self._choice = Choice(release="")
        self._since = now()
        self._trouble = ""
        self._decision = self._decided_at()
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Bring the main model and those of the roles into memory.

        Raises:
            InkloopError: A model is missing, damaged or unknown; nothing is left running.
        """
        try:
            self._choice = choose(self._settings, self._home)
            self._engines[""] = await self._opener.open(self._settings, self._choice)
            for target in self._targets():
                choice = named(target, self._home)
                self._engines[target] = await self._opener.open(self._settings, choice)
        except BaseException:
            await self.close()
            raise
        self._since = now()

    def engine_for(self, role: str) -> Engine:
        """The engine of a role; a name that is no role gets the main one."""
        target = self._settings.for_role(role) if role in ROLES else ""
        return self._engines[target if target in self._engines else ""]

    def running(self) -> Running:
        """What the banner says."""
        info = self.engine_for("").info()
        return Running(
            release=info.release, since=self._since, notice=info.notice, trouble=self._trouble
        )

    async def use(self, model: CatalogueModel) -> None:
        """Put a model that was just fetched to work.

        Raises:
            InkloopError: It was refused; the running one stays.
        """
        async with self._changing:
            await self._change_to(named(model.name, self._home))

    async def watch(self) -> None:
        """Follow the promoted release, the pin and what is fetched, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            decided = self._decided_at()
            if decided != self._decision and not self._settings.model:
                self._decision = decided
                await self.look_again()

    async def look_again(self) -> None:
        """Go over to what is to be served now; a refusal is told and changes nothing."""
        async with self._changing:
            try:
                # In a thread: a release's files are read and hashed before they are trusted.
                choice = await asyncio.to_thread(choose, self._settings, self._home)
                if (choice.path, choice.sha256) != (self._choice.path, self._choice.sha256):
                    await self._change_to(choice)
                self._trouble = ""
            except InkloopError as error:
                log.warning("The model was not changed: %s", error)
                self._trouble = f"Another model was refused, {self._choice.release} stays: {error}"

    async def close(self) -> None:
        """End running answers and free everything."""
        for engine in self._engines.values():
            await engine.close()

    async def _change_to(self, choice: Choice) -> None:
        await self._opener.swap(self._engines[""], choice)
        self._choice, self._since, self._trouble = choice, now(), ""
        log.info("The model is %s now.", choice.release)

    def _targets(self) -> list[str]:
        """The models that roles name, each once, without those that are the main one."""
        wanted = [self._settings.for_role(role) for role in ROLES]
        return [t for t in dict.fromkeys(wanted) if t and t != self._settings.model]

    def _decided_at(self) -> tuple[int, ...]:
        """When the pointer, the pin and the folder of models last changed; 0 where one is not."""
        models = self._home.models
        places = (self._pointer, models / PIN, models)
        return tuple(place.stat().st_mtime_ns if place.exists() else 0 for place in places)

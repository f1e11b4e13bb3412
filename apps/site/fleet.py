"""The engines of one process: which model answers for which role, and how that changes.

Roles that name the same model share one engine, so a model is in memory once. The main engine
follows the promoted release, the pinned model and what is fetched: a new choice is swapped in while
running answers finish, a refused one leaves the running model in place and is told in the banner.
What is named by INKLOOP_MODEL stays what it is.
"""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

from apps.site.opening import Adapters, change_model, open_engine, warm
from apps.site.roles import Roles, WithAdapter, read_roles
from apps.ui.banner import Running
from shared.engine.types import Engine
from shared.errors import InkloopError
from shared.home import Home
from shared.models.catalogue import CatalogueModel
from shared.models.select import Choice, choose, decisions, named
from shared.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
Files = tuple[tuple[str, int], ...]
"""Paths with the moment of their last change."""


def now() -> datetime:
    """The present in UTC."""
    return datetime.now(UTC)


class Fleet:
    """All engines of one process."""

    def __init__(self, settings: Settings, home: Home) -> None:
        self._settings = settings
        self._home = home
        self._opened: list[Engine] = []
        self._main: Engine | None = None
        self._by_role: dict[str, Engine] = {}
        self._roles = Roles()
        self._choice = Choice(release="")
        self._started = self._since = now()
        self._trouble = ""
        self._decision = self._decided_at()
        self._refused: Files = ()
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Bring the main model and those of the roles into memory.

        Raises:
            InkloopError: A model is missing, damaged or unknown; nothing is left running.
        """
        try:
            self._choice = choose(self._settings, self._home)
            self._roles = read_roles(self._settings, self._home)
            self._main = await self._open(self._choice, self._roles.adapters)
            await self._open_roles(self._main)
        except BaseException:
            await self.close()
            raise
        self._started = self._since = now()

    async def warm(self) -> None:
        """Read the apps' own prompts ahead, so that nobody waits for that."""
        for engine in self._opened:
            await warm(engine)

    def engine_for(self, role: str) -> Engine:
        """The engine of a role; a name that is no role gets the main one."""
        assert self._main is not None, "start() comes first"
        return self._by_role.get(role, self._main)

    def running(self, role: str = "") -> Running:
        """What the banner says where this role answers; no role is the main model."""
        engine = self.engine_for(role)
        info = engine.info()
        own = role in self._roles.models
        return Running(
            release=info.release,
            sha256=info.sha256,
            adapter=info.adapter or "",
            since=self._started if own else self._since,
            notice=info.notice,
            trouble="" if own else self._trouble,
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
            if self._settings.model or not (decided != self._decision or self._is_mended()):
                continue
            self._decision = decided
            await self.look_again()

    async def look_again(self) -> None:
        """Go over to what is to be served now; a refusal is told and changes nothing."""
        async with self._changing:
            files = self._files()
            try:
                # In a thread: a release's files are read and hashed before they are trusted.
                choice = await asyncio.to_thread(choose, self._settings, self._home)
                if (choice.path, choice.sha256) != (self._choice.path, self._choice.sha256):
                    await self._change_to(choice)
                self._trouble = ""
            except (InkloopError, OSError) as error:
                log.warning("The model was not changed: %s", error)
                self._refused = files
                self._trouble = f"Another model was refused, {self._choice.release} stays: {error}"

    async def close(self) -> None:
        """End running answers and free everything; again is harmless."""
        await asyncio.gather(*(engine.close() for engine in self._opened))

    async def _open_roles(self, main: Engine) -> None:
        opened: dict[Choice, Engine] = {}
        for role, choice in self._roles.models.items():
            if choice not in opened:
                opened[choice] = await self._open(choice, {})
            self._by_role[role] = opened[choice]
        for role in self._roles.adapters:
            self._by_role[role] = WithAdapter(main, role)

    async def _open(self, choice: Choice, adapters: Adapters) -> Engine:
        engine = await open_engine(self._settings, choice, adapters)
        self._opened.append(engine)
        return engine

    async def _change_to(self, choice: Choice) -> None:
        await change_model(self.engine_for(""), choice, self._roles.adapters)
        self._choice, self._since, self._trouble = choice, now(), ""
        log.info("The model is %s now.", choice.release)

    def _is_mended(self) -> bool:
        """Whether a file has changed since a release was refused: it may be whole now."""
        return bool(self._trouble) and self._files() != self._refused

    def _files(self) -> Files:
        paths = sorted(self._home.releases.glob("*/*"))
        return tuple((str(path), _changed(path)) for path in paths)

    def _decided_at(self) -> tuple[int, ...]:
        """Changes with every decision, and whenever a model was fetched or removed."""
        return (*decisions(self._home), _changed(self._home.models))


def _changed(path: Path) -> int:
    """When a file changed, in ns; 0 where it is not (or no longer) there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0

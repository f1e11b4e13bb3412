"""Fetching the default model from the page, in the background, and putting it to work.

One transfer for the whole server, whoever pressed the button; everybody sees the same progress.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.errors import InkloopError
from shared.home import Home
from shared.models.catalogue import CATALOGUE, DEFAULT, CatalogueModel
from shared.models.fetch import accept, fetch
from shared.settings import Settings
from shared.texts import say


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """How far the transfer is."""

    running: bool = False
    bytes_so_far: int = 0
    bytes_in_all: int = 0
    said: str = ""
    """The last word: it is here, or why it did not come."""

    def line(self) -> str:
        """The state as a sentence; empty before anything happened."""
        if not self.running:
            return self.said
        if not self.bytes_in_all:
            return say("Fetching: asking the Hub …")
        done, whole = self.bytes_so_far / 1e6, self.bytes_in_all / 1e6
        return say(
            "Fetching: {done} of {whole} MB ({percent} %)",
            done=f"{done:,.0f}",
            whole=f"{whole:,.0f}",
            percent=f"{100 * done / whole:.0f}",
        )


class Fetching:
    """The one transfer that the home page can start."""

    def __init__(
        self, settings: Settings, home: Home, use: Callable[[CatalogueModel], Awaitable[None]]
    ) -> None:
        self.model = CATALOGUE[DEFAULT]
        self.state = FetchState()
        self._settings = settings
        self._home = home
        self._use = use
        self._task: asyncio.Task[None] | None = None

    @property
    def offered(self) -> bool:
        """Only on a loopback address: strangers must not choose the operator's model."""
        return self._settings.host in {"127.0.0.1", "localhost", "::1"}

    @property
    def needs_no_restart(self) -> bool:
        """Whether a model fetched by command answers at once: unless one was named at the start."""
        return not self._settings.model

    def start(self) -> None:
        """Begin, unless it is under way; pressing the button accepts the licence beside it."""
        if self.offered and not self.state.running:
            self.state = FetchState(running=True)
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            accept(self._home, self.model)
            await asyncio.to_thread(
                fetch, self._settings, self._home, self.model, self._note_progress
            )
            self.state = FetchState(running=True, bytes_so_far=1, bytes_in_all=1)
            await self._use(self.model)
        except InkloopError as error:
            self.state = FetchState(said=str(error))
        else:
            self.state = FetchState(
                said=say("{title} is here and answers now.", title=self.model.title)
            )

    def _note_progress(self, so_far: int, in_all: int) -> None:
        self.state = FetchState(
            running=True, bytes_so_far=so_far, bytes_in_all=in_all or self.model.bytes
        )

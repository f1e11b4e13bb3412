"""The process behind `inkloop serve`: from settings to answered requests, and an orderly end.

On SIGTERM the engines close first, so that every running answer ends with a sentence that its page
still receives; then the connections get a short while, and what people said is flushed to disk.
"""

import asyncio
import logging
import signal
import socket
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
import uvicorn
from fastapi import FastAPI

from apps.site.inkloop import Inkloop, started
from apps.site.listening import address
from apps.suite import AppRow
from shared.home import Home
from shared.settings import Settings

log = logging.getLogger(__name__)

CLOSING_SECONDS = 2.0
"""For the engines to end what is running."""
GOODBYE_SECONDS = 1
"""For connections to pass on the last words; together well under the promised 5 s."""
INTERRUPTED = 130


def serve_until_told(
    settings: Settings,
    home: Home,
    rows: Sequence[AppRow],
    listener: socket.socket,
    *,
    open_page: bool,
) -> int:
    """Serve until SIGTERM (returns 0) or SIGINT (returns 130).

    Raises:
        InkloopError: A model or a store cannot be used.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")

    async def serve() -> int:
        async with started(settings, home, rows) as inkloop:
            server = Server(inkloop, address(settings.host, listener), open_page=open_page)
            with _told_by_signals(server):
                await server.serve(sockets=[listener])
            return server.exit_code

    return asyncio.run(serve())


class Server(uvicorn.Server):
    """Uvicorn, with our own first and last words."""

    def __init__(self, inkloop: Inkloop, url: str, *, open_page: bool) -> None:
        super().__init__(
            uvicorn.Config(
                inkloop.app,
                log_level="warning",
                access_log=False,
                lifespan="on",
                timeout_graceful_shutdown=GOODBYE_SECONDS,
            )
        )
        self.exit_code = 0
        self._inkloop = inkloop
        self._url = url
        self._open_page = open_page
        self._ending: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end the process by the signal, not with 0."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer requests, and say so."""
        await super().startup(sockets=sockets)
        model = self._inkloop.fleet.running().release
        click.echo(f"Inkloop is ready at {self._url} (model {model})")
        if self._open_page:
            await asyncio.to_thread(webbrowser.open, self._url)

    def end(self, exit_code: int) -> None:
        """Begin to end; a second call changes nothing."""
        if self._ending is None:
            self.exit_code = exit_code
            self._ending = asyncio.create_task(self._end())

    async def _end(self) -> None:
        try:
            await asyncio.wait_for(self._inkloop.fleet.close(), CLOSING_SECONDS)
        except TimeoutError:
            log.warning("The model did not stop within %s s.", CLOSING_SECONDS)
        finally:
            _end_heartbeats(self._inkloop.app)
            self.should_exit = True


@contextmanager
def _told_by_signals(server: Server) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    codes = {signal.SIGTERM: 0, signal.SIGINT: INTERRUPTED}
    for number, code in codes.items():
        loop.add_signal_handler(number, server.end, code)
    try:
        yield
    finally:
        for number in codes:
            loop.remove_signal_handler(number)


def _end_heartbeats(app: FastAPI) -> None:
    """Let Gradio close the connections that every open page holds."""
    for route in app.routes:
        stop = getattr(getattr(route, "app", None), "stop_event", None)
        if isinstance(stop, asyncio.Event):
            stop.set()

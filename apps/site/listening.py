"""The address that a server answers at, taken before anything slow is imported or loaded."""

import socket

from shared.errors import SettingsError

BACKLOG = 2048
"""Connections that wait to be taken, as in uvicorn; until the models are loaded, all do."""


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to the address.

    Raises:
        SettingsError: If the address is taken or not of this machine.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
        # Two that start in the same moment may both have bound it; only one of them may listen.
        bound.listen(BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"Inkloop cannot listen at {host}:{port} ({error.strerror}).",
            fix="Take another address with --host and --port; port 0 picks a free one.",
        ) from error
    return bound


def address(host: str, listener: socket.socket) -> str:
    """The site's URL, with the port that was really taken."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}"

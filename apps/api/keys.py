"""Who may use `/v1`: whoever has the key; without a key, this machine alone.

Without a key the Host header must name this machine too: a web page whose name was bent to
127.0.0.1 is stopped by that, and so is a public proxy in front of a server that has no key.
"""

import hashlib
import hmac

from starlette.requests import Request

from shared.errors import InkloopError
from shared.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class NotAllowed(InkloopError):
    """The key is missing or wrong."""

    http_status = 401


class NotOpen(InkloopError):
    """The operator has set no key, so nobody from elsewhere may come in."""

    http_status = 403


def check_key(request: Request, settings: Settings) -> None:
    """Let the caller in.

    Raises:
        NotAllowed: A key is set and was not sent.
        NotOpen: No key is set and the server, or the name it was called by, is not loopback.
    """
    key = settings.api_key.get_secret_value()
    if key:
        sent = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(sent.encode(), key.encode()):
            raise NotAllowed(
                "The API key is missing or wrong.",
                fix="Send the value of INKLOOP_API_KEY as “Authorization: Bearer …”.",
            )
    elif not (settings.host in LOOPBACK and (request.url.hostname or "") in LOOPBACK):
        raise NotOpen(
            "/v1 is closed: the server can be reached from other machines and has no key.",
            fix="Set INKLOOP_API_KEY on the server and send it as a bearer token.",
        )


def caller(request: Request, user: str | None) -> str:
    """Stand-in owner of an API caller, for fairness and reuse; it owns nothing (see `owner`)."""
    parts = (
        request.headers.get("authorization", ""),
        request.client.host if request.client else "",
        user or "",
    )
    return "v1:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def is_one_person(settings: Settings, user: str | None) -> bool:
    """Whether a caller's requests are one person's, who may find their own words in the cache.

    Where a key lets others in, a service may ask for many people with one key from one address.
    Only `user` tells them apart, so without it nothing is reused: neither timing nor
    `cached_tokens` may tell one of them what another wrote.
    """
    return bool(user) or not settings.api_key.get_secret_value()

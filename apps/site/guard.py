"""What every response and every request goes through: headers, the owner cookie, a size limit.

Plain ASGI, because Starlette's BaseHTTPMiddleware would hold up streamed answers. The policy lets a
page talk to its own server alone: an image or form that a model or a stranger wrote into an answer
cannot call out.
"""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.ui.owner import COOKIE, new_owner, owner_in

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Far above the longest message; more would only fill the memory."""
COOKIE_SECONDS = 365 * 24 * 3600

# Gradio's pages need inline scripts and `new Function`; frames are those of Hugging Face Spaces.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'self' https://huggingface.co https://*.hf.space",
        "object-src 'none'",
        "base-uri 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """ASGI middleware around the whole site."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if int(headers.get("content-length") or 0) > MAX_BODY_BYTES:
            limit = MAX_BODY_BYTES // 1024 // 1024
            refusal = PlainTextResponse(f"The limit of a request is {limit} MB.", status_code=413)
            await refusal(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(message, headers, https=scope["scheme"] == "https")
            await send(message)

        await self.app(scope, _limited(receive), send_with_headers)


def add_headers(message: MutableMapping[str, Any], asked: Headers, *, https: bool) -> None:
    """Put the protecting headers on a response, and the cookie on a first page."""
    answer = MutableHeaders(raw=message.setdefault("headers", []))
    for name, value in HEADERS.items():
        answer.setdefault(name, value)
    is_page = answer.get("content-type", "").startswith("text/html")
    if is_page and not owner_in(_cookies(asked)):
        in_frame = asked.get("sec-fetch-dest") == "iframe"
        answer.append("set-cookie", owner_cookie(in_frame=in_frame, https=https))


def owner_cookie(*, in_frame: bool, https: bool) -> str:
    """A cookie for a new owner; inside somebody else's frame it must be partitioned to be kept."""
    if in_frame:
        site = "; SameSite=None; Secure; Partitioned"
    else:
        site = "; SameSite=Lax; Secure" if https else "; SameSite=Lax"
    return f"{COOKIE}={new_owner()}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly{site}"


def _cookies(headers: Headers) -> dict[str, str]:
    # As the pages read them. The standard library's parser gives up at the first cookie of another
    # program on this host that it dislikes, and the person would be made a stranger here.
    return cookie_parser(headers.get("cookie", ""))


def _limited(receive: Receive) -> Receive:
    """A body without a declared length is cut off at the limit, as if the sender had gone."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= MAX_BODY_BYTES else {"type": "http.disconnect"}

    return counted

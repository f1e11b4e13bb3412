"""Who is asking: the random cookie that the site sets on the first page load.

The cookie is set by `apps.site.cookie`, is readable by no script, and is the only thing that makes
a browser a person here. Where there is none (cookies refused, a program calling the API) the
Gradio session stands in for fairness, but owns nothing: its answers belong to whoever knows their
id. Such stand-ins contain a colon, which a cookie never does.
"""

import re
import secrets
from collections.abc import Mapping

import gradio as gr

COOKIE = "inkloop_owner"
_VALID = re.compile(r"[A-Za-z0-9_-]{32,64}")


def new_owner() -> str:
    """A fresh owner: 192 random bits, safe in a cookie."""
    return secrets.token_urlsafe(24)


def owner_in(cookies: Mapping[str, str]) -> str:
    """The owner that these cookies name, or an empty string."""
    value = cookies.get(COOKIE, "")
    return value if _VALID.fullmatch(value) else ""


def owner_of(request: gr.Request) -> str:
    """The person behind a request; without a cookie, a stand-in for this session alone."""
    return owner_in(_cookies(request)) or f"session:{request.session_hash or new_owner()}"


def _cookies(request: gr.Request) -> Mapping[str, str]:
    # Gradio wraps mappings in an object of its own in some paths and not in others.
    cookies = getattr(request, "cookies", None) or {}
    return cookies if isinstance(cookies, Mapping) else dict(vars(cookies))

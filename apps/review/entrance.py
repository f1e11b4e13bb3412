"""The login page and its two forms, as plain HTML that needs no script."""

import html

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from apps.review.door import COOKIE, HOURS, Door, Refused
from feedback.reviewers import FIRST

HOME = "/admin/"
LOGIN = "/admin/login"
LOGOUT = "/admin/logout"

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>Inkloop: reviewers</title><style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid;
  place-items: center; background: light-dark(#fdfbf6, #12110e);
  color: light-dark(#1c1a16, #f7f3ea); }}
main {{ width: min(340px, calc(100vw - 40px)); }}
h1 {{ font: 600 1.6rem/1.2 Palatino, Georgia, serif; margin: 0 0 12px; }}
form {{ display: grid; gap: 12px; }} label {{ display: grid; gap: 4px; }}
input, button {{ font: inherit; padding: 10px 12px; border-radius: 6px; min-height: 44px;
  box-sizing: border-box; border: 1px solid light-dark(#a89f8d, #756d5e); }}
input {{ background: light-dark(#fff, #1c1a16); color: inherit; }}
button {{ background: light-dark(#22446b, #8fb0d6); color: light-dark(#fff, #0d1b2d);
  border: 0; cursor: pointer; font-weight: 600; }}
.wrong {{ border-left: 4px solid #b42318; padding: 6px 10px; margin: 0 0 12px; }}
a {{ color: inherit; }}
</style></head><body><main><h1>Inkloop: reviewers</h1>{told}
<form method="post" action="{login}">
<label>Username <input name="username" value="{name}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required
 autofocus></label><button type="submit">Login</button></form>
<p><a href="/">Back to the apps</a></p></main></body></html>"""


def router(door: Door) -> APIRouter:
    """The ways in and out."""
    ways = APIRouter()

    @ways.get("/admin")
    async def without_slash() -> Response:
        return RedirectResponse(HOME, status_code=307)

    @ways.get(LOGIN)
    async def form(request: Request) -> Response:
        if door.who(request.cookies.get(COOKIE)):
            return RedirectResponse(HOME, status_code=303)
        return HTMLResponse(_page())

    @ways.post(LOGIN)
    async def login(request: Request) -> Response:
        sent = await request.form()
        name, password = str(sent.get("username", "")), str(sent.get("password", ""))
        address = request.client.host if request.client else ""
        try:
            token = await door.enter(name, password, address=address)
        except Refused as refused:
            return _refusal(request, refused)
        answer = _wants_page(request, RedirectResponse(HOME, status_code=303), {"success": True})
        _give(answer, token, https=request.url.scheme == "https")
        return answer

    @ways.post(LOGOUT)
    async def logout(request: Request) -> Response:
        door.leave(request.cookies.get(COOKIE))
        answer = RedirectResponse(LOGIN, status_code=303)
        answer.delete_cookie(COOKIE, path="/admin")
        return answer

    return ways


async def to_login(request: Request, _refused: Exception) -> Response:
    """What somebody without a cookie gets: the login page, or 401 for a program."""
    refusal: dict[str, object] = {"detail": f"Log in at {LOGIN}."}
    return _wants_page(request, RedirectResponse(LOGIN, status_code=303), refusal, status=401)


def _refusal(request: Request, refused: Refused) -> Response:
    page = HTMLResponse(_page(str(refused)), status_code=refused.status)
    return _wants_page(request, page, {"detail": str(refused)}, status=refused.status)


def _wants_page(
    request: Request, page: Response, value: dict[str, object], *, status: int = 200
) -> Response:
    asks = "text/html" in request.headers.get("accept", "")
    return page if asks else JSONResponse(value, status_code=status)


def _give(answer: Response, token: str, *, https: bool) -> None:
    # Strict: no other site can make a browser use it, whatever it lets a visitor click.
    answer.set_cookie(
        COOKIE,
        token,
        max_age=HOURS * 3600,
        path="/admin",
        httponly=True,
        samesite="strict",
        secure=https,
    )


def _page(wrong: str = "") -> str:
    told = f'<p class="wrong" role="alert">{html.escape(wrong)}</p>' if wrong else ""
    return _PAGE.format(told=told, login=LOGIN, name=FIRST)

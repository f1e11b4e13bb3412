"""From apps to one ASGI application.

The apps are pages of one Gradio Blocks, so that they share one queue; it is mounted at "/" on a
FastAPI parent that brings `/v1`, `/healthz` and `/metrics`. With a single app named, its page is at
"/". The reviewers' pages are Blocks of their own, at "/admin", and only where somebody may review.
The parent's CORSMiddleware allows no origin: without it, Gradio would answer any web site with the
visitor's cookie.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from fastapi import APIRouter, FastAPI, Request
from starlette.middleware.cors import CORSMiddleware

from apps.context import Context
from apps.review import admin, entrance
from apps.review.door import COOKIE, Door
from apps.site import home
from apps.site.fetching import Fetching
from apps.site.guard import Guard
from apps.site.queueing import calm
from apps.site.sessions import remember_little
from apps.suite import PLACES, AppRow, Page
from apps.ui.banner import Running, banner, navigation
from apps.ui.flag_api import add_flag_api
from apps.ui.look import head, theme
from feedback.reviewers import Reviewers
from shared.releases import Release
from shared.texts import say

MAX_UPLOAD = "1mb"
"""No app takes files; Gradio's upload route exists all the same."""
TEMPORARY_FILES = (3600, 86400)
"""Seconds between sweeps, and the age at which a temporary file goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the pages are made of."""

    ctx: Context
    rows: Sequence[AppRow]
    running: Callable[[str], Running]
    """From a role to what the banner says where it answers."""
    fetching: Fetching
    promoted: Callable[[], Release | None]


def asgi(site: Site, routers: Sequence[APIRouter]) -> FastAPI:
    """Everything that one process serves."""
    parent = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    parent.add_middleware(CORSMiddleware, allow_origins=[], allow_methods=["GET"])
    parent.add_middleware(Guard)
    for router in routers:
        parent.include_router(router)
    pages = {row.name: row.load() for row in (*site.rows, *PLACES)}
    whole = blocks(site, pages).queue(max_size=site.ctx.settings.queue, api_open=False)
    # Gradio says so for every site with several pages, also when SSR was never asked for.
    warnings.filterwarnings("ignore", message="SSR mode is not supported", category=UserWarning)
    reviewers = Reviewers(site.ctx.home)
    reviewers.set_first(site.ctx.settings.admin_password.get_secret_value())
    if reviewers.all():
        _mount_admin(parent, site, Door(reviewers))
    _mount(parent, whole, "/", site, css="\n".join(page.css for page in pages.values()))
    return parent


def _mount_admin(parent: FastAPI, site: Site, door: Door) -> None:
    """The reviewers' pages; before the site, which takes every address that is left."""
    parent.include_router(entrance.router(door))
    whole = admin.blocks(site.ctx).queue(max_size=site.ctx.settings.queue, api_open=False)
    kept = {"exception_handlers": {401: entrance.to_login}}
    _mount(
        parent,
        whole,
        "/admin",
        site,
        css=admin.CSS,
        guard=lambda asked: door.who(asked.cookies.get(COOKIE)),
        app_kwargs=kept,
    )


def _mount(  # noqa: PLR0913 - two sites that differ in few things
    parent: FastAPI,
    whole: gr.Blocks,
    path: str,
    site: Site,
    *,
    css: str,
    guard: Callable[[Request], str | None] | None = None,
    app_kwargs: dict[str, Any] | None = None,
) -> None:
    gr.mount_gradio_app(
        parent,
        calm(whole),
        path,
        theme=theme(),
        head=head(css),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        max_file_size=MAX_UPLOAD,
        show_error=False,
        blocked_paths=[str(site.ctx.home.root)],
        auth_dependency=guard,
        app_kwargs=app_kwargs,
    )
    remember_little(parent)


def blocks(site: Site, pages: dict[str, Page]) -> gr.Blocks:
    """The home page and a page per app, or the one app alone."""
    whole = gr.Blocks(title="Inkloop", analytics_enabled=False, delete_cache=TEMPORARY_FILES)
    if len(site.rows) == 1:
        row = site.rows[0]
        with whole, _frame(whole, site, row.name):
            pages[row.name].build(whole, site.ctx)
            add_flag_api(site.ctx)
        _add_pages(whole, site, pages, PLACES)
        return whole
    with whole, _frame(whole, site, ""):
        add_flag_api(site.ctx)
        home.build(whole, site.rows, lambda: site.running(""), site.fetching, site.promoted)
    _add_pages(whole, site, pages, (*site.rows, *PLACES))
    return whole


def _add_pages(
    whole: gr.Blocks, site: Site, pages: dict[str, Page], rows: Sequence[AppRow]
) -> None:
    for row in rows:
        with (
            whole.route(say(row.title), row.name, show_in_navbar=False),
            _frame(whole, site, row.name),
        ):
            pages[row.name].build(whole, site.ctx)


@contextmanager
def _frame(page: gr.Blocks, site: Site, name: str) -> Iterator[None]:
    """Around the content of one page: the way around and the banner."""
    navigation((*(site.rows if len(site.rows) > 1 else ()), *PLACES), name)
    banner(page, lambda: _answering(site, name))
    with gr.Column(elem_classes=f"page-{name or 'home'}", elem_id="page"):
        yield


def _answering(site: Site, name: str) -> Running:
    """The model of a page; ideas may be weighed by another one than the one that finds them."""
    found = site.running(name)
    judge = site.running("judge") if name == "brainstorm" else found
    if (judge.release, judge.adapter) == (found.release, found.adapter):
        return found
    return replace(found, judge=f"{judge.release} {judge.adapter}".strip())

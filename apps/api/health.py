"""`/healthz` for whoever watches the process, `/metrics` for Prometheus."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from apps.context import Context
from apps.ui.banner import Running
from shared import metrics


def router(ctx: Context, running: Callable[[], Running]) -> APIRouter:
    """Both routes."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> JSONResponse:
        now = running()
        return JSONResponse(
            {
                "status": "ok",
                "release": now.release,
                "since": now.since.isoformat(timespec="seconds"),
                "trouble": now.trouble,
                "pushing": _pushing(ctx),
            }
        )

    @routes.get("/metrics")
    async def exposition() -> Response:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return routes


def _pushing(ctx: Context) -> dict[str, Any] | None:
    """How flags get to the Hub; None where no dataset is configured.

    Anybody may read this: the dataset's name and what the Hub said are for reviewers only.
    """
    state = ctx.flags.pushing
    if state is None:
        return None
    pushed_at = state.pushed_at.isoformat(timespec="seconds") if state.pushed_at else None
    return {"waiting": ctx.flags.unpushed(), "pushed_at": pushed_at, "ok": not state.problem}

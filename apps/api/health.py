"""`/healthz` for whoever watches the process, `/metrics` for Prometheus."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from apps.ui.banner import Running
from shared import metrics


def router(running: Callable[[], Running]) -> APIRouter:
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
            }
        )

    @routes.get("/metrics")
    async def exposition() -> Response:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return routes

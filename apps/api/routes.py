"""All routes that are not pages."""

from collections.abc import Callable

from fastapi import APIRouter

from apps.api import health, v1
from apps.context import Context
from apps.ui.banner import Running


def routers(ctx: Context, running: Callable[[], Running]) -> list[APIRouter]:
    """In the order in which they are asked, before the pages."""
    return [v1.router(ctx), health.router(ctx, running)]

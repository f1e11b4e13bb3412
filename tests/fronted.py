"""Our own `/v1` in front of any engine, on a free port of this process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from apps.api import v1
from apps.context import Context
from feedback.answers import AnswerStore
from feedback.flags import FlagService
from shared.engine.types import Engine
from shared.home import Home
from shared.settings import Settings


@asynccontextmanager
async def served_app(app: FastAPI) -> AsyncIterator[str]:
    """The base URL of a server that answers while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[door]))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def fronted(engine: Engine, root: Path, *, api_key: str = "") -> AsyncIterator[str]:
    """The address, ending in `/v1`, behind which `engine` answers."""
    settings = Settings(home=root, api_key=SecretStr(api_key))
    home = Home(root).prepare()
    with ExitStack() as opened:
        answers = opened.enter_context(closing(AnswerStore(home.history)))
        flags = opened.enter_context(closing(FlagService(home, answers, settings)))
        ctx = Context(settings, home, lambda _role: engine, answers, flags)
        app = FastAPI()
        app.include_router(v1.router(ctx))
        async with served_app(app) as url:
            yield f"{url}/v1"

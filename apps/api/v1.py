"""`/v1`: chat completions, completions and the model list, for any OpenAI client."""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from apps.api import asking
from apps.api.answering import stream, whole
from apps.api.errors import as_response
from apps.api.keys import caller, check_key, is_one_person
from apps.api.replies import ChatShape, Shape, TextShape
from apps.api.schema import Body, ChatBody, CompletionBody, Sampled, in_words
from apps.context import Ask, Context
from shared.errors import BadRequest, InkloopError

B = TypeVar("B", bound=Body)
Handler = Callable[[Request], Awaitable[Response]]
HUNG_UP = 499
"""Nobody reads this status; it is for the log."""


def router(ctx: Context) -> APIRouter:
    """The routes below `/v1`."""
    routes = APIRouter(prefix="/v1")
    started = int(time.time())

    async def chat_completions(request: Request) -> Response:
        body = await read(request, ChatBody)
        owner = caller(request, body.user)
        alone = is_one_person(ctx.settings, body.user)
        ask = asking.chat(body, ctx.engine_for("chat").info(), owner, one_person=alone)
        return await answer(ctx, request, body, ask, ChatShape())

    async def completions(request: Request) -> Response:
        body = await read(request, CompletionBody)
        alone = is_one_person(ctx.settings, body.user)
        ask = asking.completion(body, caller(request, body.user), one_person=alone)
        shape = TextShape(body.text if body.echo else "", reads_only=body.reads_only)
        return await answer(ctx, request, body, ask, shape)

    async def models(request: Request) -> Response:
        del request
        info = ctx.engine_for("chat").info()
        names = [info.release, *info.adapters]
        entries = [
            {"id": name, "object": "model", "created": started, "owned_by": "inkloop"}
            for name in names
        ]
        return JSONResponse({"object": "list", "data": entries})

    for path, handler, method in (
        ("/chat/completions", chat_completions, "POST"),
        ("/completions", completions, "POST"),
        ("/models", models, "GET"),
    ):
        routes.add_api_route(path, _guarded(ctx, handler), methods=[method], response_model=None)
    return routes


async def answer(ctx: Context, request: Request, body: Sampled, ask: Ask, shape: Shape) -> Response:
    """Whole or streamed, as the body asks."""
    if body.stream:
        return await stream(ctx, ask, shape, wants_usage=body.wants_usage)
    return await whole(ctx, ask, shape, request)


async def read(request: Request, kind: type[B]) -> B:
    """The body of a request.

    Raises:
        BadRequest: If it is not JSON of that kind.
    """
    # Only application/json: a form of some web site can then not post here in a visitor's name.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequest("The body is not JSON.", fix="Send Content-Type: application/json.")
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        raise in_words(error) from error


def _guarded(ctx: Context, handler: Handler) -> Handler:
    @wraps(handler)
    async def guarded(request: Request) -> Response:
        try:
            check_key(request, ctx.settings)
            return await handler(request)
        except InkloopError as error:
            return as_response(error)
        except ClientDisconnect:
            return Response(status_code=HUNG_UP)

    return guarded

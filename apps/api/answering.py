"""Answering one `/v1` question, whole or as a stream, and letting go when the caller has gone."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from apps.api.errors import as_json
from apps.api.replies import FINISH, Json, Shape, envelope, usage
from apps.context import AnswerEvent, Ask, Context, Finished, Started
from shared.engine.types import Piece, TokenLogprob, Waiting
from shared.errors import EngineClosed, InkloopError

T = TypeVar("T")

STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


async def whole(ctx: Context, ask: Ask, shape: Shape, request: Request) -> Response:
    """The finished answer in one JSON object.

    Raises:
        InkloopError: What the engine raises.
        ClientDisconnect: The caller has gone; the model is free again.
    """
    return await unless_gone(request, _whole(ctx, ask, shape))


async def _whole(ctx: Context, ask: Ask, shape: Shape) -> Response:
    logprobs: list[TokenLogprob] = []
    async with aclosing(ctx.answer(ask)) as events:
        async for event in events:
            if isinstance(event, Piece):
                logprobs.extend(event.logprobs)
            elif isinstance(event, Finished):
                numbers = event.numbers
                choice = shape.whole(event.text, logprobs, numbers)
                body = envelope(event.answer_id, shape.kind, numbers.release, [choice])
                return JSONResponse({**body, "usage": usage(numbers)})
    raise EngineClosed("The answer ended without a last word.", fix="Ask again.")


async def stream(ctx: Context, ask: Ask, shape: Shape, *, wants_usage: bool) -> StreamingResponse:
    """Server-sent events; what is wrong with the question is still told by the status.

    Raises:
        InkloopError: The question was refused before anything was written.
    """
    events = ctx.answer(ask)
    try:
        started = await anext(events)
        # Now, not after the first event: a swap in between is for those who ask later.
        release = ctx.engine_for(ask.role).info().release
        first = await anext(events)
    except BaseException:
        await events.aclose()
        raise
    assert isinstance(started, Started)
    stream = Stream(started.answer_id, release, shape, wants_usage=wants_usage)
    return StreamingResponse(
        stream.lines(first, events), media_type="text/event-stream", headers=STREAM_HEADERS
    )


class Stream:
    """The lines of one streamed answer."""

    def __init__(self, answer_id: str, release: str, shape: Shape, *, wants_usage: bool) -> None:
        self._answer_id = answer_id
        self._release = release
        self._shape = shape
        self._wants_usage = wants_usage

    async def lines(
        self, first: AnswerEvent, events: AsyncGenerator[AnswerEvent, None]
    ) -> AsyncGenerator[str, None]:
        """All lines; an error in the middle is a line of its own, then the stream ends."""
        async with aclosing(events):
            try:
                for choice in self._shape.opening():
                    yield self._chunk([choice])
                for line in self._of(first):
                    yield line
                async for event in events:
                    for line in self._of(event):
                        yield line
            except InkloopError as error:
                yield _line(as_json(error))
            yield "data: [DONE]\n\n"

    def _of(self, event: AnswerEvent) -> list[str]:
        if isinstance(event, Waiting):
            # A comment, as the format has them: it keeps proxies from hanging up.
            return [f": number {event.position} in the queue\n\n"]
        if isinstance(event, Piece):
            return [self._chunk([self._shape.piece(event.text, event.logprobs)])]
        if isinstance(event, Finished):
            self._release = event.numbers.release
            lines = [self._chunk([self._shape.last(FINISH[event.numbers.finish_reason])])]
            if self._wants_usage:
                lines.append(self._chunk([], usage(event.numbers)))
            return lines
        return []

    def _chunk(self, choices: list[Json], numbers: Json | None = None) -> str:
        body = envelope(self._answer_id, self._shape.piece_kind, self._release, choices)
        return _line({**body, "usage": numbers} if self._wants_usage else body)


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Wait for `work`, but cancel it when the caller hangs up.

    Raises:
        ClientDisconnect: Nobody is there to read the answer.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        leaving.cancel()
        working.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _line(body: Json) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"

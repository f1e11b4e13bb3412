"""Expected failures as people see them: one toast that says what happened and what to do.

The whole sentence is in the message, because that is all that a program calling the API gets; the
title is a word for the eye. Gradio 6.31 heads a toast with its kind alone, so “Error” would stand
over every plain hint; on a page a hint is a warning, and the error itself stays unseen.
Everything that is not an InkloopError is a bug: it passes through, is printed with its traceback,
and the page says only that something went wrong.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, ParamSpec, TypeVar, cast

import gradio as gr
from gradio.context import LocalContext

from shared.errors import (
    AbilityMissing,
    BadRequest,
    DeadlineExceeded,
    EngineClosed,
    InkloopError,
    NotFound,
    QueueFull,
    StoreError,
)
from shared.texts import later, say

P = ParamSpec("P")
R = TypeVar("R")

TITLES: tuple[tuple[type[InkloopError], str], ...] = (
    (QueueFull, later("Busy")),
    (DeadlineExceeded, later("Too slow")),
    (EngineClosed, later("Interrupted")),
    (AbilityMissing, later("Not with this model")),
    (BadRequest, later("Please check")),
    (NotFound, later("Not found")),
    (StoreError, later("Not saved")),
)


FAILURES = (StoreError, EngineClosed)
"""What went wrong here, and not in what somebody asked for."""


def as_toast(error: InkloopError) -> gr.Error:
    """The error for Gradio: shown as a toast, or sent to an API caller."""
    title = next((title for kind, title in TITLES if isinstance(error, kind)), later("Not done"))
    return gr.Error(str(error), title=say(title), print_exception=False)


@contextmanager
def _toasts() -> Iterator[None]:
    try:
        yield
    except InkloopError as error:
        toast = as_toast(error)
        on_page = LocalContext.event_id.get(None) is not None
        if on_page and not isinstance(error, FAILURES):
            gr.Warning(toast.message, title=toast.title, duration=toast.duration)
            toast.visible = False
        raise toast from error


def shows_errors(handler: Callable[P, R]) -> Callable[P, R]:
    """Turn an InkloopError of a handler into a toast.

    Works for plain functions, coroutines, generators and async generators, and keeps the
    signature, from which Gradio reads `gr.Request` and event data.
    """
    # What a handler is decides how Gradio runs it, so the wrapper must be of the same kind.
    if inspect.isasyncgenfunction(handler):
        wrapper: Callable[..., Any] = _async_generator
    elif inspect.iscoroutinefunction(handler):
        wrapper = _coroutine
    elif inspect.isgeneratorfunction(handler):
        wrapper = _generator
    else:
        wrapper = _plain
    return cast(Callable[P, R], wrapper(handler))


def _plain(handler: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(handler)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with _toasts():
            return handler(*args, **kwargs)

    return wrapped


def _coroutine(handler: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    @functools.wraps(handler)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with _toasts():
            return await handler(*args, **kwargs)

    return wrapped


def _generator(handler: Callable[P, Iterator[R]]) -> Callable[P, Iterator[R]]:
    @functools.wraps(handler)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        with _toasts():
            yield from handler(*args, **kwargs)

    return wrapped


def _async_generator(
    handler: Callable[P, AsyncGenerator[R, None]],
) -> Callable[P, AsyncGenerator[R, None]]:
    @functools.wraps(handler)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R, None]:
        # aclosing: Stop must reach the engine now, not when the garbage is collected.
        with _toasts():
            async with aclosing(handler(*args, **kwargs)) as values:
                async for value in values:
                    yield value

    return wrapped

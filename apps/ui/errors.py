"""Expected failures as people see them: one toast that says what happened and what to do.

The whole sentence is in the message, because that is all that a program calling the API gets; the
title is a word for the eye. Everything that is not an InkloopError is a bug: it passes through, is
printed with its traceback, and the page says only that something went wrong.
"""

import functools
import inspect
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import gradio as gr

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

TITLES: tuple[tuple[type[InkloopError], str], ...] = (
    (QueueFull, "Busy"),
    (DeadlineExceeded, "Too slow"),
    (EngineClosed, "Interrupted"),
    (AbilityMissing, "Not with this model"),
    (BadRequest, "Please check"),
    (NotFound, "Not found"),
    (StoreError, "Not saved"),
)


def as_toast(error: InkloopError) -> gr.Error:
    """The error for Gradio: shown as a toast, or sent to an API caller."""
    title = next((title for kind, title in TITLES if isinstance(error, kind)), "Not done")
    return gr.Error(str(error), title=title, print_exception=False)


def shows_errors(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Turn an InkloopError of a handler into a toast.

    Works for plain functions, coroutines, generators and async generators, and keeps the
    signature, from which Gradio reads `gr.Request` and event data.
    """
    if inspect.isasyncgenfunction(handler):
        return _async_generator(handler)
    if inspect.iscoroutinefunction(handler):
        return _coroutine(handler)
    if inspect.isgeneratorfunction(handler):
        return _generator(handler)

    @functools.wraps(handler)
    def plain(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except InkloopError as error:
            raise as_toast(error) from error

    return plain


def _async_generator(handler: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            # aclosing: Stop must reach the engine now, not when the garbage is collected.
            async with aclosing(handler(*args, **kwargs)) as values:
                async for value in values:
                    yield value
        except InkloopError as error:
            raise as_toast(error) from error

    return wrapped


def _coroutine(handler: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return await handler(*args, **kwargs)
        except InkloopError as error:
            raise as_toast(error) from error

    return wrapped


def _generator(handler: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            yield from handler(*args, **kwargs)
        except InkloopError as error:
            raise as_toast(error) from error

    return wrapped

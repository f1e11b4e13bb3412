"""What an OpenAI-compatible server says when something is wrong, in Inkloop's words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import openai

from shared.errors import (
    AbilityMissing,
    BadRequest,
    DeadlineExceeded,
    EngineClosed,
    InkloopError,
    PromptTooLong,
    QueueFull,
    SettingsError,
)

# OpenAI: context_length_exceeded; vLLM: maximum context length; llama-server: context size.
_TOO_LONG = re.compile(r"context[ _](length|size|window)|exceed_context|room for [\d,]+", re.I)


@contextmanager
def in_our_words(url: str) -> Iterator[None]:
    """Turn the client's exceptions into errors with a next step."""
    try:
        yield
    except openai.APITimeoutError as error:
        raise DeadlineExceeded(f"{url} did not answer in time.", fix="Ask again later.") from error
    except openai.APIConnectionError as error:
        raise EngineClosed(
            f"{url} cannot be reached.", fix="Start the server there, or change INKLOOP_MODEL."
        ) from error
    except openai.APIStatusError as error:
        raise of_status(url, error.status_code, _message(error)) from error
    except openai.APIError as error:
        # An error line in the middle of a stream carries no status.
        raise _of_stream(url, error) from error


def of_status(url: str, status: int, says: str) -> InkloopError:
    """The error for an HTTP status and what the server says about it."""
    if status in (401, 403):
        return SettingsError(
            f"{url} refused the API key ({says}).", fix="Set OPENAI_API_KEY to a key it knows."
        )
    if status == 404:
        return SettingsError(
            f"{url} does not know the model or the route ({says}).",
            fix="Check the address: it ends in /v1.",
        )
    if status in (400, 413, 422):
        kind = PromptTooLong if _TOO_LONG.search(says) else BadRequest
        return kind(f"{url} refused the request: {says}")
    if status in (408, 504):
        return DeadlineExceeded(f"{url} ran out of time: {says}", fix="Ask again later.")
    if status in (429, 503):
        return QueueFull(f"{url} is busy: {says}", fix="Ask again in a moment.")
    if status == 501:
        return AbilityMissing(f"{url} cannot do that: {says}", fix="Use a local GGUF model for it.")
    return EngineClosed(f"{url} failed with status {status}: {says}", fix="Look at its log.")


def _message(error: openai.APIStatusError) -> str:
    body = error.body
    says = body.get("message") if isinstance(body, dict) else None
    return str(says or error.message)[:300]


def _of_stream(url: str, error: openai.APIError) -> InkloopError:
    kind = str(getattr(error, "type", "") or "")
    if kind == "timeout_error":
        return DeadlineExceeded(f"{url} ran out of time: {error.message}", fix="Ask again.")
    if kind == "invalid_request_error":
        return BadRequest(f"{url} refused the request: {error.message}")
    return EngineClosed(f"{url} broke off: {error.message}", fix="Ask again.")

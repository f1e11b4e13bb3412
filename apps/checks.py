"""What the apps check of what comes from outside: a page's field and an API's argument alike."""

from shared.errors import BadRequest
from shared.texts import say

MAX_LINE = 500
"""Longest title, topic or subject, in characters."""


def one_line(text: object, *, name: str, fewest: int = 1, most: int = MAX_LINE) -> str:
    """A text on one line, without outer blanks.

    Args:
        text: Whatever was sent.
        name: What the person calls it, for the message: `say("title")`.
        fewest: 0 allows it to be left out.
        most: In characters.

    Raises:
        BadRequest: If it is no text, or its length is outside the limits, which are named.
    """
    if text is None and fewest == 0:
        return ""
    if not isinstance(text, str):
        raise BadRequest(
            say("The {name} is not a text.", name=name),
            fix=say("Send {fewest} to {most} characters.", fewest=fewest, most=most),
        )
    tidy = " ".join(storable(text).split())
    if not fewest <= len(tidy) <= most:
        raise BadRequest(
            say("The {name} has {count} characters.", name=name, count=len(tidy)),
            fix=say("It takes {fewest} to {most}.", fewest=fewest, most=most),
        )
    return tidy


def an_id(value: object, *, name: str) -> str:
    """An id as it may be looked for.

    Raises:
        BadRequest: If nothing can have this id: it is no text, or holds half characters.
    """
    if not isinstance(value, str):
        raise BadRequest(
            say("{name} is not a text.", name=name), fix=say("Send it as it was given.")
        )
    if storable(value) != value:
        raise BadRequest(
            say("{name} holds characters that no id has.", name=name),
            fix=say("Send it as it was given."),
        )
    return value


def storable(text: str) -> str:
    """The text without what no file can hold: half characters (lone surrogates) and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")

"""What the apps check of what comes from outside: a page's field and an API's argument alike."""

from shared.errors import BadRequest

MAX_LINE = 500
"""Longest title, topic or subject, in characters."""


def one_line(text: object, *, name: str, fewest: int = 1, most: int = MAX_LINE) -> str:
    """A text on one line, without outer blanks.

    Args:
        text: Whatever was sent.
        name: What the person calls it, for the message: "title".
        fewest: 0 allows it to be left out.
        most: In characters.

    Raises:
        BadRequest: If it is no text, or its length is outside the limits, which are named.
    """
    if text is None and fewest == 0:
        return ""
    if not isinstance(text, str):
        raise BadRequest(f"The {name} is not a text.", fix=f"Send {fewest} to {most} characters.")
    tidy = " ".join(storable(text).split())
    if not fewest <= len(tidy) <= most:
        raise BadRequest(
            f"The {name} has {len(tidy)} characters.", fix=f"It takes {fewest} to {most}."
        )
    return tidy


def an_id(value: object, *, name: str) -> str:
    """An id as it may be looked for.

    Raises:
        BadRequest: If nothing can have this id: it is no text, or holds half characters.
    """
    if not isinstance(value, str):
        raise BadRequest(f"{name} is not a text.", fix="Send it as it was given.")
    if storable(value) != value:
        raise BadRequest(f"{name} holds characters that no id has.", fix="Send it as it was given.")
    return value


def storable(text: str) -> str:
    """The text without what no file can hold: half characters (lone surrogates) and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")

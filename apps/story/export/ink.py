"""The story as Ink, which Inky, inklecate and inkjs compile.

Source: “Writing with Ink” of Inkle, and the behaviour of its compiler: a backslash takes the next
sign as it is; comments and blank lines are gone before anything else is read.
"""

import re

from apps.story.book import Book
from apps.story.export.graph import Scene, scenes

_MARKUP = re.compile(r"[^\w\s.,;:!?'\"()]", re.ASCII)
"""Every sign of ASCII that Ink might take for its own; other alphabets are text to it."""
_KEYWORD = re.compile(r"^(?=(?:INCLUDE|VAR|CONST|LIST|EXTERNAL|TODO)\b)")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ufeff]")


def to_ink(book: Book) -> str:
    """The story as one Ink file; every choice stays open, as it does in the story."""
    told = scenes(book)
    head = f"# title: {_line(book.story.title)}\n\n-> {_knot(told[0].id)}"
    return "\n\n".join([head, *(_scene(scene) for scene in told)]) + "\n"


def _scene(scene: Scene) -> str:
    lines = [f"=== {_knot(scene.id)} ===", *(_line(part) for part in scene.paragraphs)]
    lines += [f"+ [{_line(way.said)}] -> {_knot(way.target)}" for way in scene.ways]
    # A choice is a way on; where there is none, the flow of an Ink story has to end by itself.
    return "\n".join(lines if scene.ways else [*lines, "-> END"])


def _knot(scene_id: str) -> str:
    return scene_id.replace("-", "_")


def _line(text: str) -> str:
    """One line of text that Ink shows as it was written."""
    tidy = " ".join(_UNSEEN.sub(" ", text).split())
    escaped = "".join(
        f"\\{sign}" if sign.isascii() and _MARKUP.match(sign) else sign for sign in tidy
    )
    return _KEYWORD.sub(r"\\", escaped)

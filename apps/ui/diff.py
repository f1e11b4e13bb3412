"""What a correction changes, word by word, as HTML in which every text is escaped."""

import html
import re
from difflib import SequenceMatcher

_WORDS = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
MOST_WORDS = 4_000
"""Longer texts are compared line by line: comparing takes the square of the length."""


def as_html(before: str, after: str) -> str:
    """Both texts as one, with what goes in `<del>` and what comes in `<ins>`."""
    old, new = _pieces(before), _pieces(after)
    if len(old) + len(new) > MOST_WORDS:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    told: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal":
            told.append(html.escape(gone))
        else:
            told += [_marked("del", gone), _marked("ins", come)]
    return "".join(told)


def _pieces(text: str) -> list[str]:
    return _WORDS.findall(text)


def _marked(tag: str, text: str) -> str:
    return f"<{tag}>{html.escape(text)}</{tag}>" if text else ""

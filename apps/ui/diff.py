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
    told, gone, come = "", "", ""
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left, right = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal" and (left.strip() or not (gone or come)):
            told += _marked("del", gone) + _marked("ins", come) + html.escape(left)
            gone = come = ""
        else:
            # Blanks between two changes belong to them: changes read in phrases, not word by word.
            gone, come = gone + left, come + right
    return told + _marked("del", gone) + _marked("ins", come)


def _pieces(text: str) -> list[str]:
    return _WORDS.findall(text)


def _marked(tag: str, text: str) -> str:
    return f"<{tag}>{html.escape(text)}</{tag}>" if text else ""

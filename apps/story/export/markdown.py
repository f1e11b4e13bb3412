"""The path that was read, as Markdown; what the text itself holds of markup is escaped."""

import re

from apps.story.book import Book

_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&-])")
_LIST = re.compile(r"^(\s*\d+)([.)])", re.M)


def to_markdown(book: Book, passage_id: str) -> str:
    """The scenes from the first one to `passage_id`, with what the reader decided between them."""
    parts = [f"# {escaped(book.story.title)}"]
    for passage in book.path(passage_id):
        if passage.said:
            parts.append(f"> *{escaped(passage.said)}*")
        parts += [escaped(part.strip()) for part in passage.scene.split("\n") if part.strip()]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text on one line that Markdown shows as it is."""
    line = " ".join(text.split())
    return _LIST.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", line))

"""The story as EPUB 3: a file per scene, and every way a link to its scene.

Source: EPUB 3.3 (W3C). Written with zip and templates, since the format is small.
"""

import io
import re
import uuid
import zipfile
from datetime import UTC, datetime

from markupsafe import Markup

from apps.story.book import Book
from apps.story.emblem import emblem
from apps.story.export.graph import scenes
from apps.story.export.play import TEMPLATES

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/content.opf"\
 media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
STYLE = """body { font-family: serif; line-height: 1.5; overflow-wrap: anywhere; }
.said { font-style: italic; } .way { margin: .6em 0; } .over { font-style: italic; }
svg { width: 100%; height: auto; }
"""
# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_epub(book: Book, *, writer: str = "", now: datetime | None = None) -> bytes:
    """The story as an EPUB file.

    Args:
        book: With at least one passage.
        writer: The model that wrote it, as a person would name it.
        now: Stands in the file as its date.
    """
    found = scenes(book)
    shared = {
        "title": book.story.title,
        "writer": f"A reader and {writer or 'a language model'}, with Inkloop",
        "scenes": found,
        "start": found[0].id,
        "uuid": uuid.uuid5(uuid.NAMESPACE_URL, f"inkloop:story:{book.story.id}"),
        "modified": (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "emblem": Markup(emblem(book.story.title, book.story.notes.place)),  # noqa: S704
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as epub:
        # First and not compressed, so that a reader knows the kind of file from its first bytes.
        epub.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        epub.writestr("META-INF/container.xml", CONTAINER)
        epub.writestr("EPUB/style.css", STYLE)
        for name in ("content.opf", "nav.xhtml", "title.xhtml"):
            epub.writestr(f"EPUB/{name}", _page(name, shared))
        for scene in found:
            page = _page("scene.xhtml", {**shared, "scene": scene})
            epub.writestr(f"EPUB/{scene.id}.xhtml", page)
    return made.getvalue()


def _page(name: str, values: dict[str, object]) -> str:
    return _NOT_XML.sub("", TEMPLATES.get_template(f"{name}.j2").render(values))

"""One HTML file that plays the story: offline, by mouse or keyboard, and as plain text without JS.

Every scene is in the page and every way is a link to its anchor; the script only hides the scenes
that are not being read. A policy in the page forbids it to load anything.
"""

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from apps.story.book import Book
from apps.story.emblem import emblem
from apps.story.export.graph import scenes

TEMPLATES = Environment(
    loader=PackageLoader("apps.story.export"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    trim_blocks=True,
    lstrip_blocks=True,
)


def to_html(book: Book, *, writer: str = "") -> str:
    """The story as one page.

    Args:
        book: With at least one passage.
        writer: The model that wrote it, as a person would name it.
    """
    return TEMPLATES.get_template("play.html.j2").render(
        title=book.story.title,
        # Drawn here, from numbers alone: nothing of the reader's text is in it.
        emblem=Markup(emblem(book.story.title, book.story.notes.place)),  # noqa: S704
        scenes=scenes(book),
        writer=writer,
    )

"""One HTML file that plays the story: offline, by mouse or keyboard, and as plain text without JS.

Every scene is in the page and every way is a link to its anchor; the script only hides the scenes
that are not being read. A policy in the page forbids it to load anything.
"""

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from apps.story.book import Book
from apps.story.emblem import emblem
from apps.story.export.graph import scenes
from shared.texts import language, say

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
    found = scenes(book)
    return TEMPLATES.get_template("play.html.j2").render(
        words=_words(writer),
        language=language().replace("_", "-"),
        title=book.story.title,
        # Drawn here, from numbers alone: nothing of the reader's text is in it.
        emblem=Markup(emblem(book.story.title, book.story.notes.place)),  # noqa: S704
        scenes=[(scene, say("Scene {number}", number=scene.number)) for scene in found],
    )


def _words(writer: str) -> dict[str, str]:
    """What the page says besides the story."""
    return {
        "reading": say("Reading"),
        "back": say("Back"),
        "restart": say("From the beginning"),
        "over": say("The story ends here."),
        "unread": say("Nobody went on from here yet."),
        "writer": say(
            "Written with Inkloop by a reader and a language model ({model}).", model=writer
        )
        if writer
        else say("Written with Inkloop by a reader and a language model."),
    }

"""The story as Twee 3, which Twine and the Tweego compiler open.

Source: the Twee 3 specification of the Interactive Fiction Technology Foundation. Text that would
be markup for the story format (SugarCube or Harlowe), or would start a passage, is defused with a
zero-width joiner: the specification knows an escape for names only.
"""

import json
import re
import uuid

from apps.story.book import Book
from apps.story.export.graph import Scene, scenes

FORMAT, FORMAT_VERSION = "SugarCube", "2.36.1"
JOINER = "\u200d"
_MARKUP = re.compile(
    r"\[\[|\]\]|<<|>>|<(?=[/!a-zA-Z])|\$(?=\w)|@@|\{\{\{|\$\$|\{(?=[$@\w])|\\$", re.M
)
_HEADER = re.compile(r"^::", re.M)


def to_twee(book: Book) -> str:
    """The story as one Twee file; line ends are LF."""
    data = {
        "ifid": ifid(book.story.id),
        "format": FORMAT,
        "format-version": FORMAT_VERSION,
        "start": scenes(book)[0].id,
    }
    parts = [
        f":: StoryTitle\n{_plain(' '.join(book.story.title.split()))}",
        f":: StoryData\n{json.dumps(data, indent=1)}",
        *(_passage(scene) for scene in scenes(book)),
    ]
    return "\n\n\n".join(parts) + "\n"


def ifid(story_id: str) -> str:
    """The Interactive Fiction ID: a UUID in capitals, the same at every export of a story."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"inkloop:story:{story_id}")).upper()


def _passage(scene: Scene) -> str:
    tags = " [ending]" if scene.ended else ""
    ways = "\n".join(f"* [[{_label(way.said)}->{way.target}]]" for way in scene.ways)
    return f":: {scene.id}{tags}\n{_plain(scene.text)}" + (f"\n\n{ways}" if ways else "")


def _label(said: str) -> str:
    """A link's text: besides markup, its own separators must not stand in it."""
    text = _plain(" ".join(said.split()))
    for separator in ("->", "<-", "|"):
        text = text.replace(separator, JOINER.join(separator) if len(separator) > 1 else "¦")
    return text.replace("[", "(").replace("]", ")")


def _plain(text: str) -> str:
    """Text that no story format takes for markup, and no Twee parser for a new passage."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    defused = _MARKUP.sub(lambda found: found.group()[0] + JOINER + found.group()[1:], text)
    return _HEADER.sub(f":{JOINER}:", defused)

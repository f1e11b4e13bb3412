"""How a story stands on the page: pure functions from the story to HTML and JSON.

Every text is escaped here, or handed to a template that escapes it.
"""

import html
from collections.abc import Sequence
from typing import Any

from apps.story import ways
from apps.story.book import Book
from apps.story.emblem import emblem
from apps.story.memory import Remembered
from apps.story.tale import Choice, Passage, Story
from apps.ui.escape import text
from shared.formats.story import GENRES, TONES
from shared.texts import say, say_count

CHOICES_TEMPLATE = f"""<ol aria-label="{text("asks")}">${{(value || []).map((c, i) =>
`<li><button type="button" data-number="${{i}}" class="${{c.stock ? 'stock' : ''}}">
<span class="key" aria-hidden="true">${{i + 1}}</span><span dir="auto">{text("c.text")}</span>
${{c.told ? `<span class="mark">{text("c.link ? leads_back : was_read")}</span>` : ''}}
</button></li>`).join('')}}</ol>${{(value || []).some(c => c.stock) ?
`<p class="note">{text("from_list")}</p>` : ''}}"""
"""Takes `choices` as its value, and `choices_words` beside it."""

CHOICES_JS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-number]');
  if (button) trigger('choose', {number: Number(button.dataset.number)});
});
document.addEventListener('keydown', (event) => {
  if (!element.isConnected || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, textarea, select, [contenteditable]')) return;
  const button = element.querySelector(`button[data-number="${Number(event.key) - 1}"]`);
  if (button) { event.preventDefault(); button.click(); }
});
"""


def choices_words() -> dict[str, Any]:
    """What the template says around the choices."""
    return {
        "asks": say("What do you do?"),
        "leads_back": say("↩ leads back"),
        "was_read": say("✓ read"),
        "from_list": say("Dashed: from Inkloop’s own list; the model had no other idea."),
    }


def welcome() -> str:
    """What stands where the first scene will be."""
    told = say(
        "Give your story a title, say what kind it shall be, and begin. You decide what happens"
        " next."
    )
    return f'<p class="story-text">{html.escape(told)}</p>'


def kept(flavour: str, known: Sequence[str]) -> str:
    """A genre or a tone as it is kept: the list's own word where somebody chose or wrote its label.

    Args:
        flavour: As the page sent it; a field that also takes other words may send the label.
        known: The list.
    """
    return next((word for word in known if flavour == say(word)), flavour)


def _named(flavour: str, known: Sequence[str]) -> str:
    """A kept genre or tone as the reader reads it."""
    return say(flavour) if flavour in known else flavour


def title_card(story: Story) -> str:
    """What stands above the first scene: the story's emblem, its title, and what kind it is."""
    named = (_named(story.genre, GENRES), _named(story.tone, TONES))
    kind = " · ".join(part for part in named if part)
    return (
        f"{emblem(story.title, story.notes.place)}"
        f'<p class="story-kind" dir="auto">{html.escape(kind)}</p>'
    )


def scene(passage: Passage, story: Story) -> str:
    """A told scene with what led to it."""
    card = title_card(story) if passage.parent_id is None else ""
    after = ""
    if passage.edited_from:
        after += f'<p class="story-edited">{html.escape(say("Your version of this scene."))}</p>'
    if passage.ended:
        after += f'<p class="story-over">{html.escape(say("★ The story ends here ★"))}</p>'
    head = f'<p class="story-head" dir="auto">{html.escape(story.title)}</p>'
    return f"{card}{head}{_led(ways.said(passage))}{_body(passage.scene)}{after}"


def growing_scene(said: str, text_so_far: str, *, writing: bool) -> str:
    """A scene that is being told, with a cursor."""
    cursor = '<span class="story-cursor" aria-hidden="true"></span>' if writing else ""
    return _led(said) + _body(text_so_far, cursor)


def _led(said: str) -> str:
    return f'<p class="story-said" dir="auto">› {html.escape(said)}</p>' if said else ""


def _body(scene_text: str, cursor: str = "") -> str:
    return f'<p class="story-text" dir="auto">{html.escape(scene_text)}{cursor}</p>'


def earlier(path: Sequence[Passage]) -> str:
    """The passages before the current one, folded away."""
    if len(path) < 2:
        return ""
    parts: list[str] = []
    for passage in path[:-1]:
        if passage.said:
            parts.append(_led(ways.said(passage)))
        parts.append(f'<p dir="auto">{html.escape(passage.scene)}</p>')
    so_far = say_count(
        "The story so far (1 scene)", "The story so far ({count} scenes)", len(path) - 1
    )
    return f"<details><summary>{html.escape(so_far)}</summary>{''.join(parts)}</details>"


def choices(offered: Sequence[Choice]) -> list[dict[str, Any]]:
    """As the template takes them."""
    return [
        {
            "text": ways.read(choice),
            "stock": choice.stock,
            "told": bool(choice.told),
            "link": choice.link,
        }
        for choice in offered
    ]


def shelf(stories: Sequence[Story]) -> list[tuple[str, str]]:
    """The dropdown's rows: label and id."""
    return [(story.title[:80], story.id) for story in stories]


def budget(seen: Remembered, window: int) -> str:
    """How full the model's window is, in a sentence."""
    parts = [
        say(
            "The model reads {tokens} of {window} tokens",
            tokens=f"{seen.tokens:,}",
            window=f"{window:,}",
        )
    ]
    if seen.note_tokens:
        parts.append(say("{tokens} of them notes", tokens=f"{seen.note_tokens:,}"))
    if seen.dropped:
        parts.append(
            say_count(
                "1 early scene is told in short",
                "{count} early scenes are told in short",
                seen.dropped,
            )
        )
    if seen.left_out:
        parts.append(say_count("1 note did not fit", "{count} notes did not fit", seen.left_out))
    return "; ".join(parts) + "."


def scene_names(book: Book) -> list[tuple[str, str]]:
    """The scenes as a list to choose from: label and id."""
    return [
        (f"{at}. {(ways.said(passage) or passage.scene)[:60]}", passage.id)
        for at, passage in enumerate(book.passages, 1)
    ]

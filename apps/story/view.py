"""How a story stands on the page: pure functions from the story to HTML and JSON.

Every text is escaped here, or handed to a template that escapes it.
"""

import html
from collections.abc import Sequence
from typing import Any

from apps.story.book import Book
from apps.story.emblem import emblem
from apps.story.memory import Remembered
from apps.story.tale import Choice, Passage, Story
from apps.ui.escape import text

CHOICES_TEMPLATE = f"""<ol aria-label="What do you do?">${{(value || []).map((c, i) =>
`<li><button type="button" data-number="${{i}}" class="${{c.stock ? 'stock' : ''}}">
<span class="key" aria-hidden="true">${{i + 1}}</span><span dir="auto">{text("c.text")}</span>
${{c.told ? `<span class="mark">${{c.link ? '↩ leads back' : '✓ read'}}</span>` : ''}}
</button></li>`).join('')}}</ol>${{(value || []).some(c => c.stock) ?
'<p class="note">Dashed: from Inkloop’s own list; the model had no other idea.</p>' : ''}}"""

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

WELCOME = (
    '<p class="story-text">Give your story a title, say what kind it shall be, and begin.'
    " You decide what happens next.</p>"
)


def title_card(story: Story) -> str:
    """What stands above the first scene: the story's emblem, its title, and what kind it is."""
    kind = " · ".join(part for part in (story.genre, story.tone) if part)
    return (
        f"{emblem(story.title, story.notes.place)}"
        f'<p class="story-kind" dir="auto">{html.escape(kind)}</p>'
    )


def scene(passage: Passage, story: Story) -> str:
    """A told scene with what led to it."""
    card = title_card(story) if passage.parent_id is None else ""
    after = '<p class="story-edited">Your version of this scene.</p>' * bool(passage.edited_from)
    after += '<p class="story-over">★ The story ends here ★</p>' * passage.ended
    head = f'<p class="story-head" dir="auto">{html.escape(story.title)}</p>'
    return f"{card}{head}{_led(passage.said)}{_body(passage.scene)}{after}"


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
            parts.append(f'<p class="story-said" dir="auto">› {html.escape(passage.said)}</p>')
        parts.append(f'<p dir="auto">{html.escape(passage.scene)}</p>')
    count = len(path) - 1
    scenes = "1 scene" if count == 1 else f"{count} scenes"
    return f"<details><summary>The story so far ({scenes})</summary>{''.join(parts)}</details>"


def choices(offered: Sequence[Choice]) -> list[dict[str, Any]]:
    """As the template takes them."""
    return [
        {
            "text": choice.text,
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
    parts = [f"The model reads {seen.tokens:,} of {window:,} tokens"]
    parts += [f"{seen.note_tokens:,} of them notes"] if seen.note_tokens else []
    if seen.dropped:
        parts.append(f"{seen.dropped} early scenes are told in short")
    if seen.left_out:
        parts.append(f"{seen.left_out} notes did not fit")
    return "; ".join(parts) + "."


def scene_names(book: Book) -> list[tuple[str, str]]:
    """The scenes as a list to choose from: label and id."""
    return [
        (f"{at}. {(passage.said or passage.scene)[:60]}", passage.id)
        for at, passage in enumerate(book.passages, 1)
    ]

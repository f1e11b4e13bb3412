"""How a story stands on the page: pure functions from the story to HTML and JSON.

Every text is escaped here, or handed to a template that escapes it.
"""

import html
from collections.abc import Sequence
from typing import Any

from apps.story.tale import Choice, Passage, Story
from apps.ui.escape import text

CHOICES_TEMPLATE = f"""<ol aria-label="What do you do?">${{(value || []).map((c, i) =>
`<li><button type="button" data-number="${{i}}" class="${{c.stock ? 'stock' : ''}}">
<span class="key" aria-hidden="true">${{i + 1}}</span><span dir="auto">{text("c.text")}</span>
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


def scene(
    story_title: str, scene_text: str, *, said: str = "", ended: bool = False, writing: bool = False
) -> str:
    """The scene with what led to it above, and a cursor while it is being written."""
    head = f'<p class="story-head" dir="auto">{html.escape(story_title)}</p>' if story_title else ""
    led = f'<p class="story-said" dir="auto">› {html.escape(said)}</p>' if said else ""
    cursor = '<span class="story-cursor" aria-hidden="true"></span>' if writing else ""
    over = '<p class="story-over">★ The story ends here ★</p>' if ended else ""
    body = f'<p class="story-text" dir="auto">{html.escape(scene_text)}{cursor}</p>'
    return head + led + body + over


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
    return [{"text": choice.text, "stock": choice.stock} for choice in offered]


def shelf(stories: Sequence[Story]) -> list[tuple[str, str]]:
    """The dropdown's rows: label and id."""
    return [(story.title[:80], story.id) for story in stories]

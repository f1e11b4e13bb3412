"""The list of a person's conversations as HTML; names are theirs and are escaped."""

import html
from collections.abc import Sequence

from apps.talk.store import NAME_CHARACTERS, Listed
from shared.texts import later, say, say_js

_ON_CLICK = """
const [NAME, DELETE] = WORDS;
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-act]');
  if (!button) return;
  const row = button.closest('[data-id]'), act = button.dataset.act;
  let name = '';
  if (act === 'rename') {
    name = prompt(NAME.replace('{most}', MOST), row.dataset.name);
    if (name === null) return;
  }
  if (act === 'delete' && !confirm(DELETE)) return;
  trigger('pick', {act, id: row.dataset.id, name});
});
"""
CSS = """
.talk-rows { list-style: none; margin: 0; padding: 0; display: grid; gap: 2px;
  grid-template-columns: minmax(0, 1fr);
  max-height: 42vh; overflow: auto; }
.talk-rows li { display: flex; align-items: stretch; border-radius: 6px;
  border-inline-start: 3px solid transparent; }
.talk-rows li[aria-current] { border-inline-start-color: var(--link-text-color);
  background: var(--button-secondary-background-fill); }
.talk-rows button { font: inherit; font-size: .9rem; border: 0; background: none; cursor: pointer;
  color: var(--body-text-color); padding: 6px; min-height: 36px; min-width: 30px;
  border-radius: 6px; }
.talk-rows button:hover { background: var(--button-secondary-background-fill-hover); }
.talk-rows .name { flex: 1; text-align: start; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.talk-rows [aria-pressed="false"] { color: var(--body-text-color-subdued); }
.talk-none { color: var(--body-text-color-subdued); margin: 0; }
"""


def on_click() -> str:
    """What the buttons of the list do, with its words in the language of the site."""
    words = [
        say_js("Name of this conversation (up to {most} characters)"),
        say_js("Delete this conversation with all its versions?"),
    ]
    return _ON_CLICK.replace("WORDS", f"[{', '.join(words)}]", 1).replace(
        "MOST", str(NAME_CHARACTERS), 1
    )


def as_html(listed: Sequence[Listed], current: str, *, searched: bool = False) -> str:
    """A row per conversation; `current` is the id of the one that is being read."""
    if not listed:
        said = (
            say("Nothing has these words.") if searched else say("Nothing has been said here yet.")
        )
        return f'<p class="talk-none" role="status">{said}</p>'
    return f'<ul class="talk-rows">{"".join(_row(one, one.id == current) for one in listed)}</ul>'


def _row(one: Listed, is_current: bool) -> str:
    name = html.escape(one.title)
    here = ' aria-current="true"' if is_current else ""
    pinned = "true" if one.pinned else "false"
    acts = "".join(
        f'<button type="button" data-act="{act}" title="{html.escape(say(short))}"'
        f' aria-label="{html.escape(say(long, name=one.title))}"{more}>{sign}</button>'
        for act, short, long, sign, more in (
            (
                "pin",
                later("Keep at the top"),
                later("Pin: {name}"),
                "★" if one.pinned else "☆",
                f' aria-pressed="{pinned}"',
            ),
            ("rename", later("Rename"), later("Rename: {name}"), "✎", ""),
            ("delete", later("Delete"), later("Delete: {name}"), "✕", ""),
        )
    )
    return (
        f'<li data-id="{html.escape(one.id)}" data-name="{name}"{here}>'
        f'<button type="button" class="name" data-act="open" dir="auto">{name}</button>{acts}</li>'
    )

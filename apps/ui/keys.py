"""Single keys for what is pressed often, and a sheet that lists those of the page.

A key presses what is on the page, so it does nothing that could not be clicked, and one whose
target is not there is neither listed nor taken. Keys never act while somebody types, and the sheet
can turn them off, for those who speak their input. The reviewers' pages have keys of their own.
"""

import json

from shared.texts import later, say, say_js

KEYS: tuple[tuple[str, str, str], ...] = (
    ("/", later("to the box to write in"), "#chat-input textarea, #code-input textarea,"
     " #story-action textarea, #story-action input, #board-topic textarea, #board-topic input,"
     " #poem-subject textarea, #poem-subject input"),
    ("n", later("a new conversation"), "#chat-new, #code-new"),
    ("r", later("try the last answer again"), "[aria-label='Retry'], [title='Retry']"),
    ("s", later("stop"), "#chat-stop, #code-stop, #story-stop"),
    ("[", later("the version before"), "#chat-earlier, #code-earlier"),
    ("]", later("the version after"), "#chat-later, #code-later"),
    ("g", later("the last answer is good"), "[aria-label='Like'], [title='Like'], .vote-good"),
    ("b", later("the last answer is bad"), "[aria-label='Dislike'], [title='Dislike'], .vote-bad"),
)  # fmt: skip
"""Key, what it does, and the elements of which the last one that is seen is pressed."""

_SCRIPT = """
(() => {
  const [NEW_LINE, NAME, THIS, SHUT, USE, CLOSE] = WORDS;
  const keys = KEYS, OFF = 'inkloop.keys.off';
  const target = row => [...document.querySelectorAll(row[2])]
    .filter(one => one.getClientRects().length).pop();
  const sheet = () => {
    document.querySelector('#ink-keys')?.remove();
    const box = document.createElement('dialog');
    box.id = 'ink-keys';
    box.setAttribute('aria-labelledby', 'ink-keys-name');
    const rows = keys.filter(target).map(([key, what]) =>
      `<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`).join('');
    const breaks = document.querySelector('#chat-input, #code-input')
      ? `<dt><kbd>Shift</kbd> <kbd>Enter</kbd></dt><dd>${NEW_LINE}</dd>` : '';
    box.innerHTML = `<h2 id="ink-keys-name">${NAME}</h2><dl>${rows}${breaks}
      <dt><kbd>?</kbd></dt><dd>${THIS}</dd><dt><kbd>Esc</kbd></dt><dd>${SHUT}</dd></dl>
      <form method="dialog"><label><input type="checkbox"> ${USE}</label>
      <button>${CLOSE}</button></form>`;
    const use = box.querySelector('input');
    use.checked = localStorage.getItem(OFF) === null;
    use.onchange = () =>
      use.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, '1');
    document.querySelector('.gradio-container').append(box);
    box.showModal();
  };
  document.addEventListener('click', event => {
    if (event.target.closest('[data-keys]')) sheet();
  });
  document.addEventListener('keydown', event => {
    if (!document.querySelector('[data-keys]') || localStorage.getItem(OFF) !== null) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest('input, textarea, select, dialog, [contenteditable], [role=listbox]'))
      return;
    if (event.key === '?') { event.preventDefault(); sheet(); return; }
    const row = keys.find(one => one[0] === event.key), found = row && target(row);
    if (!found) return;
    event.preventDefault();
    if (found.matches('input, textarea')) found.focus(); else found.click();
  });
})();
"""


def script() -> str:
    """The script, with its words in the language of the site."""
    words = [
        say_js("a new line in what you write"),
        say_js("Keys on this page"),
        say_js("this sheet"),
        say_js("close"),
        say_js("Use these keys"),
        say_js("Close"),
    ]
    rows = json.dumps([(key, say(what), where) for key, what, where in KEYS])
    return _SCRIPT.replace("WORDS", f"[{', '.join(words)}]", 1).replace("KEYS", rows, 1)

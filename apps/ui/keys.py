"""Single keys for what is pressed often, and a sheet that lists those of the page.

A key presses what is on the page, so it does nothing that could not be clicked, and one whose
target is not there is neither listed nor taken. Keys never act while somebody types, and the sheet
can turn them off, for those who speak their input. The reviewers' pages have keys of their own.
"""

import json

KEYS: tuple[tuple[str, str, str], ...] = (
    ("/", "to the box to write in", "#chat-input textarea, #code-input textarea,"
     " #story-action textarea, #story-action input, #board-topic textarea, #board-topic input,"
     " #poem-subject textarea, #poem-subject input"),
    ("n", "a new conversation", "#chat-new, #code-new"),
    ("r", "try the last answer again", "[aria-label='Retry'], [title='Retry']"),
    ("s", "stop", "#chat-stop, #code-stop, #story-stop"),
    ("[", "the version before", "#chat-earlier, #code-earlier"),
    ("]", "the version after", "#chat-later, #code-later"),
    ("g", "the last answer is good", "[aria-label='Like'], [title='Like'], .vote-good"),
    ("b", "the last answer is bad", "[aria-label='Dislike'], [title='Dislike'], .vote-bad"),
)  # fmt: skip
"""Key, what it does, and the elements of which the last one that is seen is pressed."""

SCRIPT = """
(() => {
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
      ? '<dt><kbd>Shift</kbd> <kbd>Enter</kbd></dt><dd>a new line in what you write</dd>' : '';
    box.innerHTML = `<h2 id="ink-keys-name">Keys on this page</h2><dl>${rows}${breaks}
      <dt><kbd>?</kbd></dt><dd>this sheet</dd><dt><kbd>Esc</kbd></dt><dd>close</dd></dl>
      <form method="dialog"><label><input type="checkbox"> Use these keys</label>
      <button>Close</button></form>`;
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
""".replace("KEYS", json.dumps(KEYS), 1)

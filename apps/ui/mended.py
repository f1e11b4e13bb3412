"""What is mended in Gradio's own parts each time they have been drawn, by a script in every page.

A block of code gets a button that downloads it, and both its buttons take it to the letter: the
Copy of Gradio 6.31 cuts off the indentation of a first line. Long lines can be reached with the
keyboard. A group of examples no longer calls itself a list, which for a screen reader it is not,
and an empty plot says that it is one.
The file is made in the browser, so that nobody's code lies in a temporary file of the server.
"""

import json

from shared.texts import say_js

ENDINGS = {
    "bash": "sh",
    "c": "c",
    "c#": "cs",
    "c++": "cpp",
    "cpp": "cpp",
    "csharp": "cs",
    "css": "css",
    "diff": "diff",
    "go": "go",
    "haskell": "hs",
    "html": "html",
    "java": "java",
    "javascript": "js",
    "js": "js",
    "json": "json",
    "jsx": "jsx",
    "kotlin": "kt",
    "latex": "tex",
    "lua": "lua",
    "markdown": "md",
    "md": "md",
    "perl": "pl",
    "php": "php",
    "py": "py",
    "python": "py",
    "python3": "py",
    "r": "r",
    "ruby": "rb",
    "rust": "rs",
    "scala": "scala",
    "sh": "sh",
    "shell": "sh",
    "sql": "sql",
    "swift": "swift",
    "toml": "toml",
    "ts": "ts",
    "tsx": "tsx",
    "typescript": "ts",
    "xml": "xml",
    "yaml": "yaml",
    "yml": "yaml",
}
"""Language of a fence to the ending of a file; others become `.txt`."""

TAB_STAYS = "\u2063"
"""A sign without width, put before a tab that the browser's Markdown would make four spaces."""

_SCRIPT = """
(() => {
  const exact = text => text.replace(/\\u2063(?=\\t)/g, '');
  const ENDINGS = KNOWN, [DOWNLOAD, EXAMPLES] = WORDS;
  const ICON = '<svg aria-hidden="true" width="15" height="15" viewBox="0 0 15 15" fill="none"' +
    ' stroke="currentColor" stroke-width="1.3"><path d="M7.5 1.5v8M4 6.5l3.5 3.5L11 6.5"/>' +
    '<path d="M1.5 10v3.5h12V10"/></svg>';
  const ending = code => {
    const named = [...code.classList].find(name => name.startsWith('language-')) || '';
    return ENDINGS[named.slice(9).toLowerCase()] || 'txt';
  };
  const withButton = pre => {
    const code = pre.querySelector('code');
    if (!code || pre.parentElement.querySelector('.ink-block-save')) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'ink-block-save';
    button.title = DOWNLOAD.replace('{ending}', ending(code));
    button.setAttribute('aria-label', button.title);
    button.innerHTML = ICON;
    pre.before(button);
    pre.tabIndex = 0;
  };
  const mend = () => {
    document.querySelectorAll('.code_wrap > pre').forEach(withButton);
    document.querySelectorAll('.examples[role="list"]').forEach(group => {
      group.setAttribute('role', 'group');
      group.setAttribute('aria-label', EXAMPLES);
    });
    // A label on what has no role is not read out: an empty plot is a picture of nothing.
    document.querySelectorAll('div.empty[aria-label]:not([role])').forEach(plot => {
      plot.setAttribute('role', 'img');
    });
  };
  const download = (pre, code) => {
    const whole = pre.closest('.message-content, .md, body');
    const all = [...whole.querySelectorAll('.code_wrap > pre')];
    const link = document.createElement('a');
    link.href = URL.createObjectURL(
      new Blob([exact(code.textContent)], {type: 'text/plain;charset=utf-8'}));
    link.download = `block-${all.indexOf(pre) + 1}.${ending(code)}`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  // Whatever is copied, by a button of Gradio's or by hand, is what was written.
  if (navigator.clipboard) {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = text => write(exact(text));
  }
  document.addEventListener('copy', event => {
    const field = document.activeElement;
    const text = field.matches('textarea, input')
      ? field.value.slice(field.selectionStart, field.selectionEnd)
      : String(getSelection());
    if (exact(text) === text) return;
    event.clipboardData.setData('text/plain', exact(text));
    event.preventDefault();
  });
  const copy = (button, code) => navigator.clipboard.writeText(code.textContent).then(() => {
    const check = button.querySelector('.check');
    if (!check) return;
    check.style.opacity = 1;
    setTimeout(() => { check.style.opacity = 0; }, 2000);
  });
  document.addEventListener('click', event => {
    const button = event.target.closest('.ink-block-save, .copy_code_button');
    const pre = button?.parentElement.querySelector('pre'), code = pre?.querySelector('code');
    if (!code) return;
    if (button.matches('.ink-block-save')) download(pre, code);
    else if (navigator.clipboard) {
      // Without it (plain http from elsewhere) Gradio's own way to copy is the only one.
      event.stopPropagation();
      copy(button, code);
    }
  }, true);
  let due = false;
  const soon = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; mend(); });
  };
  new MutationObserver(soon).observe(document, {childList: true, subtree: true});
})();
""".replace("KNOWN", json.dumps(ENDINGS), 1)


def script() -> str:
    """The script, with its words in the language of the site."""
    words = f"[{say_js('Download this block (.{ending})')}, {say_js('Examples')}]"
    return _SCRIPT.replace("WORDS", words, 1)

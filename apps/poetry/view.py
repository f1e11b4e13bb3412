"""The poem and its report on the page; every text is escaped, here or in the template.

The margins (number, syllables, rhyme) and the stress marks are written by the style sheet from
attributes, so that whoever copies the poem copies nothing but the poem.
"""

import html
from collections.abc import Sequence
from typing import Any

from apps.poetry.poem import Poem
from apps.poetry.report import LineReport, Report, WordReport
from apps.ui import diff
from apps.ui.escape import text

EMPTY = (
    '<p class="poem-empty">Your poem will stand here. Name a subject and press Write, or bring'
    " one of your own below.<br>Then click a word to say how it is spoken, or a line's number to"
    " change the line.</p>"
)

_ROW = f"""<tr class="${{l.problems.length ? 'amiss' : ''}}"><th scope="row">${{i + 1}}</th>
<td>{text("l.syllables")}${{l.wanted ? ` <small>of {text("l.wanted")}</small>` : ''}}</td>
${{value.rhymes ? `<td>{text("l.rhyme")} <small>{text("l.kinship")}</small></td>` : ''}}
<td class="stress">{text("l.stress")}</td>
<td class="words" dir="auto">${{l.problems.map(p => `<span class="problem">{text("p")}</span>`)
.join('')}}${{l.uncertain.length ? `<span class="unsure">uncertain: {text("l.uncertain.join(', ')")}
</span>` : ''}}</td>${{value.rewritable ? `<td><button type="button" data-line="${{i}}"
aria-label="Write line ${{i + 1}} anew">Rewrite</button></td>` : ''}}</tr>"""

REPORT = f"""${{value.lines.length ? `<p class="verdict ${{value.ok ? 'fits' : ''}}">
{text("value.verdict")}</p><div class="table"><table><thead><tr><th scope="col">Line</th>
<th scope="col">Syllables</th>${{value.rhymes ? '<th scope="col">Rhyme</th>' : ''}}
<th scope="col">Stress</th><th scope="col">What is amiss</th>
${{value.rewritable ? '<th scope="col"><span class="unseen">Rewrite</span></th>' : ''}}</tr></thead>
<tbody>${{value.lines.map((l, i) => `{_ROW}`).join('')}}</tbody></table></div>` : ''}}"""

REPORT_JS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-line]');
  if (button) trigger('rewrite', {line: Number(button.dataset.line)});
});
"""

VERSE_JS = """
const chosen = (event) => {
  const word = event.target.closest('[data-word]');
  const line = event.target.closest('[data-line]');
  if (word) trigger('word', {word: word.dataset.word});
  else if (line && event.target.closest('.pick'))
    trigger('line', {line: Number(line.dataset.line)});
};
element.addEventListener('click', chosen);
element.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !event.target.matches('[data-word]')) return;
  event.preventDefault();
  chosen(event);
});
"""

DRAFTS_JS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-draft]');
  if (button) trigger('restore', {draft: Number(button.dataset.draft)});
});
"""

BLANK: dict[str, Any] = {"lines": [], "ok": False, "verdict": "", "rewritable": False}
SHOWN_DRAFTS = 12


def verse(poem: Poem | None, found: Report | None = None, *, writing: bool = False) -> str:
    """The poem with its line breaks and indentation, and with its margins where it was checked."""
    if poem is None or not (poem.lines or writing):
        return EMPTY
    title = f'<p class="poem-title" dir="auto">{html.escape(poem.subject)}</p>'
    if found is not None:
        rows = "".join(_line(number, line) for number, line in enumerate(found.lines))
        return f'{title}<div class="verse margins" dir="auto">{rows}</div>'
    busy = ' aria-busy="true"' if writing else ""
    return f'{title}<div class="verse" dir="auto"{busy}>{html.escape(poem.text())}</div>'


def _line(number: int, line: LineReport) -> str:
    counted = f"{line.syllables}" + (f" of {_wanted(line)}" if line.span else "")
    rhyme = f", rhyme {line.rhyme}" if line.rhyme not in ("", "x") else ""
    told = html.escape(f"Line {number + 1}: {counted} syllables{rhyme}. Change it")
    amiss = " amiss" if line.problems else ""
    count = f"{line.syllables}/{_wanted(line)}" if line.span else f"{line.syllables}"
    return (
        f'<div class="line{amiss}" data-line="{number}" data-rhyme="{html.escape(line.rhyme)}">'
        f'<button type="button" class="pick" aria-label="{told}" title="{told}"'
        f' data-count="{html.escape(count)}"></button>'
        f'<span class="words">{_words(line)}</span></div>'
    )


def _words(line: LineReport) -> str:
    parts, at = [], 0
    for word in line.words:
        start = line.text.index(word.text, at)
        parts += [html.escape(line.text[at:start]), _word(word)]
        at = start + len(word.text)
    return "".join([*parts, html.escape(line.text[at:])])


def _word(word: WordReport) -> str:
    kind = "own" if word.own else "" if word.certain else "unsure"
    return (
        f'<span role="button" tabindex="0" class="w {kind}" data-word="{html.escape(word.word)}"'
        f' data-stress="{html.escape(word.stress or "?")}">{html.escape(word.text)}</span>'
    )


def report(found: Report, *, rhymes: bool, rewritable: bool) -> dict[str, Any]:
    """The report component's value.

    Args:
        found: What is to be shown.
        rhymes: Whether the form rhymes; without it the column is left out.
        rewritable: Whether each line has a button that writes it anew.
    """
    return {
        "lines": [_row(line) for line in found.lines],
        "ok": found.ok,
        "verdict": _verdict(found),
        "rhymes": rhymes,
        "rewritable": rewritable,
    }


def drafts(poems: Sequence[Poem]) -> str:
    """The drafts, newest first, each as what it changed of the one before."""
    rows = []
    for number, poem in enumerate(poems[:SHOWN_DRAFTS]):
        before = poems[number + 1] if number + 1 < len(poems) else None
        same = before is not None and before.subject == poem.subject and before.form == poem.form
        shown = diff.as_html(before.text(), poem.text()) if before and same else ""
        shown = shown or html.escape(poem.text())
        button = f'<button type="button" data-draft="{number}">Take it up again</button>'
        title = f"{html.escape(poem.subject)} · {html.escape(poem.form)}"
        rows.append(
            f'<li><p class="draft-title">{title}</p>'
            f'<div class="draft">{shown}</div>'
            f"{button if number else '<small>as it is</small>'}</li>"
        )
    return f'<ol class="drafts">{"".join(rows)}</ol>' if rows else ""


def _row(line: LineReport) -> dict[str, Any]:
    return {
        "syllables": line.syllables,
        "wanted": _wanted(line),
        "rhyme": line.rhyme or "?",
        "kinship": line.kinship if line.kinship != "perfect" else "",
        "stress": line.feet.replace("|", " | ") or line.stress or "?",
        "problems": line.problems,
        "uncertain": line.uncertain,
    }


def _wanted(line: LineReport) -> str:
    if line.span is None:
        return ""
    fewest, most = line.span
    return f"{fewest}" if fewest == most else f"{fewest}–{most}"


def _verdict(found: Report) -> str:
    if found.ok:
        return "The poem keeps its form."
    amiss = sum(bool(line.problems) for line in found.lines)
    lines = "One line" if amiss == 1 else f"{amiss} lines"
    return f"{lines} to mend; {found.score:.0%} of what the form asks for is there."

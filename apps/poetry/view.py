"""The poem and its report on the page; every text is escaped, here or in the template.

The margins (number, syllables, rhyme) and the stress marks are written by the style sheet from
attributes, so that whoever copies the poem copies nothing but the poem.
"""

import html
from collections.abc import Sequence
from typing import Any

from apps.poetry.names import form_name
from apps.poetry.poem import Poem
from apps.poetry.report import LineReport, Report, WordReport
from apps.ui import diff
from apps.ui.escape import text
from shared.texts import later, say, say_count

_ROW = f"""<tr class="${{l.problems.length ? 'amiss' : ''}}"><th scope="row">${{i + 1}}</th>
<td>{text("l.syllables")}${{l.wanted ? ` <small>{text("l.wanted")}</small>` : ''}}</td>
${{value.rhymes ? `<td>{text("l.rhyme")} <small>{text("l.kinship")}</small></td>` : ''}}
<td class="stress">{text("l.stress")}</td>
<td class="words" dir="auto">${{l.problems.map(p => `<span class="problem">{text("p")}</span>`)
.join('')}}${{l.uncertain ? `<span class="unsure">{text("l.uncertain")}
</span>` : ''}}</td>${{value.rewritable ? `<td><button type="button" data-line="${{i}}"
aria-label="{text("l.anew")}">{text("value.words.rewrite")}</button></td>` : ''}}</tr>"""

REPORT = f"""${{value.lines.length ? `<p class="verdict ${{value.ok ? 'fits' : ''}}">
{text("value.verdict")}</p><div class="table"><table><thead><tr>
<th scope="col">{text("value.words.line")}</th><th scope="col">{text("value.words.syllables")}</th>
${{value.rhymes ? `<th scope="col">{text("value.words.rhyme")}</th>` : ''}}
<th scope="col">{text("value.words.stress")}</th><th scope="col">{text("value.words.amiss")}</th>
${{value.rewritable ? `<th scope="col"><span class="unseen">{text("value.words.rewrite")}</span>
</th>` : ''}}</tr></thead>
<tbody>${{value.lines.map((l, i) => `{_ROW}`).join('')}}</tbody></table></div>` : ''}}"""
"""The words in it come with the value, so that no translation can end a string of the template."""

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
_KINSHIP = {"identical": later("identical"), "slant": later("slant")}
"""How a line rhymes, where that is not perfect."""


def empty() -> str:
    """Where there is no poem yet."""
    begin = say(
        "Your poem will stand here. Name a subject and press Write, or bring one of your own below."
    )
    then = say("Then click a word to say how it is spoken, or a line's number to change the line.")
    return f'<p class="poem-empty">{begin}<br>{then}</p>'


def verse(poem: Poem | None, found: Report | None = None, *, writing: bool = False) -> str:
    """The poem with its line breaks and indentation, and with its margins where it was checked."""
    if poem is None or not (poem.lines or writing):
        return empty()
    title = f'<p class="poem-title" dir="auto">{html.escape(poem.title())}</p>'
    if found is not None:
        rows = "".join(_line(number, line) for number, line in enumerate(found.lines))
        return f'{title}<div class="verse margins" dir="auto">{rows}</div>'
    busy = ' aria-busy="true"' if writing else ""
    return f'{title}<div class="verse" dir="auto"{busy}>{html.escape(poem.text())}</div>'


def _line(number: int, line: LineReport) -> str:
    told = html.escape(_told(number + 1, line))
    amiss = " amiss" if line.problems else ""
    count = f"{line.syllables}/{_wanted(line)}" if line.span else f"{line.syllables}"
    return (
        f'<div class="line{amiss}" data-line="{number}" data-rhyme="{html.escape(line.rhyme)}">'
        f'<button type="button" class="pick" aria-label="{told}" title="{told}"'
        f' data-count="{html.escape(count)}"></button>'
        f'<span class="words">{_words(line)}</span></div>'
    )


def _told(number: int, line: LineReport) -> str:
    counted = (
        say("{count} of {whole}", count=line.syllables, whole=_wanted(line))
        if line.span
        else f"{line.syllables}"
    )
    if line.rhyme in ("", "x"):
        return say("Line {number}: {counted} syllables. Change it", number=number, counted=counted)
    return say(
        "Line {number}: {counted} syllables, rhyme {rhyme}. Change it",
        number=number,
        counted=counted,
        rhyme=line.rhyme,
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
        "lines": [_row(number, line) for number, line in enumerate(found.lines, start=1)],
        "ok": found.ok,
        "verdict": _verdict(found),
        "rhymes": rhymes,
        "rewritable": rewritable,
        "words": {
            "line": say("Line"),
            "syllables": say("Syllables"),
            "rhyme": say("Rhyme"),
            "stress": say("Stress"),
            "amiss": say("What is amiss"),
            "rewrite": say("Rewrite"),
        },
    }


def drafts(poems: Sequence[Poem]) -> str:
    """The drafts, newest first, each as what it changed of the one before."""
    rows, as_it_is = [], say("as it is")
    for number, poem in enumerate(poems[:SHOWN_DRAFTS]):
        before = poems[number + 1] if number + 1 < len(poems) else None
        same = before is not None and before.subject == poem.subject and before.form == poem.form
        shown = diff.as_html(before.text(), poem.text()) if before and same else ""
        shown = shown or html.escape(poem.text())
        button = f'<button type="button" data-draft="{number}">{say("Take it up again")}</button>'
        title = f"{html.escape(poem.title())} · {html.escape(form_name(poem.form))}"
        rows.append(
            f'<li><p class="draft-title">{title}</p>'
            f'<div class="draft">{shown}</div>'
            f"{button if number else f'<small>{as_it_is}</small>'}</li>"
        )
    return f'<ol class="drafts">{"".join(rows)}</ol>' if rows else ""


def _row(number: int, line: LineReport) -> dict[str, Any]:
    return {
        "syllables": line.syllables,
        "wanted": say("of {wanted}", wanted=_wanted(line)) if line.span else "",
        "rhyme": line.rhyme or "?",
        "kinship": say(_KINSHIP.get(line.kinship, "")),
        "stress": line.feet.replace("|", " | ") or line.stress or "?",
        "problems": line.problems,
        "uncertain": say("uncertain: {words}", words=", ".join(line.uncertain))
        if line.uncertain
        else "",
        "anew": say("Write line {number} anew", number=number),
    }


def _wanted(line: LineReport) -> str:
    if line.span is None:
        return ""
    fewest, most = line.span
    return f"{fewest}" if fewest == most else f"{fewest}–{most}"


def _verdict(found: Report) -> str:
    if found.ok:
        return say("The poem keeps its form.")
    amiss = sum(bool(line.problems) for line in found.lines)
    return say_count(
        "One line to mend; {share} of what the form asks for is there.",
        "{count} lines to mend; {share} of what the form asks for is there.",
        amiss,
        share=f"{found.score:.0%}",
    )

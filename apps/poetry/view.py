"""The poem and its report on the page; every text is escaped, here or in the template."""

import html
from typing import Any

from apps.poetry.poem import Poem
from apps.poetry.report import LineReport, Report
from apps.ui.escape import text

EMPTY = '<p class="poem-empty">Your poem will stand here.</p>'

_ROW = f"""<tr class="${{l.problems.length ? 'amiss' : ''}}"><th scope="row">${{i + 1}}</th>
<td>{text("l.syllables")}${{l.wanted ? ` <small>of {text("l.wanted")}</small>` : ''}}</td>
${{value.rhymes ? `<td>{text("l.rhyme")}</td>` : ''}}
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

BLANK: dict[str, Any] = {"lines": [], "ok": False, "verdict": "", "rewritable": False}


def verse(poem: Poem | None, *, writing: bool = False) -> str:
    """The poem with its line breaks and indentation."""
    if poem is None or not (poem.lines or writing):
        return EMPTY
    title = f'<p class="poem-title" dir="auto">{html.escape(poem.subject)}</p>'
    lines = html.escape(poem.text())
    busy = ' aria-busy="true"' if writing else ""
    return f'{title}<div class="verse" dir="auto"{busy}>{lines}</div>'


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


def _row(line: LineReport) -> dict[str, Any]:
    return {
        "syllables": line.syllables,
        "wanted": line.wanted,
        "rhyme": line.rhyme or "?",
        "stress": line.stress or "?",
        "problems": line.problems,
        "uncertain": line.uncertain,
    }


def _verdict(found: Report) -> str:
    if found.ok:
        return "The poem keeps its form."
    amiss = sum(bool(line.problems) for line in found.lines)
    lines = "One line" if amiss == 1 else f"{amiss} lines"
    return f"{lines} to mend; {found.score:.0%} of what the form asks for is there."

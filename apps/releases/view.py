"""Releases as HTML; names and words out of files are escaped here."""

import html
from collections.abc import Sequence

from apps.releases.timeline import Entry, Finding, Judged, Timeline

_MARKS = {True: ("yes", "passed"), False: ("no", "refused"), None: ("open", "not measurable")}
_VERDICTS = {"down": "bad", "up": "good", "prefer": "compared"}


def timeline(found: Timeline) -> str:
    """What serves now, and how it came about."""
    return f"{_now(found)}{_entries(found)}"


def _now(found: Timeline) -> str:
    name = f"<strong>{html.escape(found.answering)}</strong>"
    if found.trouble:
        said = f"The releases cannot be read: {html.escape(found.trouble)}"
    elif not found.promoted:
        said = "It is not a release of this Inkloop; none is promoted."
    elif found.promoted == found.answering:
        said = "It is the promoted release."
    else:
        said = (
            f"The promoted release is {html.escape(found.promoted)}; this server was started with"
            " another model, or is about to change."
        )
    return f'<p class="releases-now">Answering now: {name}. {said}</p>'


def _entries(found: Timeline) -> str:
    if not found.entries:
        return _nothing() if not found.trouble else ""
    items = "".join(_entry(entry) for entry in found.entries)
    return f'<ol class="releases">{items}</ol>'


def _nothing() -> str:
    return (
        '<div class="releases-none"><h2>No release yet</h2><p>Nobody’s flags have changed a model'
        " here so far. A release is made in four steps:</p><ol><li>Flags are sent from the apps,"
        " with consent to train.</li><li>A reviewer approves them (<code>inkloop flags review"
        "</code>).</li><li><code>inkloop retrain</code> trains on them.</li><li>The gate compares"
        " the new model with the one that serves. Only what is better, and nowhere worse, becomes"
        " a release.</li></ol></div>"
    )


def _entry(entry: Entry) -> str:
    made = entry.manifest
    tags = [word for word, so in (("serving", entry.answering), ("promoted", entry.promoted)) if so]
    marks = "".join(f"<mark>{tag}</mark>" for tag in tags)
    return (
        f'<li class="release" id="release-{html.escape(made.name)}"><h2>{html.escape(made.name)}'
        f" {marks}</h2><p><time>{made.created_at:%Y-%m-%d %H:%M} UTC</time> · from the base model"
        f" <b>{html.escape(made.base.name)}</b> · {made.gguf.bytes / 1e6:,.1f} MB ·"
        f" {html.escape(made.licence)}</p>{_learned(entry)}{_gate(entry)}{_served(entry)}"
        f"{_lineage(entry)}</li>"
    )


def _learned(entry: Entry) -> str:
    made = entry.manifest
    flags = "1 flag" if made.flags == 1 else f"{made.flags:,} flags"
    parts = [
        f"{count:,} {_VERDICTS.get(verdict, html.escape(verdict))}"
        for verdict, count in entry.verdicts.items()
    ]
    kinds = f" ({', '.join(parts)})" if parts else ""
    reasons = ", ".join(f"{html.escape(label)} {count:,}" for label, count in entry.reasons)
    why = f" Most frequent reasons: {reasons}." if reasons else ""
    return f"<p>Learned from <b>{flags}</b>{kinds}.{why}</p>"


def _gate(entry: Entry) -> str:
    against = html.escape(entry.measured_against)
    said = f" against {against}" if against else ""
    items = "".join(_finding(finding) for finding in entry.findings)
    return f'<p>The gate let it pass{said}.</p><ul class="findings">{items}</ul>'


def _finding(finding: Finding) -> str:
    css, word = _MARKS[finding.passed]
    return (
        f'<li class="{css}"><b>{html.escape(finding.name)}: {word}</b>'
        f" {html.escape(finding.words)}</li>"
    )


def _served(entry: Entry) -> str:
    if not entry.served:
        return "<p>It has not been served yet.</p>"
    times = ", ".join(f"{at:%Y-%m-%d %H:%M}" for at in entry.served)
    return f"<p>Put to work: {times} UTC.</p>"


def _lineage(entry: Entry) -> str:
    made = entry.manifest
    rows = {
        "Follows": made.parent or "the base model",
        "Recipe": f"{made.recipe.name} ({made.recipe.sha256[:12]})",
        "Dataset version": made.dataset.name,
        "Model file": f"{made.gguf.file}, sha256 {made.gguf.sha256}",
        "Made with": f"Inkloop {made.code_version}",
    }
    items = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in rows.items())
    card = f'<pre tabindex="0">{html.escape(entry.card)}</pre>' if entry.card else ""
    return f"<details><summary>Lineage and model card</summary><dl>{items}</dl>{card}</details>"


SIGNALS = {"retry": "Again", "edit": "Edited", "copy": "Copied", "stop": "Stopped"}


def rates(found: Sequence[Judged], *, keep_days: int) -> str:
    """How often answers were flagged, as a table."""
    if not any(row.rate.answers for row in found):
        return "<p>No answer is kept yet, so there is nothing to count.</p>"
    rows = "".join(_rate(row) for row in found)
    return (
        '<div class="rates-scroll" tabindex="0"><table class="rates"><thead><tr><th>Model</th>'
        "<th>Answers</th><th>Bad</th><th>Bad per 1,000</th><th>Good per 1,000</th>"
        f"{''.join(f'<th>{name}</th>' for name in SIGNALS.values())}<th>Why bad</th>"
        f"</tr></thead><tbody>{rows}</tbody></table></div><p>Answers of the last {keep_days} days,"
        " and what was said about them since the oldest of these. How often answers were asked"
        " again, edited, copied or stopped trains nothing.</p>"
    )


def _rate(row: Judged) -> str:
    rate = row.rate
    why = ", ".join(f"{html.escape(label)} {count}" for label, count in row.reasons) or "–"
    figures = [f"{rate.answers:,}", f"{rate.bad:,}"]
    figures += [_figure(rate.per_thousand(flags)) for flags in (rate.bad, rate.good)]
    figures += [f"{rate.signals[kind]:,}" for kind in SIGNALS]
    cells = "".join(f"<td>{figure}</td>" for figure in figures)
    return f"<tr><th>{html.escape(row.name)}</th>{cells}<td>{why}</td></tr>"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"

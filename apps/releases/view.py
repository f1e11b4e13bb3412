"""Releases as HTML; names and words out of files are escaped here."""

import html
from collections.abc import Sequence

from apps.releases.timeline import Entry, Finding, Judged, Timeline
from shared.texts import later, say, say_count

_MARKS = {
    True: ("yes", later("{check}: passed")),
    False: ("no", later("{check}: refused")),
    None: ("open", later("{check}: not measurable")),
}
_VERDICTS = {
    "down": later("{count} bad"),
    "up": later("{count} good"),
    "prefer": later("{count} compared"),
}


def timeline(found: Timeline) -> str:
    """What serves now, and how it came about."""
    return f"{_now(found)}{_entries(found)}"


def _now(found: Timeline) -> str:
    name = f"<strong>{html.escape(found.answering)}</strong>"
    if found.trouble:
        said = say("The releases cannot be read: {trouble}", trouble=html.escape(found.trouble))
    elif not found.promoted:
        said = say("It is not a release of this Inkloop; none is promoted.")
    elif found.promoted == found.answering:
        said = say("It is the promoted release.")
    else:
        said = say(
            "The promoted release is {name}; this server was started with another model, or is"
            " about to change.",
            name=html.escape(found.promoted),
        )
    return f'<p class="releases-now">{say("Answering now: {name}.", name=name)} {said}</p>'


def _entries(found: Timeline) -> str:
    if not found.entries:
        return _nothing() if not found.trouble else ""
    items = "".join(_entry(entry) for entry in found.entries)
    return f'<ol class="releases">{items}</ol>'


def _nothing() -> str:
    begin = say("Nobody’s flags have changed a model here so far. A release is made in four steps:")
    steps = (
        say("Flags are sent from the apps, with consent to train."),
        say("A reviewer approves them ({command}).", command="<code>inkloop flags review</code>"),
        say("{command} trains on them.", command="<code>inkloop retrain</code>"),
        say(
            "The gate compares the new model with the one that serves. Only what is better, and"
            " nowhere worse, becomes a release."
        ),
    )
    items = "".join(f"<li>{step}</li>" for step in steps)
    return (
        f'<div class="releases-none"><h2>{say("No release yet")}</h2><p>{begin}</p>'
        f"<ol>{items}</ol></div>"
    )


def _entry(entry: Entry) -> str:
    made = entry.manifest
    states = ((say("serving"), entry.answering), (say("promoted"), entry.promoted))
    tags = [word for word, so in states if so]
    base = say("from the base model {name}", name=f"<b>{html.escape(made.base.name)}</b>")
    marks = "".join(f"<mark>{tag}</mark>" for tag in tags)
    return (
        f'<li class="release" id="release-{html.escape(made.name)}"><h2>{html.escape(made.name)}'
        f" {marks}</h2><p><time>{made.created_at:%Y-%m-%d %H:%M} UTC</time> · {base} ·"
        f" {made.gguf.bytes / 1e6:,.1f} MB ·"
        f" {html.escape(made.licence)}</p>{_learned(entry)}{_gate(entry)}{_served(entry)}"
        f"{_lineage(entry)}</li>"
    )


def _learned(entry: Entry) -> str:
    made = entry.manifest
    flags = f"<b>{say_count('1 flag', '{count} flags', made.flags)}</b>"
    kinds = ", ".join(_verdict(verdict, count) for verdict, count in entry.verdicts.items())
    if kinds:
        learned = say("Learned from {flags} ({kinds}).", flags=flags, kinds=kinds)
    else:
        learned = say("Learned from {flags}.", flags=flags)
    reasons = ", ".join(f"{html.escape(label)} {count:,}" for label, count in entry.reasons)
    why = " " + say("Most frequent reasons: {reasons}.", reasons=reasons) if reasons else ""
    return f"<p>{learned}{why}</p>"


def _verdict(verdict: str, count: int) -> str:
    if verdict not in _VERDICTS:
        return f"{count:,} {html.escape(verdict)}"
    return say(_VERDICTS[verdict], count=f"{count:,}")


def _gate(entry: Entry) -> str:
    against = html.escape(entry.measured_against)
    said = (
        say("The gate let it pass against {name}.", name=against)
        if against
        else say("The gate let it pass.")
    )
    items = "".join(_finding(finding) for finding in entry.findings)
    return f'<p>{said}</p><ul class="findings">{items}</ul>'


def _finding(finding: Finding) -> str:
    css, told = _MARKS[finding.passed]
    found = say(told, check=html.escape(finding.name))
    return f'<li class="{css}"><b>{found}</b> {html.escape(finding.words)}</li>'


def _served(entry: Entry) -> str:
    if not entry.served:
        return f"<p>{say('It has not been served yet.')}</p>"
    times = ", ".join(f"{at:%Y-%m-%d %H:%M}" for at in entry.served)
    return f"<p>{say('Put to work: {times} UTC.', times=times)}</p>"


def _lineage(entry: Entry) -> str:
    made = entry.manifest
    rows = (
        (say("Follows"), made.parent or say("the base model")),
        (say("Recipe"), f"{made.recipe.name} ({made.recipe.sha256[:12]})"),
        (say("Dataset version"), made.dataset.name),
        (say("Model file"), f"{made.gguf.file}, sha256 {made.gguf.sha256}"),
        (say("Made with"), f"Inkloop {made.code_version}"),
    )
    items = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in rows)
    card = f'<pre tabindex="0">{html.escape(entry.card)}</pre>' if entry.card else ""
    name = say("Lineage and model card")
    return f"<details><summary>{name}</summary><dl>{items}</dl>{card}</details>"


SIGNALS = {
    "retry": later("Again"),
    "edit": later("Edited"),
    "copy": later("Copied"),
    "stop": later("Stopped"),
}


def rates(found: Sequence[Judged], *, keep_days: int) -> str:
    """How often answers were flagged, as a table."""
    if not any(row.rate.answers for row in found):
        return f"<p>{say('No answer is kept yet, so there is nothing to count.')}</p>"
    rows = "".join(_rate(row) for row in found)
    names = [
        say("Model"),
        say("Answers"),
        say("Bad"),
        say("Bad per 1,000"),
        say("Good per 1,000"),
        *map(say, SIGNALS.values()),
        say("Why bad"),
    ]
    heads = "".join(f"<th>{name}</th>" for name in names)
    note = say(
        "Answers of the last {days} days, and what was said about them since the oldest of these."
        " How often answers were asked again, edited, copied or stopped trains nothing.",
        days=keep_days,
    )
    return (
        f'<div class="rates-scroll" tabindex="0"><table class="rates"><thead><tr>{heads}'
        f"</tr></thead><tbody>{rows}</tbody></table></div><p>{note}</p>"
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

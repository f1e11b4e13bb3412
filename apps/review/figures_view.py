"""Numbers, releases and runs as HTML; names out of files are escaped."""

import html
from collections.abc import Mapping, Sequence

from apps.review.served import BASE, RoleRow, Served
from feedback import enough
from feedback.enough import Enough
from feedback.pusher import PushState

_LEFT_OUT = {
    "received": "waiting for review",
    "not_reviewed": "waiting for review",
    "no_consent": "without consent to train",
    "sent_twice": "sent twice",
    "opposite_thumbs": "with opposite thumbs on one answer",
    "prompt_cap": "above the cap for one question",
    "owner_cap": "above the cap for one person",
    "no_change": "whose correction changes nothing",
    "wrong_form": "whose correction has another form",
    "raw_prompt": "about raw completions",
}


def pushing(state: PushState | None, waiting: int) -> str:
    """Whether what people gave reaches the Hub."""
    if state is None or not state.repo:
        said = (
            "Nothing is pushed: no dataset is configured (<code>INKLOOP_FLAGS_REPO</code>), or"
            " <code>INKLOOP_OFFLINE</code> is set. Flags wait here, and nothing is lost."
        )
        return f"<p>{said}</p>"
    last = f"{state.pushed_at:%Y-%m-%d %H:%M} UTC" if state.pushed_at else "never"
    said = f"To {html.escape(state.repo)}: last pushed {last}, {waiting:,} waiting."
    if state.problem:
        again = f" It is tried again at {state.retry_at:%H:%M} UTC." if state.retry_at else ""
        said += f"<br><b>The last try failed:</b> {html.escape(state.problem)}{again}"
    return f"<p>{said}</p>"


def counts(title: str, found: Mapping[str, int]) -> str:
    """A small table of names and numbers."""
    rows = "".join(
        f'<tr><td>{html.escape(name.replace("_", " "))}</td><td class="n">{count:,}</td></tr>'
        for name, count in found.items()
    )
    body = rows or '<tr><td colspan="2">none</td></tr>'
    return f'<h2>{title}</h2><table class="admin-table"><tbody>{body}</tbody></table>'


def enough_to_retrain(found: Enough) -> str:
    """Whether a retrain makes sense now, with what it would have and what it needs."""
    demo = found.to_train >= enough.CORRECTIONS_DEMO and found.held_out >= enough.HELD_OUT_LEAST
    real = found.to_train >= enough.CORRECTIONS and found.held_out >= enough.HELD_OUT
    if real:
        said = "Yes: for any model, and the gate can see a difference."
    elif demo:
        said = "For the demo model, yes. For a real model, not yet."
    else:
        said = "Not yet."
    left = ", ".join(
        f"{count:,} {_LEFT_OUT.get(why, html.escape(why.replace('_', ' ')))}"
        for why, count in found.left_out.items()
    )
    return (
        f'<section class="enough {"yes" if demo or real else "no"}"><h2>Enough to retrain?</h2>'
        f"<p><b>{said}</b></p>"
        f"<p>{found.flags:,} approved flags count: {found.corrections:,} corrections,"
        f" {found.pairs:,} pairs, {found.good + found.bad:,} thumbs ({found.good:,} good,"
        f" {found.bad:,} bad).</p>"
        f"<p>About {found.to_train:,} corrections to learn from (needed: {enough.CORRECTIONS}; for"
        f" the demo model {enough.CORRECTIONS_DEMO}) and {found.held_out:,} held out for the gate"
        f" (needed: {enough.HELD_OUT_LEAST}; {enough.HELD_OUT} for a firm interval).</p>"
        f"{f'<p>Left out: {left}.</p>' if left else ''}"
        "<p>Start with <code>inkloop retrain</code>, look first with"
        " <code>inkloop retrain --dry-run</code>.</p></section>"
    )


def releases(found: Served) -> str:
    """All releases, newest first."""
    rows = "".join(
        f"<tr><td>{html.escape(release.name)}</td>"
        f"<td>{release.manifest.created_at:%Y-%m-%d %H:%M}</td>"
        f'<td class="n">{release.manifest.flags:,}</td>'
        f"<td>{html.escape(release.manifest.parent or BASE)}</td>"
        f"<td>{'promoted' if release.name == found.promoted else ''}</td></tr>"
        for release in found.releases
    )
    if not rows:
        return "<p>No releases yet: <code>inkloop retrain</code> makes one.</p>"
    return _table(("Release", "Made", "Flags", "Measured against", ""), rows)


def roles(found: Sequence[RoleRow]) -> str:
    """Which model does what, and how that is changed."""
    rows = "".join(
        f"<tr><td>{row.role}</td><td>{html.escape(row.release)}</td>"
        f"<td>{html.escape(row.adapter)}</td>"
        f"<td>{f'<code>{html.escape(row.setting)}</code>' if row.setting else 'the main model'}"
        "</td></tr>"
        for row in found
    )
    return (
        _table(("Role", "Model", "Adapter", "As set"), rows)
        + "<p>Give a role a model or an adapter of its own with <code>INKLOOP_ROLE_CHAT</code> and"
        " so on; roles that name the same model share its memory.</p>"
    )


def runs(found: Served) -> str:
    """The last runs, with what the gate said."""
    rows = "".join(
        f"<tr><td>{html.escape(run.name)}</td><td>{run.at:%Y-%m-%d %H:%M}</td>"
        f"<td>{run.stage}</td><td>{html.escape(run.words)}</td></tr>"
        for run in found.runs
    )
    if not rows:
        return "<p>No runs yet.</p>"
    return _table(("Run", "Last change", "Stage", "Why refused"), rows)


def _table(heads: tuple[str, ...], rows: str) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    return (
        '<div class="admin-scroll" tabindex="0"><table class="admin-table"><thead><tr>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )

"""Do answers still look as the apps need them: form, length, repetition?"""

from collections.abc import Iterator, Sequence

from training.data import Row
from training.gate.form import app_of, keeps_form, repeats
from training.gate.limits import Limits
from training.gate.measured import Finding, Measured, Written

Kept = list[tuple[str, bool, bool]]
"""App, and whether its answer kept its form before and after."""


def forms(
    rows: Sequence[Row], serving: Measured, candidate: Measured, limits: Limits
) -> Iterator[Finding]:
    """All apps together, and each app of which there is enough."""
    pairs = zip(rows, serving.writings, candidate.writings, strict=True)
    kept = [(app_of(row.prompt), keeps_form(row, old), keeps_form(row, new))
            for row, old, new in pairs]  # fmt: skip
    yield _form("form of answers", "guarded answers", kept, limits.form.lost_share)
    for app in sorted({app for app, _, _ in kept}):
        own = [row for row in kept if row[0] == app]
        if len(own) >= limits.form.app_minimum:
            yield _form(f"form in {app}", f"answers in {app}", own, limits.form.app_lost_share)


def _form(name: str, what: str, kept: Kept, share: float) -> Finding:
    before = sum(old for _, old, _ in kept)
    after = sum(new for _, _, new in kept)
    allowed = share * len(kept)
    words = (
        f"{after} of {len(kept)} {what} keep their form (they end by themselves, stay readable for"
        f" the app, nothing loops); {before} did before, and {int(allowed)} may be lost."
    )
    figures = {"items": len(kept), "before": before, "after": after}
    return Finding(name, before - after <= allowed, words, figures)


def lengths(serving: Measured, candidate: Measured, limits: Limits) -> Finding:
    """Whether answers became much shorter or longer as a whole."""
    before, after = _mean_length(serving.writings), _mean_length(candidate.writings)
    ratio = after / before if before else float("inf")
    words = (
        f"Answers are {after:.0f} characters long in the mean, {ratio:.2f} times as long as before;"
        f" {limits.habits.shortest} to {limits.habits.longest} times is allowed."
    )
    passed = limits.habits.shortest <= ratio <= limits.habits.longest
    figures = {"before": round(before, 1), "after": round(after, 1)}
    return Finding("length of answers", passed, words, figures)


def _mean_length(writings: Sequence[Written]) -> float:
    return sum(len(written.text) for written in writings) / max(1, len(writings))


def repetition(serving: Measured, candidate: Measured, limits: Limits) -> Finding:
    """Whether more answers repeat themselves."""
    before = sum(repeats(written.text) for written in serving.writings)
    after = sum(repeats(written.text) for written in candidate.writings)
    count = len(candidate.writings)
    allowed = int(limits.habits.repeated_more * count)
    words = (
        f"{after} of {count} answers repeat themselves; {before} did before, and {allowed} more"
        " may."
    )
    figures = {"items": count, "before": before, "after": after}
    return Finding("repetition", after - before <= allowed, words, figures)

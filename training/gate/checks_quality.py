"""Is it better where people said so, and have old good answers stayed?"""

from collections.abc import Sequence
from typing import Any

from training.data import Row
from training.gate.interval import Interval, paired_interval
from training.gate.limits import Limits
from training.gate.measure import is_exact
from training.gate.measured import Finding, HeldOutRow, Measured
from training.gate.reasons import checkable, is_mended

HELD_OUT = "held-out corrections"


def _figures(interval: Interval, **more: object) -> dict[str, Any]:
    return {
        "items": interval.items,
        "groups": interval.groups,
        "mean": round(interval.mean, 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        **more,
    }


def _interval(changes: Sequence[float], groups: Sequence[str], limits: Limits) -> Interval:
    wanted = limits.heldout
    return paired_interval(
        changes, groups, confidence=wanted.confidence, resamples=wanted.resamples
    )


def heldout(
    rows: Sequence[HeldOutRow], serving: Measured, candidate: Measured, limits: Limits
) -> Finding:
    """The primary measure: the interval of the change must lie above zero."""
    needed = limits.heldout.smallest_items
    if len(rows) < needed:
        words = (
            f"{len(rows)} corrections were held out; {needed} are needed to see anything, and"
            " nothing seen counts as no."
        )
        return Finding(HELD_OUT, False, words, {"items": len(rows)})
    changes = _changes(serving.margins, candidate.margins)
    found = _interval(changes, [row.group for row in rows], limits)
    few = len(rows) < limits.heldout.minimum_items
    improved = sum(change > 0 for change in changes)
    words = (
        f"Against the flagged answer the correction became likelier by {found.mean:+.2f} nats per"
        f" token ({found.low:+.2f} to {found.high:+.2f}) on {found.items} held-out corrections of"
        f" {found.groups} people; {improved} of them improved."
    )
    if few:
        words += f" Under {limits.heldout.minimum_items} items the interval is a rough one."
    figures = _figures(found, improved=improved, rough=few, reasons=_by_reason(rows, changes))
    return Finding(HELD_OUT, found.low > 0, words, figures)


def _changes(before: Sequence[float], after: Sequence[float]) -> list[float]:
    return [new - old for new, old in zip(after, before, strict=True)]


def _by_reason(
    rows: Sequence[HeldOutRow], changes: Sequence[float]
) -> dict[str, dict[str, float | int]]:
    found: dict[str, list[float]] = {}
    for row, change in zip(rows, changes, strict=True):
        for reason in row.reasons:
            found.setdefault(reason, []).append(change)
    return {
        reason: {"items": len(some), "mean": round(sum(some) / len(some), 4)}
        for reason, some in sorted(found.items())
    }


def mended(
    rows: Sequence[HeldOutRow], serving: Measured, candidate: Measured, limits: Limits
) -> tuple[Finding, ...]:
    """The secondary measure: by the rule for the reason, faults must not become more frequent."""
    checked = [row for row in rows if checkable(row)]
    if not checked or not candidate.mended:
        return ()
    before = sum(is_mended(*pair) for pair in zip(checked, serving.mended, strict=True))
    after = sum(is_mended(*pair) for pair in zip(checked, candidate.mended, strict=True))
    allowed = max(1, int(limits.heldout.mended_lost_share * len(checked)))
    words = (
        f"By the rules for their reasons, {after} of {len(checked)} held-out answers are free of"
        f" the fault that was flagged; {before} of the served model's are, and {allowed} may be"
        " lost."
    )
    figures = {"items": len(checked), "before": before, "after": after}
    return (Finding("faults that a rule can see", before - after <= allowed, words, figures),)


def guarded(rows: Sequence[Row], serving: Measured, candidate: Measured, limits: Limits) -> Finding:
    """Non-inferiority of old good answers."""
    name = "guarded answers"
    if len(rows) < limits.guarded.minimum_items:
        words = (
            f"Only {len(rows)} guarded answers could be measured, and"
            f" {limits.guarded.minimum_items} are needed to show that nothing was lost."
        )
        return Finding(name, False, words, {"items": len(rows)})
    changes = _changes(serving.likelihoods, candidate.likelihoods)
    found = _interval(changes, [str(index) for index in range(len(rows))], limits)
    margin = limits.guarded.margin_nats
    words = (
        f"Old good answers changed by {found.mean:+.3f} nats per token ({found.low:+.3f} to"
        f" {found.high:+.3f}) on {found.items} rows; they may fall by {margin}."
    )
    return Finding(name, found.low > -margin, words, _figures(found, margin=margin))


def neighbours(
    near: int, serving: Measured, candidate: Measured, limits: Limits
) -> tuple[Finding, ...]:
    """Non-inferiority of the guarded answers nearest to the corrections."""
    changes = _changes(serving.likelihoods[:near], candidate.likelihoods[:near])
    if not changes:
        return ()
    found = _interval(changes, [str(index) for index in range(near)], limits)
    margin = limits.guarded.near_margin_nats
    words = (
        f"What lies nearest to the corrections changed by {found.mean:+.3f} nats per token"
        f" ({found.low:+.3f} to {found.high:+.3f}) on {found.items} rows; it may fall by {margin}."
    )
    figures = _figures(found, margin=margin)
    return (Finding("neighbours of the corrections", found.low > -margin, words, figures),)


def exact(rows: Sequence[Row], serving: Measured, candidate: Measured, limits: Limits) -> Finding:
    """Short answers that the served model gives word for word.

    Another wording of the same likelihood is no loss: where two answers are equally good, either
    may come first. So one is lost if it neither comes nor is nearly as likely as it was.
    """
    name = "answers known word for word"
    changes = _changes(serving.likelihoods, candidate.likelihoods)
    known = [
        (is_exact(row, new), change > -limits.guarded.margin_nats)
        for row, old, new, change in zip(
            rows, serving.writings, candidate.writings, changes, strict=True
        )
        if is_exact(row, old)
    ]
    given = sum(again for again, _ in known)
    near = sum(likely and not again for again, likely in known)
    figures = {"known": len(known), "kept": given, "near": near}
    if len(known) < limits.guarded.exact_minimum:
        words = (
            f"Not measurable: the served model itself gives only {len(known)} of the short guarded"
            " answers word for word."
        )
        return Finding(name, None, words, figures)
    allowed = limits.guarded.exact_lost_share * len(known)
    lost = len(known) - given - near
    words = (
        f"Of {len(known)} short answers that the served model gives word for word, {given} are"
        f" still given, {near} are nearly as likely as before and {lost} are lost;"
        f" {int(allowed)} may be."
    )
    return Finding(name, lost <= allowed, words, figures)

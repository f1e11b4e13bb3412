"""From measurements to a verdict with its reasons in words. Pure arithmetic, no models."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from training.data import Row
from training.gate.interval import Interval, paired_interval
from training.gate.limits import Limits
from training.gate.measure import HeldOutRow, Written, is_exact, keeps_form


@dataclass(frozen=True, slots=True)
class Measured:
    """What one model file was found to do."""

    margins: Sequence[float]
    """Per held-out row, see `measure.margins`."""
    likelihoods: Sequence[float]
    """Per guarded row, see `measure.likelihoods`."""
    writings: Sequence[Written]
    """Per guarded row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the gate."""

    name: str
    passed: bool | None
    """None: not measurable, which is never read as safe but does not refuse by itself."""
    words: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate becomes a release, and why."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """No check said no."""
        return all(finding.passed is not False for finding in self.findings)

    @property
    def refusals(self) -> list[str]:
        """The reasons for a no, in words."""
        return [finding.words for finding in self.findings if finding.passed is False]


@dataclass(frozen=True, slots=True)
class Questions:
    """The rows that both models were measured on."""

    heldout: Sequence[HeldOutRow]
    guarded: Sequence[Row]


def decide(
    questions: Questions, *, serving: Measured, candidate: Measured, limits: Limits
) -> Verdict:
    """Compare the candidate with what is served."""
    return Verdict(
        (
            _heldout(questions.heldout, serving, candidate, limits),
            _guarded(questions.guarded, serving, candidate, limits),
            _exact(questions.guarded, serving, candidate, limits),
            _form(questions.guarded, serving, candidate, limits),
        )
    )


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


def _heldout(
    rows: Sequence[HeldOutRow], serving: Measured, candidate: Measured, limits: Limits
) -> Finding:
    name = "held-out corrections"
    needed = limits.heldout.smallest_items
    if len(rows) < needed:
        return Finding(
            name,
            False,
            f"{len(rows)} corrections were held out; {needed} are needed to see anything, and"
            " nothing seen counts as no.",
            {"items": len(rows)},
        )
    changes = [new - old for new, old in zip(candidate.margins, serving.margins, strict=True)]
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
    return Finding(name, found.low > 0, words, _figures(found, improved=improved, rough=few))


def _guarded(
    rows: Sequence[Row], serving: Measured, candidate: Measured, limits: Limits
) -> Finding:
    name = "guarded answers"
    if len(rows) < limits.guarded.minimum_items:
        return Finding(
            name,
            False,
            f"Only {len(rows)} guarded answers could be measured, and"
            f" {limits.guarded.minimum_items} are needed to show that nothing was lost.",
            {"items": len(rows)},
        )
    changes = [
        new - old for new, old in zip(candidate.likelihoods, serving.likelihoods, strict=True)
    ]
    found = _interval(changes, [str(index) for index in range(len(rows))], limits)
    margin = limits.guarded.margin_nats
    words = (
        f"Old good answers changed by {found.mean:+.3f} nats per token ({found.low:+.3f} to"
        f" {found.high:+.3f}) on {found.items} rows; they may fall by {margin}."
    )
    return Finding(name, found.low > -margin, words, _figures(found, margin=margin))


def _exact(rows: Sequence[Row], serving: Measured, candidate: Measured, limits: Limits) -> Finding:
    name = "answers known word for word"
    pairs = zip(rows, serving.writings, candidate.writings, strict=True)
    kept = [is_exact(row, new) for row, old, new in pairs if is_exact(row, old)]
    figures = {"known": len(kept), "kept": sum(kept)}
    if len(kept) < limits.guarded.exact_minimum:
        words = (
            f"Not measurable: the served model itself gives only {len(kept)} of the short guarded"
            " answers word for word."
        )
        return Finding(name, None, words, figures)
    allowed = limits.guarded.exact_lost_share * len(kept)
    lost = len(kept) - sum(kept)
    words = (
        f"Of {len(kept)} short answers that the served model gives word for word, {sum(kept)} are"
        f" still given; {int(allowed)} may be lost."
    )
    return Finding(name, lost <= allowed, words, figures)


def _form(rows: Sequence[Row], serving: Measured, candidate: Measured, limits: Limits) -> Finding:
    before = sum(keeps_form(row, text) for row, text in zip(rows, serving.writings, strict=True))
    after = sum(keeps_form(row, text) for row, text in zip(rows, candidate.writings, strict=True))
    allowed = limits.form.lost_share * len(rows)
    words = (
        f"{after} of {len(rows)} guarded answers keep their form (they end by themselves, JSON"
        f" stays JSON, nothing loops); {before} did before, and {int(allowed)} may be lost."
    )
    figures = {"items": len(rows), "before": before, "after": after}
    return Finding("form of answers", before - after <= allowed, words, figures)

"""From measurements to a verdict with its reasons in words. Pure arithmetic, no models."""

from dataclasses import dataclass

from training.gate import checks_form, checks_habits, checks_quality
from training.gate.limits import Limits
from training.gate.measured import Finding, Measured, Questions


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


def decide(
    questions: Questions, *, serving: Measured, candidate: Measured, limits: Limits
) -> Verdict:
    """Compare the candidate with what is served; the measure that must improve comes first."""
    guarded = questions.guarded
    return Verdict(
        (
            checks_quality.heldout(questions.heldout, serving, candidate, limits),
            *checks_quality.mended(questions.heldout, serving, candidate, limits),
            checks_quality.guarded(guarded, serving, candidate, limits),
            *checks_quality.neighbours(questions.near, serving, candidate, limits),
            checks_quality.exact(guarded, serving, candidate, limits),
            *checks_form.forms(guarded, serving, candidate, limits),
            checks_form.lengths(serving, candidate, limits),
            checks_form.repetition(serving, candidate, limits),
            *checks_habits.drift(serving, candidate, limits),
            *checks_habits.probes(questions.probes, serving, candidate, limits),
            *checks_habits.cost(serving, candidate, limits),
            *questions.data,
        )
    )

"""The gate's report: figures for programs, a page and a picture for people, scores per item.

None of it holds any row's text. Items are named by their flag ids, so that a score can be traced
and an erased flag found.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training.gate.checks_quality import HELD_OUT
from training.gate.compare import Comparison, ModelFile
from training.gate.limits import Limits
from training.gate.plots import plot

GUARDED = "guarded answers"
ROUNDED = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What was compared, and the verdict."""

    candidate: ModelFile
    serving: ModelFile
    dataset: str
    limits: Limits
    found: Comparison

    def values(self) -> dict[str, Any]:
        """The content of gate.json."""
        verdict = self.found.verdict
        return {
            "passed": verdict.passed,
            "verdict": "passed" if verdict.passed else "refused",
            "reasons": verdict.refusals,
            "candidate": self.candidate.as_dict(),
            "serving": self.serving.as_dict(),
            "dataset": self.dataset,
            "heldout_flag_ids": sorted({row.flag_id for row in self.found.questions.heldout}),
            "findings": [asdict(finding) for finding in verdict.findings],
            "limits": self.limits.model_dump(),
        }

    def items(self) -> list[dict[str, Any]]:
        """Every score of both models, item by item: what the intervals were made from."""
        rows = self.found.questions.heldout
        before, after = self.found.serving, self.found.candidate
        held = [
            {"check": HELD_OUT, "flag_id": row.flag_id, "group": row.group, **_scores(old, new)}
            for row, old, new in zip(rows, before.margins, after.margins, strict=True)
        ]
        guarded = zip(before.likelihoods, after.likelihoods, strict=True)
        return held + [{"check": GUARDED, **_scores(old, new)} for old, new in guarded]

    def picture(self) -> str:
        """The verdict as SVG."""
        changes: dict[str, list[float]] = {}
        for item in self.items():
            changes.setdefault(item["check"], []).append(item["after"] - item["before"])
        return plot(self.values(), changes)


def _scores(before: float, after: float) -> dict[str, float]:
    return {"before": round(before, ROUNDED), "after": round(after, ROUNDED)}


def as_json(values: dict[str, Any] | Sequence[dict[str, Any]]) -> str:
    """As it is written to disk."""
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


_MARK = {True: "passed", False: "REFUSED", None: "not measurable"}
_TITLE = {"passed": "passed", "refused": "refused", "overridden": "was overridden for"}


def markdown(report: dict[str, Any]) -> str:
    """The page of a report that was read back from gate.json."""
    said = report.get("verdict") or ("passed" if report["passed"] else "refused")
    lines = [
        f"# The gate {_TITLE[said]} {report['candidate']['name']}",
        "",
        f"Measured against {report['serving']['name']}, with dataset version"
        f" {report['dataset'][:12]}.",
        "",
        *_override(report),
    ]
    lines += [
        f"- **{finding['name']}** – {_MARK[finding['passed']]}. {finding['words']}"
        for finding in report["findings"]
    ]
    return "\n".join(lines) + "\n"


def _override(report: dict[str, Any]) -> list[str]:
    note = report.get("override")
    if not note:
        return []
    checks = ", ".join(f"“{check}”" for check in note["checks"])
    return [f"{note['by']} answers for {checks} ({note['at']}): {note['reason']}", ""]

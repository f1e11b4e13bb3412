"""The gate's report: figures for programs, a page for people. Neither holds any row's text."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training.gate.decide import Verdict
from training.gate.limits import Limits


@dataclass(frozen=True, slots=True)
class Report:
    """What was compared, and the verdict."""

    candidate: dict[str, str]
    """`name` and `sha256` of the candidate's file."""
    serving: dict[str, str]
    """The same of what is served."""
    dataset: str
    flag_ids: Sequence[str]
    """Of the held-out rows."""
    limits: Limits
    verdict: Verdict

    def as_json(self) -> str:
        """The content of gate.json."""
        values: dict[str, Any] = {
            "passed": self.verdict.passed,
            "reasons": self.verdict.refusals,
            "candidate": self.candidate,
            "serving": self.serving,
            "dataset": self.dataset,
            "heldout_flag_ids": list(self.flag_ids),
            "findings": [asdict(finding) for finding in self.verdict.findings],
            "limits": self.limits.model_dump(),
        }
        return json.dumps(values, ensure_ascii=False, indent=2) + "\n"

    def as_markdown(self) -> str:
        """One page for people."""
        return markdown(json.loads(self.as_json()))


_MARK = {True: "passed", False: "REFUSED", None: "not measurable"}


def markdown(report: dict[str, Any]) -> str:
    """The page of a report that was read back from gate.json."""
    lines = [
        f"# The gate {'passed' if report['passed'] else 'refused'} {report['candidate']['name']}",
        "",
        f"Measured against {report['serving']['name']}, with dataset version"
        f" {report['dataset'][:12]}.",
        "",
    ]
    lines += [
        f"- **{finding['name']}** – {_MARK[finding['passed']]}. {finding['words']}"
        for finding in report["findings"]
    ]
    return "\n".join(lines) + "\n"

"""The gate as one step of a retrain: measured once, read again, overridden only on record."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.durable import replace_text
from shared.errors import GateRefused, TrainingError
from training.data import Row
from training.gate.compare import ModelFile, compare
from training.gate.limits import Limits
from training.gate.measured import Finding, Questions
from training.gate.override import Override, open_refusals, overridden
from training.gate.probes import probes
from training.gate.report import Report, as_json, markdown
from training.retrain.card import Papers
from training.retrain.inputs import Inputs
from training.trainer import Tell

GATE, PAGE, ITEMS, PICTURE = "gate.json", "gate.md", "gate-items.json", "gate.svg"


@dataclass(frozen=True, slots=True)
class Case:
    """Two model files and what they are measured on."""

    candidate: ModelFile
    serving: ModelFile
    inputs: Inputs
    guarded: Sequence[Row]
    limits: Limits
    data: Sequence[Finding] = ()

    @property
    def key(self) -> str:
        """Names the measuring: the files and the thresholds."""
        parts = (self.serving.sha256, self.candidate.sha256, self.limits.sha256())
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:24]


def measure(folder: Path, case: Case, tell: Tell) -> Path:
    """The folder with the gate's report on a case, under `folder`; measured unless it is there."""
    target = folder / case.key
    if (target / GATE).is_file():
        return target
    tell(f"gate: measuring the candidate against {case.serving.name}.")
    near = min(case.limits.guarded.near_items, len(case.guarded))
    questions = Questions(case.inputs.heldout, case.guarded, probes(), near, case.data)
    found = compare(case.candidate, case.serving, questions, case.limits)
    report = Report(case.candidate, case.serving, case.inputs.data.name, case.limits, found)
    values = report.values()
    replace_text(target / PAGE, markdown(values))
    replace_text(target / ITEMS, as_json(report.items()))
    replace_text(target / PICTURE, report.picture())
    replace_text(target / GATE, as_json(values))  # last: with it, the measuring is done
    return target


def judged(folder: Path, override: Override | None, tell: Tell) -> Papers:
    """Say what was found; the papers of a release if it may become one.

    Raises:
        GateRefused: With the reasons that nobody answers for.
        BadRequest: If the override names a check that was not refused.
    """
    report = read_report(folder / GATE)
    for finding in report["findings"]:
        tell(f"gate: {finding['words']}")
    more = tuple(path for path in (folder / ITEMS, folder / PICTURE) if path.is_file())
    if report["passed"]:
        return Papers(folder / GATE, "passed", more)
    if override is not None:
        report = overridden(report, override)
    reasons = open_refusals(report)
    if reasons:
        raise GateRefused(
            f"The gate refused {report['candidate']['name']}: {' '.join(reasons)}",
            fix=f"{report['serving']['name']} stays served.",
        )
    answered = report["override"]
    tell(f"gate: {answered['by']} answers for {', '.join(answered['checks'])}.")
    path = folder / "overridden" / GATE
    replace_text(path, as_json(report))
    return Papers(path, "overridden", more)


def read_report(path: Path) -> dict[str, Any]:
    """A gate.json.

    Raises:
        TrainingError: If it is damaged.
    """
    try:
        report = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path) from error
    if not {"findings", "passed", "candidate", "serving"} <= report.keys():
        raise _damaged(path)
    return report


def _damaged(path: Path) -> TrainingError:
    fix = f"Delete {path.parent} and call inkloop retrain again."
    return TrainingError(f"{path} is damaged.", fix=fix)

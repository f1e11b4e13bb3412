"""Releasing against the gate: by the name of each check, with a reason and a name, on record.

The measurements stay as they are. What is added says who took the responsibility, for what and why;
it travels with the release.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.errors import BadRequest

Values = dict[str, Any]
LEAST_REASON = 10
"""Characters; a reason is a sentence."""


@dataclass(frozen=True, slots=True)
class Override:
    """Which checks somebody answers for."""

    checks: tuple[str, ...]
    by: str
    reason: str


def checked_override(checks: Sequence[str], by: str, reason: str) -> Override | None:
    """What a command line asked for; None if it asked for nothing.

    Raises:
        BadRequest: If the name or the reason is missing.
    """
    if not checks and not by and not reason:
        return None
    if not checks or not by.strip() or len(reason.strip()) < LEAST_REASON:
        raise BadRequest(
            "An override names the check, who answers for it, and why.",
            fix='--override "CHECK" --by NAME --reason "A SENTENCE"',
        )
    return Override(tuple(dict.fromkeys(checks)), by.strip(), reason.strip())


def overridden(report: Values, override: Override) -> Values:
    """The gate's report with the override on record; `passed` stays what was measured.

    Raises:
        BadRequest: If a check is not in the report, or said nothing that needs overriding.
    """
    refused = [row["name"] for row in report["findings"] if row["passed"] is False]
    for check in override.checks:
        if check not in refused:
            near = difflib.get_close_matches(check, refused, n=1, cutoff=0.3)
            fix = f"Did you mean {near[0]!r}?" if near else "Nothing was refused."
            raise BadRequest(f"The gate did not refuse {check!r}.", fix=fix)
    note = {
        "checks": list(override.checks),
        "by": override.by,
        "reason": override.reason,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return {**report, "override": note, "verdict": _verdict(report, note)}


def open_refusals(report: Values) -> list[str]:
    """In words, the refusals that nobody answers for."""
    answered = report.get("override", {}).get("checks", [])
    return [
        row["words"]
        for row in report["findings"]
        if row["passed"] is False and row["name"] not in answered
    ]


def _verdict(report: Values, note: Values) -> str:
    left = open_refusals({**report, "override": note})
    return "refused" if left else "overridden"

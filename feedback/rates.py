"""How often answers are flagged, model by model: the plainest sign of a better model.

Only answers that are still kept are counted, and only flags that came since the oldest of them:
both sides of the fraction speak of the same days.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedback.outbox import Row, read_rows
from feedback.signals import count_signals
from feedback.writer import reading
from shared.home import Home


@dataclass(slots=True)
class Rate:
    """What one model wrote, and what people said about it."""

    answers: int = 0
    good: int = 0
    bad: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Of the bad ones."""
    signals: Counter[str] = field(default_factory=Counter)
    """Answers that were asked again, edited, copied or stopped; they train nothing."""

    def per_thousand(self, flags: int) -> float | None:
        """Flags for each thousand answers; None without answers."""
        return 1000 * flags / self.answers if self.answers else None


def rates(home: Home) -> dict[str, Rate]:
    """By the model's or release's name; answers that came over `/v1` count like others."""
    found: dict[str, Rate] = {}
    oldest, answers = _answers(home.history)
    for (name,), count in answers.items():
        found[name] = Rate(answers=count)
    for name, counts in (count_signals(home.history) if answers else {}).items():
        found.setdefault(name, Rate()).signals = counts
    newest = {row.flag_id: row for row in read_rows(home.feedback)}
    for row in newest.values():
        if row.payload is not None and not row.withdrawn and row.created_at >= oldest:
            _count(found, row)
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wrote, and under which prompt: a better prompt is not a better model."""

    model: str
    app: str
    prompt_version: str
    prompt_sha256: str


def rates_by_prompt(home: Home) -> dict[Asked, Rate]:
    """The same as `rates`, apart for each prompt of each app."""
    oldest, answers = _answers(home.history, by=_BY_PROMPT)
    found = {Asked(*key): Rate(answers=count) for key, count in answers.items()}
    for row in {row.flag_id: row for row in read_rows(home.feedback)}.values():
        if row.payload is not None and not row.withdrawn and row.created_at >= oldest:
            record = json.loads(row.payload)
            asked = Asked(
                record["model"]["name"],
                record["app"],
                record.get("app_version", ""),
                record.get("system_sha256", ""),
            )
            _add(found.setdefault(asked, Rate()), record)
    return found


def _count(found: dict[str, Rate], row: Row) -> None:
    record = json.loads(row.payload or "{}")
    _add(found.setdefault(record["model"]["name"], Rate()), record)


def _add(rate: Rate, record: dict[str, Any]) -> None:
    if record["verdict"] == "down":
        rate.bad += 1
        rate.reasons.update(record["categories"])
    elif record["verdict"] == "up":
        rate.good += 1


_MODEL = "json_extract(payload,'$.model.name')"
_BY_PROMPT = (
    f"{_MODEL}, app, ifnull(json_extract(payload,'$.prompt_version'),''),"
    " ifnull(json_extract(payload,'$.prompt_sha256'),'')"
)


def _answers(path: Path, by: str = _MODEL) -> tuple[int, dict[tuple[str, ...], int]]:
    """When the oldest answer was given, in milliseconds, and how many were given by what."""
    if not path.is_file():
        return 0, {}
    with reading(path) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name='answer'").fetchone():
            return 0, {}
        oldest = db.execute("SELECT min(created_at) FROM answer").fetchone()[0]
        rows = db.execute(
            f"SELECT {by}, count(*) FROM answer GROUP BY {by}"  # noqa: S608 - one of two constants
        ).fetchall()
    return int(oldest or 0), {tuple(map(str, row[:-1])): int(row[-1]) for row in rows}

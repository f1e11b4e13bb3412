"""The rows of a dataset version, in the form that trainers read, one JSON object per line."""

import json
from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

from feedback.records import App, Consent, Record, Turn, Verdict

Kind = Literal["sft", "dpo", "kto", "heldout"]
KINDS: tuple[Kind, ...] = ("sft", "dpo", "kto", "heldout")


class Row(Record):
    """What every row has."""

    prompt: tuple[Turn, ...]
    flag_ids: tuple[str, ...]
    app: App
    reasons: tuple[str, ...]
    session: str
    """Who flagged, as flags name people (`feedback.session`); of the first flag."""
    consent: Consent
    """What all authors of the row's flags allow."""


class SftRow(Row):
    """An answer to learn."""

    completion: tuple[Turn, ...]


class DpoRow(Row):
    """A better and a worse answer."""

    chosen: tuple[Turn, ...]
    rejected: tuple[Turn, ...]


class KtoRow(Row):
    """A thumb."""

    completion: tuple[Turn, ...]
    label: bool
    weight: float = 1.0


class HeldOutRow(Row):
    """What training never sees; with a correction, it is what the gate measures."""

    verdict: Verdict
    flagged: str
    """The answer that was rated, or with `prefer` the one that lost."""
    correction: str = ""
    """What it should have been; empty for a thumb."""
    label: bool | None = None
    """The thumb, where there is no correction."""


Rows = dict[Kind, Sequence[Row]]
R = TypeVar("R", bound=Row)


def as_lines(rows: Iterable[Row]) -> str:
    """JSON lines with sorted keys, so that equal rows are equal bytes."""
    return "".join(
        json.dumps(row.model_dump(mode="json"), ensure_ascii=False, sort_keys=True) + "\n"
        for row in rows
    )


def unless(rows: Sequence[R], gone: set[str]) -> list[R]:
    """Rows of other flags; a row that several flags share stays with the others."""
    kept: list[R] = []
    for row in rows:
        left = tuple(flag_id for flag_id in row.flag_ids if flag_id not in gone)
        if left:
            kept.append(row.model_copy(update={"flag_ids": left}))
    return kept

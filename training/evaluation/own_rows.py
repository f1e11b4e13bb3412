"""The rows that the tasks about rows ask: a file's, a run's own, or what the gate guards.

A run keeps rows that it never learned from; these say more about it than any others. They lie where
they were prepared, and are known by the hash that the run noted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import BadRequest, TrainingError
from training.data import Row, read_jsonl
from training.data_prepare import ABOUT, Prepared, Side
from training.evaluation.models import Subject
from training.folder import RunFolder
from training.replay import DEMO, guarded_rows
from training.run_reading import conversation_of

SEED = 7
GUARDED = "guarded"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows, and whose they are."""

    rows: Sequence[Row]
    whose: str


def rows_for(subjects: Sequence[Subject], *, data: Path | None, side: str, limit: int) -> Rows:
    """The first rows of what was asked for.

    Args:
        subjects: The models; the first run among them with rows of its own gives them.
        data: A file instead of all that.
        side: `test`, `validation` or `guarded`; empty takes test rows where a run has them, and
            guarded ones else.
        limit: Rows at most.

    Raises:
        BadRequest: If a side was asked for that no run has.
        TrainingError: If the file is empty or holds something else.
    """
    if data is not None:
        found = read_jsonl(data)[:limit]
        if not found:
            raise TrainingError(f"{data} holds no row.")
        return Rows(found, f"the first {len(found)} of {data.name}")
    wanted: Side = "validation" if side == "validation" else "test"
    for subject in subjects if side != GUARDED else ():
        own = _own(subject.run, wanted, limit) if subject.run is not None else []
        if own:
            whose = f"{len(own)} for {wanted} of {subject.name}, which did not learn from them"
            return Rows(own, whose + _others(subject, subjects))
    if side not in ("", GUARDED):
        raise BadRequest(
            f"None of these models is a run with {side} rows.",
            fix="Name rows with --data, or leave out --rows.",
        )
    guarded = guarded_rows(DEMO, seed=SEED, count=limit, trained=())
    return Rows(guarded, f"{len(guarded)} that the gate guards, of the demo model's domain")


def _own(run: RunFolder, side: Side, limit: int) -> list[Row]:
    """Rows of one side of a run; none if it trained on a dataset version or replay only."""
    prepared = _prepared(run)
    if prepared is None or not prepared.rows(side):
        return []
    found: list[Row] = []
    with prepared.file(side).open(encoding="utf-8") as lines:
        for line in lines:
            turns = conversation_of(json.loads(line), prepared.kind)
            if turns and turns[-1].role == "assistant":
                found.append(Row(tuple(turns[:-1]), turns[-1].content))
            if len(found) == limit:
                break
    return found


def _prepared(run: RunFolder) -> Prepared | None:
    wanted = (run.read_metrics() or {}).get("dataset_sha256")
    for path in sorted(run.root.parent.glob(f"data/*/{ABOUT}")):
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["sha256"] == wanted:
            return Prepared(path.parent, about)
    return None


def _others(mine: Subject, subjects: Sequence[Subject]) -> str:
    """A warning where another model may have learned from these rows."""
    known = _data(mine)
    doubtful = [each.name for each in subjects if each.run is not None and _data(each) != known]
    return f"; {', '.join(doubtful)} may have" if doubtful else ""


def _data(subject: Subject) -> str:
    assert subject.run is not None
    return str((subject.run.read_metrics() or {}).get("dataset_sha256"))

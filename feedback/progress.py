"""How far a flag has come: in a dataset version, in a run, shipped in a release."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

from feedback.records import Record, now
from feedback.review_file import ReviewFile
from feedback.reviews import moment, of_flags, stamp
from shared.home import Home

Stage = Literal["dataset", "run", "release"]
STAGES: tuple[Stage, ...] = ("dataset", "run", "release")


class Mark(Record):
    """One step of one flag."""

    stage: Stage
    name: str
    """Of the dataset version, run or release."""
    at: datetime


class Progress:
    """The steps of all flags of one home."""

    def __init__(self, home: Home) -> None:
        self._file = ReviewFile(home)

    def mark(self, flag_ids: Iterable[str], stage: Stage, name: str) -> None:
        """Note that these flags have come this far; saying it again changes nothing."""
        at = stamp(now())
        with self._file.writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO mark(flag_id,stage,name,at) VALUES(?,?,?,?)",
                [(flag_id, stage, name, at) for flag_id in flag_ids],
            )

    def marks(self, flag_ids: Collection[str] | None = None) -> dict[str, list[Mark]]:
        """Steps by flag id (all flags, or these few), oldest first."""
        found: dict[str, list[Mark]] = defaultdict(list)
        with self._file.reading() as db:
            for row in db.execute(
                f"SELECT * FROM mark WHERE {of_flags(flag_ids)} ORDER BY at, rowid",  # noqa: S608
                tuple(flag_ids or ()),
            ):
                mark = Mark(stage=row["stage"], name=row["name"], at=moment(row["at"]))
                found[row["flag_id"]].append(mark)
        return found

"""What would be lost with this machine's disk, in words.

Flags with consent are safe once they are pushed; everything else is here alone. On a disk that a
restart empties (a Hugging Face Space without storage) that has to be said, not found out.
"""

from pathlib import Path

from feedback.outbox import count_waiting, outbox_files
from feedback.records import Record
from feedback.writer import reading
from shared.home import Home
from shared.settings import Settings

_HERE_ALONE = """
SELECT count(*) FROM revision r WHERE r.consent=0 AND r.payload IS NOT NULL
  AND r.revision=(SELECT max(revision) FROM revision WHERE flag_id=r.flag_id)
"""


class AtRisk(Record):
    """What is on this machine alone."""

    passes: bool
    """The next restart empties this disk."""
    waiting: int
    """Flags with consent that are not pushed."""
    private: int
    """Flags without consent: they never leave this machine."""
    repo: str
    """Where flags with consent are pushed to; empty where nothing is pushed."""

    def as_text(self) -> str:
        """In one or two sentences."""
        where = f"to be pushed to {self.repo}" if self.repo else "where no dataset is named"
        said = (
            f"{self.waiting} flags with consent wait here {where};"
            f" {self.private} without consent stay here."
        )
        if not self.passes:
            return said
        mend = "" if self.repo else " Set INKLOOP_FLAGS_REPO to save those with consent."
        return (
            "This disk is emptied at every restart: reviews, releases and conversations go with it,"
            f" and so would these flags. {said}{mend} Storage for the Space keeps everything."
        )


def at_risk(settings: Settings, home: Home) -> AtRisk:
    """Count what is on this machine alone."""
    files = outbox_files(home.feedback)
    return AtRisk(
        passes=home.passes,
        waiting=sum(count_waiting(path) for path in files),
        private=sum(_count_private(path) for path in files),
        repo="" if settings.offline else settings.flags_repo,
    )


def _count_private(path: Path) -> int:
    with reading(path) as db:
        # Between the first byte of a new file and its tables there is a moment.
        made = db.execute("SELECT 1 FROM sqlite_master WHERE name='placed'").fetchone()
        return int(db.execute(_HERE_ALONE).fetchone()[0]) if made else 0

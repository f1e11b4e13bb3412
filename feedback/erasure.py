"""Erases flags from this machine, and keeps them from ever coming back.

A tombstone first, so that nothing that runs later can use the flag; then the rows in dataset
versions; then the outboxes and answers. An outbox that a running server holds is emptied by that
server within a minute (`FlagService.sweep`). Models keep what they have learned until the next
training, so the releases that used the flags are named.
"""

from collections.abc import Iterable, Sequence

from filelock import FileLock

from feedback.answers import AnswerStore
from feedback.dataset import versions
from feedback.outbox import Outbox, outbox_files
from feedback.progress import Progress
from feedback.records import Record
from feedback.reviews import Reviews
from shared.home import Home


class Erased(Record):
    """What an erasure reached."""

    flag_ids: tuple[str, ...]
    datasets: tuple[str, ...]
    """Dataset versions that lost rows."""
    runs: tuple[str, ...]
    """Runs that have learned from the flags."""
    releases: tuple[str, ...]
    """Releases that have learned from the flags, until the next training."""
    left_to_server: bool = False
    """A running server holds an outbox and empties it within a minute."""


def bury(home: Home, flag_ids: Iterable[str], *, by: str) -> Erased:
    """Set tombstones and take the flags out of every dataset version on disk."""
    ids = tuple(flag_ids)
    Reviews(home).bury(ids, by=by)
    reached: list[str] = []
    if home.datasets.is_dir():
        with FileLock(home.datasets / ".lock"):
            for version in versions(home):
                if set(ids) & set(version.flag_ids):
                    version.without(ids)
                    reached.append(version.name)
    marks = Progress(home).marks()
    learned = [mark for flag_id in ids for mark in marks.get(flag_id, ())]
    return Erased(
        flag_ids=ids,
        datasets=tuple(reached),
        runs=tuple(sorted({mark.name for mark in learned if mark.stage == "run"})),
        releases=tuple(sorted({mark.name for mark in learned if mark.stage == "release"})),
    )


def erase(home: Home, flag_ids: Sequence[str], *, by: str, keep_days: int) -> Erased:
    """Erase flags for a command; works with and without a running server."""
    done = bury(home, flag_ids, by=by)
    with Outbox.each_free(home.feedback) as boxes:
        answer_ids = [answer_id for box in boxes for answer_id in box.scrub(flag_ids)]
        held = len(boxes) < len(outbox_files(home.feedback))
    if answer_ids and home.history.is_file():
        store = AnswerStore(home.history, keep_days=keep_days)
        for answer_id in answer_ids:
            store.erase(answer_id)
        store.close()
    return done.model_copy(update={"left_to_server": held})

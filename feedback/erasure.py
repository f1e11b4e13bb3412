"""Erases flags from this machine, and keeps them from ever coming back.

A tombstone first, so that nothing that runs later can use the flag; then the answers; then the
outboxes, which alone know which answers those were; then the rows in dataset versions and in what
is published and, where any of it was pushed, in the datasets on the Hub. An outbox that a running
server holds is emptied by that server within a minute (`FlagService.sweep`). Models keep what they
have learned until the next training, so the releases that used the flags are named.
"""

from collections.abc import Callable, Sequence
from contextlib import closing

from feedback import curated, published, published_hub, sealing
from feedback.answers import AnswerStore
from feedback.dataset import strip_versions
from feedback.hub_erasure import HubErasures, erase_pending
from feedback.outbox import Outbox, answers_of, outbox_files
from feedback.progress import Progress
from feedback.pulled import scrub_pulled
from feedback.records import Record
from feedback.repos import Repos, each, erase_built
from feedback.reviews import Reviews
from shared.errors import HubError
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
    left_on_hub: tuple[str, ...] = ()
    """Datasets on the Hub that may still hold the flags."""
    hub_problem: str = ""
    """Why they do, as far as it is known."""


def erase(
    home: Home,
    flag_ids: Sequence[str],
    *,
    by: str,
    keep_days: int,
    repos: Repos,
) -> Erased:
    """Erase flags for a command; works with and without a running server.

    Args:
        home: Whose flags.
        flag_ids: Which.
        by: Who wants it, for the tombstone.
        keep_days: As in the settings; the store of answers keeps to it.
        repos: Datasets on the Hub that may be asked.
    """
    Reviews(home).bury(flag_ids, by=by)
    with Outbox.each_free(home.feedback) as boxes:
        _erase_answers(home, answers_of([box.path for box in boxes], flag_ids), keep_days)
        for box in boxes:
            box.scrub(flag_ids)
        held = len(boxes) < len(outbox_files(home.feedback))
    scrub_pulled(home, flag_ids)
    marks = Progress(home).marks()
    learned = [mark for flag_id in flag_ids for mark in marks.get(flag_id, ())]
    datasets = tuple(strip_versions(home, flag_ids))
    published.strip(home, flag_ids)
    left, problem = _on_hub(home, flag_ids, repos)
    return Erased(
        flag_ids=tuple(flag_ids),
        datasets=datasets,
        runs=tuple(sorted({mark.name for mark in learned if mark.stage == "run"})),
        releases=tuple(sorted({mark.name for mark in learned if mark.stage == "release"})),
        left_to_server=held,
        left_on_hub=left,
        hub_problem=problem,
    )


def _erase_answers(home: Home, answer_ids: Sequence[str], keep_days: int) -> None:
    """Before the outboxes are emptied: a command that is killed in between is simply run again."""
    if answer_ids and home.history.is_file():
        with closing(AnswerStore(home.history, keep_days=keep_days)) as answers:
            for answer_id in answer_ids:
                answers.erase(answer_id)


def _on_hub(home: Home, flag_ids: Sequence[str], repos: Repos) -> tuple[tuple[str, ...], str]:
    """Erase on the Hub; gives the datasets where that is still to be done, and why."""
    problem, raw = "", repos.raw
    tasks: list[Callable[[], object]] = [lambda: erase_built(home, repos)]
    if raw is not None:
        tasks.insert(0, lambda: erase_pending(home, raw))
    try:
        each(tasks)
    except HubError as error:
        problem = str(error)
    erasures = HubErasures(home)
    named = {repo for _, repo in sealing.places(outbox_files(home.feedback), flag_ids) if repo}
    named |= {raw.repo} if raw is not None else set()
    named |= curated.pushed_to(home).keys() | published_hub.pushed_to(home).keys()
    left = [repo for repo in sorted(named) if erasures.pending(repo) & set(flag_ids)]
    return tuple(left), problem

"""The tasks by name."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from shared.engine.types import Engine
from shared.errors import BadRequest
from training.evaluation import benchmarks, rows
from training.evaluation.formats import formats
from training.evaluation.score import Score
from training.evaluation.settings import Wanted
from training.humaneval.task import humaneval

Task = Callable[[Engine, Wanted], Awaitable[list[Score]]]

TASKS: dict[str, Task] = {
    "loss": rows.loss,
    "exact": rows.exact,
    "form": rows.form,
    "formats": formats,
    **{name: partial(benchmarks.benchmark, name) for name in benchmarks.NAMES},
    "humaneval": humaneval,
}
JUDGE = "judge"
"""Compares models by their answers, so it is no task for one of them; see `training.judge`."""


def check_tasks(names: Sequence[str]) -> list[str]:
    """The names themselves, each once.

    Raises:
        BadRequest: If there is no such task.
    """
    unknown = sorted(set(names) - TASKS.keys() - {JUDGE})
    if unknown or not names:
        missing = repr(unknown[0]) if unknown else "without a name"
        raise BadRequest(
            f"There is no task {missing}.", fix=f"Tasks: {', '.join([*TASKS, JUDGE])}."
        )
    return list(dict.fromkeys(names))

"""Measures model files: the door to `training.evaluation` for commands and other parts.

What is measured is the GGUF that ships, through the engine and the template that serve it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.errors import BadRequest
from shared.home import Home
from shared.settings import Settings
from training.evaluation.models import Subject, find_subject
from training.evaluation.own_rows import Rows, rows_for
from training.evaluation.run import Evaluation, Tell, measure
from training.evaluation.settings import Wanted
from training.evaluation.tasks import JUDGE, check_tasks
from training.judge.pairs import read_pairs
from training.judge.run import judge_models

NEED_ROWS = frozenset({"loss", "exact", "form"})
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is measured, and with what."""

    tasks: Sequence[str]
    """Names of `training.evaluation.tasks.TASKS`, or `judge`."""
    limit: int
    """Items per task, at most."""
    data: Path | None = None
    """JSONL with prompt and completion for the tasks about rows."""
    rows: str = ""
    """Without `data`: `test` or `validation` rows of a run, `guarded`, or what is there of them."""
    items: Path | None = None
    """Folder with the benchmarks' items; None takes them from the Hub."""
    judge: str = ""
    """A model's name, or the address of an OpenAI-compatible server."""
    pairs: Path | None = None
    """JSONL with pairs that people ranked, to compare the judge with people."""


def compare(models: Sequence[str], asked: Asked, tell: Tell = lambda _: None) -> Evaluation:
    """Measure releases, exported runs, `demo`, catalogue names or GGUF files on the same questions.

    Raises:
        BadRequest: If a task is unknown, or the judge has nothing to judge.
        NotFound: If no model has such a name.
    """
    names = check_tasks(asked.tasks)
    home = Home(Settings.load().home)
    subjects = [find_subject(model, home) for model in dict.fromkeys(models)]
    rows = Rows((), "")
    if {*NEED_ROWS, JUDGE} & set(names):
        rows = rows_for(subjects, data=asked.data, side=asked.rows, limit=asked.limit)
        tell(f"Rows: {rows.whose}.")
    wanted = Wanted(limit=asked.limit, rows=rows.rows, items=asked.items)
    judge = _judge(asked, home, subjects) if JUDGE in names else ""
    people = read_pairs(asked.pairs)[: asked.limit] if asked.pairs else []
    alone = [name for name in names if name != JUDGE]
    found = replace(measure(subjects, alone, wanted, tell), rows=rows.whose)
    if not judge:
        return found
    prompts = [row.prompt for row in rows.rows]
    return replace(found, judged=judge_models(subjects, prompts, people, judge, tell))


def _judge(asked: Asked, home: Home, subjects: Sequence[Subject]) -> str:
    """The judge's file or address."""
    if not asked.judge:
        raise BadRequest("The task judge needs a judge.", fix="Name a model or a URL with --judge.")
    if len(subjects) < 2 and asked.pairs is None:
        raise BadRequest(
            "A judge compares models, and there is one.",
            fix="Name another model, or pairs that people ranked with --pairs.",
        )
    if asked.judge.startswith(("http://", "https://")):
        return asked.judge
    return str(find_subject(asked.judge, home).path)


def evaluate(model: str, *, tasks: Sequence[str], limit: int, data: Path | None) -> Figures:
    """The row tasks on one model as plain numbers."""
    done = compare([model], Asked(tasks=tasks, limit=limit, data=data)).models[0]
    figures: Figures = {"model": done.subject.name, "rows": len(done.scores[0].values)}
    for score in done.scores:
        if score.task == "loss":
            figures["loss_per_token"] = round(score.interval.mean, 4)
        else:
            figures[score.metric.replace(" ", "_")] = int(sum(score.values))
    return figures

"""Measures several models on the same questions, one model in memory at a time."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.evaluation.models import Subject
from training.evaluation.score import Change, Score, change
from training.evaluation.settings import Wanted
from training.evaluation.tasks import TASKS
from training.judge.run import Judged
from training.serving import open_engine

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """One model and what was found about it."""

    subject: Subject
    scores: tuple[Score, ...]
    seconds: float

    def score(self, key: tuple[str, str]) -> Score:
        """The score of one metric."""
        return next(score for score in self.scores if score.key == key)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All models; the first is what the others are compared with."""

    models: tuple[Measured, ...]
    judged: Judged | None = None
    rows: str = ""
    """Which rows the tasks about rows and the judge asked; empty where none did."""

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Task and metric, in the order in which they were measured."""
        return [score.key for score in self.models[0].scores]

    def change(self, model: Measured, key: tuple[str, str]) -> Change | None:
        """Against the first model; None for that one itself."""
        first = self.models[0]
        return None if model is first else change(model.score(key), first.score(key))


def measure(
    subjects: Sequence[Subject], tasks: Sequence[str], wanted: Wanted, tell: Tell
) -> Evaluation:
    """Measure every model on every task.

    Raises:
        InkloopError: What a task raises; nothing is reported then.
    """
    return Evaluation(tuple(asyncio.run(_one(each, tasks, wanted, tell)) for each in subjects))


async def _one(subject: Subject, tasks: Sequence[str], wanted: Wanted, tell: Tell) -> Measured:
    began = time.monotonic()
    scores: list[Score] = []
    async with open_engine(subject.path, name=subject.name) as engine:
        for task in tasks:
            for score in await TASKS[task](engine, wanted):
                scores.append(score)
                tell(
                    f"{subject.name}: {score.task} {score.metric} {score.in_words()},"
                    f" {score.coverage}"
                )
    return Measured(subject, tuple(scores), time.monotonic() - began)

"""Tasks about rows of prompt and good answer: test rows of a run, or what the gate guards."""

from shared.engine.types import Engine
from training.evaluation.score import Score
from training.evaluation.settings import Wanted
from training.gate.form import keeps_form
from training.gate.measure import is_exact, likelihoods, writings


def _names(wanted: Wanted) -> tuple[str, ...]:
    return tuple(f"row:{at}" for at in range(len(wanted.rows)))


async def loss(engine: Engine, wanted: Wanted) -> list[Score]:
    """Of the good answers, per token, mean over rows; lower is better."""
    found = await likelihoods(engine, wanted.rows)
    return [
        Score(
            task="loss",
            metric="nats per token",
            values=tuple(-value for value in found),
            names=_names(wanted),
            of=0,
            higher_is_better=False,
            share=False,
        )
    ]


async def exact(engine: Engine, wanted: Wanted) -> list[Score]:
    """Short answers that come word for word."""
    written = await writings(engine, [row.prompt for row in wanted.rows])
    return [_share("exact", "word for word", wanted, list(map(is_exact, wanted.rows, written)))]


async def form(engine: Engine, wanted: Wanted) -> list[Score]:
    """Answers that look as the good ones do: ended, JSON or code where it belongs, no loop."""
    written = await writings(engine, [row.prompt for row in wanted.rows])
    return [_share("form", "keeps form", wanted, list(map(keeps_form, wanted.rows, written)))]


def _share(task: str, metric: str, wanted: Wanted, found: list[bool]) -> Score:
    values = tuple(map(float, found))
    return Score(task=task, metric=metric, values=values, names=_names(wanted), of=0)

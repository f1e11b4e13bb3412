"""Measures one model file on rows that training did not read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from shared.engine.types import Engine
from shared.errors import BadRequest, NotFound
from shared.home import Home
from shared.models.select import named
from shared.releases import ReleaseStore
from shared.settings import Settings
from training.data import Row, read_jsonl
from training.gate.form import keeps_form
from training.gate.measure import is_exact, likelihoods, writings
from training.replay import DEMO, guarded_rows
from training.serving import open_engine

SEED = 7
Figures = dict[str, Any]


def evaluate(model: str, *, tasks: Sequence[str], limit: int, data: Path | None) -> Figures:
    """Run the tasks on a release, `demo`, a catalogue name or a GGUF file.

    Raises:
        BadRequest: If a task or the kind of model is unknown.
        NotFound: If no model has that name.
    """
    unknown = sorted(set(tasks) - TASKS.keys())
    if unknown:
        raise BadRequest(
            f"There is no task {unknown[0]!r}.", fix=f"Tasks: {', '.join(sorted(TASKS))}."
        )
    path, name = _file_of(model, Home(Settings.load().home))
    if data is None:
        rows = guarded_rows(DEMO, seed=SEED, count=limit, trained=())
    else:
        rows = read_jsonl(data)[:limit]
    return {"model": name, "rows": len(rows), **asyncio.run(_run(path, name, tasks, rows))}


def _file_of(model: str, home: Home) -> tuple[Path, str]:
    store = ReleaseStore(home.releases)
    if any(release.name == model for release in store.list()):
        release = store.get(model)
        release.verify()
        return release.gguf, release.name
    choice = named(model, home)
    if choice.path is None:
        raise NotFound(f"{model} is not a file on this machine.", fix="Name a GGUF file.")
    return choice.path, choice.release


async def _run(path: Path, name: str, tasks: Sequence[str], rows: Sequence[Row]) -> Figures:
    figures: Figures = {}
    async with open_engine(path, name=name) as engine:
        for task in tasks:
            figures |= await TASKS[task](engine, rows)
    return figures


async def _loss(engine: Engine, rows: Sequence[Row]) -> Figures:
    found = await likelihoods(engine, rows)
    return {"loss_per_token": round(-sum(found) / max(1, len(found)), 4)}


async def _exact(engine: Engine, rows: Sequence[Row]) -> Figures:
    pairs = zip(rows, await writings(engine, [row.prompt for row in rows]), strict=True)
    return {"word_for_word": sum(is_exact(row, text) for row, text in pairs)}


async def _form(engine: Engine, rows: Sequence[Row]) -> Figures:
    pairs = zip(rows, await writings(engine, [row.prompt for row in rows]), strict=True)
    return {"keeps_form": sum(keeps_form(row, text) for row, text in pairs)}


TASKS: dict[str, Callable[[Engine, Sequence[Row]], Awaitable[Figures]]] = {
    "loss": _loss,
    "exact": _exact,
    "form": _form,
}

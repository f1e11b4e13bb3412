"""lm-eval's tasks on our engine, with items from local files or from the Hub.

Prompts, choices and metrics are lm-eval's own; only where the items come from can be ours. The four
of the reports are hellaswag, arc_challenge, mmlu_stem and truthfulqa_mc2.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from shared.engine.ask import require
from shared.engine.types import Engine
from shared.errors import AbilityMissing, HubError
from training.evaluation import items
from training.evaluation.score import Score
from training.evaluation.settings import Wanted

METRICS = {"hellaswag": "acc_norm", "arc_challenge": "acc_norm"}
"""What is shown of a task; `acc` where it is not named."""
SUBJECTS = (
    "abstract_algebra", "anatomy", "astronomy", "college_biology", "college_chemistry",
    "college_computer_science", "college_mathematics", "college_physics", "computer_security",
    "conceptual_physics", "electrical_engineering", "elementary_mathematics",
    "high_school_biology", "high_school_chemistry", "high_school_computer_science",
    "high_school_mathematics", "high_school_physics", "high_school_statistics",
    "machine_learning",
)  # fmt: skip
"""Of mmlu_stem."""
NAMES = tuple(items.WHOLE)
Config = dict[str, Any]


async def benchmark(name: str, engine: Engine, wanted: Wanted) -> list[Score]:
    """Run one of `NAMES`.

    Raises:
        AbilityMissing: If lm-eval is not installed or the engine cannot score.
        NotFound: If the folder lacks the items.
        HubError: If they cannot be fetched.
    """
    require(engine, "score", what_for=name)
    samples, shortened = await asyncio.to_thread(
        _samples, name, engine, wanted, asyncio.get_running_loop()
    )
    metric = METRICS.get(name, "acc")
    found = sorted(samples, key=lambda sample: sample[0])
    note = "lm-eval, no examples in the prompt"
    if shortened:
        note += f"; {shortened} prompts were cut to the model's window"
    return [
        Score(
            task=name,
            metric=metric,
            values=tuple(float(values[metric]) for _, values in found),
            names=tuple(item for item, _ in found),
            of=items.WHOLE[name],
            note=note,
        )
    ]


def _samples(
    name: str, engine: Engine, wanted: Wanted, loop: asyncio.AbstractEventLoop
) -> tuple[list[tuple[str, Config]], int]:
    """Each item's name and metrics; runs in a thread beside the engine's loop."""
    try:
        from lm_eval import simple_evaluate
        from lm_eval.tasks import TaskManager

        from training.evaluation.lm import EngineLM
    except ImportError as error:
        raise AbilityMissing(
            f"{name} needs lm-eval ({error}).", fix='Run: pip install "inkloop[eval]"'
        ) from error
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    model = EngineLM(engine, loop)
    tasks, limit = task_configs(name, wanted.items, wanted.limit)
    try:
        done = simple_evaluate(
            model=model,
            tasks=tasks,
            task_manager=TaskManager(),
            limit=limit,
            bootstrap_iters=0,
            log_samples=True,
        )
    except (ConnectionError, FileNotFoundError) as error:
        raise HubError(
            f"The items of {name} could not be fetched: {error}.",
            fix="Name a folder that holds them with --items.",
        ) from error
    assert done is not None
    rows = [
        (f"{task}:{sample['doc_id']}", sample)
        for task, kept in done["samples"].items()
        for sample in kept
    ]
    return rows, model.shortened


def task_configs(name: str, folder: Path | None, limit: int) -> tuple[list[Any], int]:
    """What lm-eval is asked to run, and how many items of each part.

    mmlu_stem has a part per subject; the limit is spread over them, so that a small one is not all
    algebra.
    """
    if name == "mmlu_stem":
        each = max(1, limit // len(SUBJECTS))
        names = [f"mmlu_{subject}" for subject in SUBJECTS]
        if folder is None:
            return list(names), each
        loaders = [partial(items.mmlu, folder, subject) for subject in SUBJECTS]
        return [_local(*pair) for pair in zip(names, loaders, strict=True)], each
    if folder is None:
        return [name], limit
    return [_local(name, partial(_one_split, name, folder))], limit


def _one_split(name: str, folder: Path) -> dict[str, list[items.Doc]]:
    if name == "hellaswag":
        return {"validation": items.hellaswag(folder)}
    if name == "truthfulqa_mc2":
        return {"validation": items.truthfulqa(folder)}
    return {"test": items.arc_challenge(folder)}


def _local(name: str, load: Callable[[], dict[str, list[items.Doc]]]) -> Config:
    """lm-eval's own task with our items; splits that we do not have are taken away."""

    def dataset(**_: object) -> dict[str, Any]:
        from datasets import Dataset

        return {split: Dataset.from_list(rows) for split, rows in load().items()}

    config: Config = {"task": name, "custom_dataset": dataset, "training_split": None}
    if name == "hellaswag":
        config["process_docs"] = None  # done already
    if name == "arc_challenge":
        config["validation_split"] = None
    return config

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
Load = Callable[[Path], dict[str, list[items.Doc]]]


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
        from lm_eval import evaluator, simple_evaluate
        from lm_eval.tasks import TaskManager

        from training.evaluation.lm import EngineLM
    except ImportError as error:
        raise AbilityMissing(
            f"{name} needs lm-eval ({error}).", fix='Run: pip install "inkloop[eval]"'
        ) from error
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    # Else it asks git, aloud, about whatever folder the command was called in.
    setattr(evaluator, "get_git_commit_hash", str)  # noqa: B010 - not part of its typed interface
    model = EngineLM(engine, loop)
    tasks, limit = benchmark_tasks(name, wanted.items, wanted.limit)
    done = simple_evaluate(
        model=model,
        tasks=tasks,
        # Looking through all of its thousands of tasks takes longer than a small benchmark.
        task_manager=TaskManager(include_defaults=False),
        limit=limit,
        bootstrap_iters=0,
        log_samples=True,
    )
    assert done is not None
    rows = [
        (f"{task}:{sample['doc_id']:05}", sample)
        for task, kept in done["samples"].items()
        for sample in kept
    ]
    return rows, model.shortened


def benchmark_tasks(name: str, folder: Path | None, limit: int) -> tuple[list[Any], int]:
    """lm-eval's task objects, and how many items of each.

    mmlu_stem has a part per subject; the limit is spread over them, so that a small one is not all
    algebra.

    Raises:
        NotFound: If the folder lacks the items.
        HubError: If they cannot be fetched.
    """
    if name == "mmlu_stem":
        parts = [(f"mmlu/default/mmlu_{s}.yaml", partial(items.mmlu, s)) for s in SUBJECTS]
        return [_task(*part, folder) for part in parts], max(1, limit // len(SUBJECTS))
    file, load = _FILES[name]
    return [_task(file, load, folder)], limit


_FILES: dict[str, tuple[str, Load]] = {
    "hellaswag": (
        "hellaswag/hellaswag.yaml",
        lambda folder: {"validation": items.hellaswag(folder)},
    ),
    "arc_challenge": (
        "arc/arc_challenge.yaml",
        lambda folder: {"test": items.arc_challenge(folder)},
    ),
    "truthfulqa_mc2": (
        "truthfulqa/truthfulqa_mc2.yaml",
        lambda folder: {"validation": items.truthfulqa(folder)},
    ),
}
"""lm-eval's own file of a task, and the splits that our items make."""


def _task(file: str, load: Load, folder: Path | None) -> Any:  # noqa: ANN401 - lm-eval's own
    """lm-eval's own task, with its items or with ours; splits that we lack are taken away."""
    import lm_eval.tasks
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    place = Path(lm_eval.tasks.__file__).parent / file
    config = dict(load_yaml(place, resolve_func=True))
    for key in ("tag", "group"):
        config.pop(key, None)
    if folder is not None:
        ours = load(folder)
        config |= {"custom_dataset": lambda **_: _datasets(ours), "training_split": None}
        config |= {} if "validation" in ours else {"validation_split": None}
        if file.startswith("hellaswag"):
            config["process_docs"] = None  # done already
    try:
        return ConfigurableTask(config=config)
    except (ConnectionError, FileNotFoundError) as error:
        raise HubError(
            f"The items of {config['task']} could not be fetched: {error}.",
            fix="Name a folder that holds them with --items.",
        ) from error


def _datasets(splits: dict[str, list[items.Doc]]) -> dict[str, Any]:
    from datasets import Dataset

    return {name: Dataset.from_list(rows) for name, rows in splits.items()}

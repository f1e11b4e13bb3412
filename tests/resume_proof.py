"""Kill a run (-9) at random moments, go on each time, and compare with a run that was left alone.

    python tests/resume_proof.py --kills 10

Each life is a process of its own, forked from this one so that the libraries are loaded once. The
largest difference of any logged figure is printed; it has to be 0.
"""

import argparse
import json
import multiprocessing
import random
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import click
import torch

from training.folder import RunFolder, read_log
from training.recipe import Recipe, parse
from training.run_call import Call, job_for, run_recipe
from training.run_small import stand_ins, write_model

COMPARED = ("loss", "grad_norm", "learning_rate", "eval_loss", "tokens")
LONGEST_WAIT = 300


def recipe_for(folder: Path, *, steps: int) -> Recipe:
    """A run with much to get wrong: dropout, accumulation, validation, the best kept."""
    torch.set_num_threads(1)  # before any computing: a child forked beside idle threads would hang
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in stand_ins("messages")[:60]))
    return parse(
        {
            "name": "killed",
            "base": str(write_model(folder / "model")),
            "seed": 5,
            "threads": 1,
            "lora": {"rank": 4, "alpha": 8, "dropout": 0.1},
            "data": {
                "sources": [{"path": str(rows)}],
                "splits": {"validation": 0.1},
                "max_tokens": 256,
            },
            "sft": {
                "steps": steps,
                "batch_rows": 4,
                "micro_batch_rows": 2,
                "learning_rate": 5e-3,
                "warmup_steps": 2,
            },
            "watch": {"eval_steps": 2, "keep_best": True, "patience": 50},
            "save_steps": 2,
        }
    )


def _life(recipe: Recipe, runs: Path) -> None:
    run_recipe(recipe, Call(runs=runs, tell=lambda _line: None))


def live(recipe: Recipe, runs: Path, *, until: Callable[[RunFolder], bool] | None) -> int:
    """Train in a child process, which is killed when `until` holds; returns its exit code."""
    folder = job_for(recipe, Call(runs=runs, tell=lambda _line: None)).folder(runs)
    before = folder.log.stat().st_mtime_ns if folder.log.is_file() else 0
    child = multiprocessing.get_context("fork").Process(target=_life, args=(recipe, runs))
    child.start()
    pause = threading.Event()
    while child.is_alive():
        # The log of the life before says nothing about this one.
        begun = folder.log.is_file() and folder.log.stat().st_mtime_ns != before
        if until is not None and begun and until(folder):
            assert child.pid is not None
            child.kill()
        pause.wait(0.01)
    child.join(LONGEST_WAIT)
    assert child.exitcode is not None
    return child.exitcode


def curve(folder: RunFolder) -> list[tuple[object, ...]]:
    """Every logged figure that does not depend on the clock."""
    return [
        (row["part"], row["step"], *(row.get(key) for key in COMPARED))
        for row in read_log(folder.log)
    ]


def largest_difference(one: list[tuple[object, ...]], other: list[tuple[object, ...]]) -> float:
    """Of all figures of two curves that log the same steps; told per figure."""
    assert [row[:2] for row in one] == [row[:2] for row in other], "other steps were logged"
    found = []
    for place, key in enumerate(COMPARED, 2):
        pairs = [(row[place], twin[place]) for row, twin in zip(one, other, strict=True)]
        assert all((a is None) == (b is None) for a, b in pairs)
        gaps = [abs(float(str(a)) - float(str(b))) for a, b in pairs if a is not None]
        click.echo(f"{key}: {len(gaps)} figures, largest difference {max(gaps)}")
        found.append(max(gaps))
    return max(found)


def prove(folder: Path, *, kills: int, steps: int, seed: int) -> float:
    """Kill a run so often, and return the largest difference to one that was left alone."""
    recipe = recipe_for(folder, steps=steps)
    assert live(recipe, folder / "alone", until=None) == 0
    draw = random.Random(seed)
    # A moment is a step to have been logged, and then some time: inside of steps, evaluations and
    # half-written checkpoints alike.
    moments = sorted(draw.randrange(1, steps - 1) for _ in range(kills))
    for number, moment in enumerate(moments, 1):
        delay = draw.uniform(0, 0.3)

        def reached(run: RunFolder, step: int = moment, wait: float = delay) -> bool:
            if not any(row["step"] >= step for row in read_log(run.log)):
                return False
            threading.Event().wait(wait)
            return True

        code = live(recipe, folder / "killed", until=reached)
        click.echo(f"kill {number} of {kills}: after step {moment} and {delay:.2f} s, exit {code}")
        assert code in (0, -signal.SIGKILL)
    assert live(recipe, folder / "killed", until=None) == 0
    call = Call(runs=folder / "alone", tell=lambda _line: None)
    name = job_for(recipe, call).folder(folder / "alone").root.name
    alone, killed = RunFolder(folder / "alone" / name), RunFolder(folder / "killed" / name)
    one, other = (run.read_metrics() for run in (alone, killed))
    assert one is not None
    assert other is not None
    assert one["sft"]["validation_loss"] == other["sft"]["validation_loss"]
    return largest_difference(curve(alone), curve(killed))


def main() -> None:
    """Print the proof."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = prove(Path(folder), kills=options.kills, steps=options.steps, seed=options.seed)
    click.echo(f"maximum difference: {found}")


if __name__ == "__main__":
    main()

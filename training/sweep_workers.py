"""Starts the workers of a sweep as processes of this machine, and passes on what they say."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from training.trainer import Tell

WORKER = "from shared.cli import main; main()"


def run_workers(recipe: Path, options: Sequence[str], count: int, tell: Tell) -> list[int]:
    """Run workers until they end; returns their exit codes.

    One that is killed is not started again: the others take over its trial.
    """
    started = [_start(recipe, options, number, count) for number in range(count)]
    readers = [
        threading.Thread(target=_pass_on, args=(process, number, tell))
        for number, process in enumerate(started, 1)
    ]
    for reader in readers:
        reader.start()
    try:
        for reader in readers:
            reader.join()
        return [process.wait() for process in started]
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()


def _start(recipe: Path, options: Sequence[str], number: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, "sweep", str(recipe), "--worker", *options]
    return subprocess.Popen(  # noqa: S603 - our own command
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | _card(number, count),
    )


def _card(number: int, count: int) -> dict[str, str]:
    """Several cards are shared out among the workers."""
    cards = [card for card in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if card]
    if len(cards) < 2 or count < 2:
        return {}
    return {"CUDA_VISIBLE_DEVICES": cards[number % len(cards)]}


def _pass_on(process: subprocess.Popen[str], number: int, tell: Tell) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        tell(f"worker {number}: {line.rstrip()}")

"""Looks at a run while it goes on: writes it down, tells the person, and ends it when it must.

Everything is decided from log.jsonl, which a resumed run first cuts back to its checkpoint. So
patience and divergence go on after a kill as if nothing had happened.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.errors import TrainingError
from training.folder import RunFolder, RunLog
from training.recipe_parts import Watch
from training.run_device import Device, is_first, peak_memory_bytes

KEPT = ("loss", "grad_norm", "learning_rate", "eval_loss")
SMOOTHED = 5
RISE = 1.0
"""In nats per token; near zero a multiple of the lowest loss is still noise."""
WORTH_TELLING = 20
"""Seconds; what takes less needs no forecast."""
Report = Callable[[int, float], bool]
"""Step and validation loss to whether the run is to end: how a sweep prunes."""


class Diverged(TrainingError):
    """The loss is no number any more, or rose far above its lowest."""


@dataclass(slots=True)
class Watcher:
    """What the callback of one part knows."""

    part: str
    folder: RunFolder
    log: RunLog
    watch: Watch
    device: Device
    tell: Callable[[str], None]
    report: Report | None = None
    begun: float = field(default_factory=time.monotonic)
    from_step: int = 0
    before: float = 0.0
    """Seconds that were trained before this process."""
    tokens_before: float = 0.0
    """Tokens that were read before this process; the trainer counts its own only."""

    def begin(self, step: int) -> None:
        """Training begins, or goes on after a step."""
        self.begun, self.from_step, self.before = time.monotonic(), step, self.log.seconds
        self.tokens_before = max((row.get("tokens", 0.0) for row in self.log.rows()), default=0.0)

    def heard(self, step: int, most: int, logs: dict[str, Any]) -> bool:
        """Write one measurement down; returns whether the run is to end.

        Raises:
            Diverged: If the run learns nothing any more.
        """
        kept = {key: float(logs[key]) for key in KEPT if key in logs}
        if ("loss" not in kept and "eval_loss" not in kept) or self._known(step, kept):
            return False
        if "num_tokens" in logs:
            kept["tokens"] = self.tokens_before + float(logs["num_tokens"])
        kept["memory_bytes"] = peak_memory_bytes(self.device)
        here = time.monotonic() - self.begun
        self.log.write(step, kept, seconds=self.before + here)
        self._tell(step, most, kept, here)
        if "loss" in kept:
            self.check(step, kept.get("learning_rate", 0.0))
            return False
        if not math.isfinite(kept["eval_loss"]):
            raise Diverged(f"{self.part}: the validation loss is no number any more.")
        pruned = self.report is not None and self.report(step, kept["eval_loss"])
        return pruned or self.out_of_patience()

    def _known(self, step: int, kept: dict[str, float]) -> bool:
        """Whether this is the validation at the end, right after that of the last step."""
        rows = [row for row in self.log.rows() if "eval_loss" in row]
        return "eval_loss" in kept and bool(rows) and rows[-1]["step"] == step

    def _tell(self, step: int, most: int, kept: dict[str, float], seconds: float) -> None:
        if not is_first():
            return
        left = (most - step) * seconds / max(1, step - self.from_step)
        name = "loss" if "loss" in kept else "validation loss"
        value = kept.get("loss", kept.get("eval_loss", 0.0))
        ending = f", {_span(left)} left" if left > WORTH_TELLING else ""
        self.tell(f"{self.part}: step {step} of {most}, {name} {value:.3f}{ending}")

    def losses(self) -> list[float]:
        """Training losses so far, oldest first."""
        return [row["loss"] for row in self.log.rows() if "loss" in row]

    def evaluations(self) -> list[float]:
        """Validation losses so far, oldest first."""
        return [row["eval_loss"] for row in self.log.rows() if "eval_loss" in row]

    def out_of_patience(self) -> bool:
        """Whether the validation loss has not become better for too long."""
        found = self.evaluations()
        if not self.watch.patience or not found:
            return False
        return len(found) - 1 - found.index(min(found)) >= self.watch.patience

    def check(self, step: int, rate: float) -> None:
        """End a run that learns nothing any more.

        Raises:
            Diverged: Naming the step and what to change.
        """
        why = diverges(self.losses(), factor=self.watch.divergence)
        if why:
            raise Diverged(
                f"{self.part}: {why} at step {step}, with a learning rate of {rate:.2g}.",
                fix="Lower the learning rate, or warm up for longer.",
            )


def diverges(losses: list[float], *, factor: float) -> str:
    """What is wrong with a curve of losses; empty if nothing is."""
    if losses and not math.isfinite(losses[-1]):
        return "the loss is no number any more"
    means = [sum(five) / SMOOTHED for five in _windows(losses)]
    if len(means) <= SMOOTHED:
        return ""
    lowest = min(*means, losses[0])
    risen = means[-1] > factor * lowest and means[-1] > losses[0] and means[-1] - lowest > RISE
    return f"the loss rose to {means[-1]:.3g} from {lowest:.3g}" if risen else ""


def _windows(losses: list[float]) -> list[list[float]]:
    return [losses[at : at + SMOOTHED] for at in range(len(losses) - SMOOTHED + 1)]


def callback(watcher: Watcher) -> Any:  # noqa: ANN401 - transformers is imported lazily
    """The watcher as transformers calls it."""
    from transformers import TrainerCallback

    class Watching(TrainerCallback):
        """Passes on what the trainer logs."""

        def on_train_begin(self, args, state, control, **rest) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN003
            del args, control, rest
            watcher.begin(state.global_step)

        def on_log(self, args, state, control, logs=None, **rest) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN003
            del args, rest
            if watcher.heard(state.global_step, state.max_steps, logs or {}):
                control.should_training_stop = True

    return Watching()


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

"""The folder of one run, which anyone can read, and what in it is whole.

A checkpoint is written file by file, so a killed run leaves half of one behind. Which one is whole
is decided by looking into its files, not by its number.
"""

import json
import os
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from shared.durable import replace_text

_ARCHIVES = ("optimizer.pt", "scheduler.pt", "rng_state.pth")
_STATE = "trainer_state.json"
_WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where the parts of one run lie."""

    root: Path

    @property
    def recipe(self) -> Path:
        """The recipe with every value written out."""
        return self.root / "recipe.yaml"

    @property
    def log(self) -> Path:
        """One JSON object per logged step."""
        return self.root / "log.jsonl"

    @property
    def metrics(self) -> Path:
        """The last file that a run writes: with it, the run is complete."""
        return self.root / "metrics.json"

    @property
    def plot(self) -> Path:
        """The loss, drawn."""
        return self.root / "plots" / "loss.svg"

    @property
    def adapter(self) -> Path:
        """The trained LoRA."""
        return self.root / "adapter"

    @property
    def export(self) -> Path:
        """The GGUF files made from the adapter, with their checks."""
        return self.root / "export"

    def checkpoints(self, part: str) -> Path:
        """Checkpoints of one part of the run (`sft`, `dpo`)."""
        return self.root / "checkpoints" / part

    def read_metrics(self) -> dict[str, Any] | None:
        """The metrics of a complete run; None if it is not complete."""
        if not self.metrics.is_file():
            return None
        return dict(json.loads(self.metrics.read_text(encoding="utf-8")))

    def write_metrics(self, values: dict[str, Any]) -> None:
        """Write the metrics, and thereby end the run."""
        replace_text(self.metrics, json.dumps(values, indent=2) + "\n")


class RunLog:
    """Appends to log.jsonl; a resumed part first loses the lines after its checkpoint."""

    def __init__(self, path: Path, part: str, *, after_step: int) -> None:
        self._path = path
        self._part = part
        self._began = time.monotonic()
        kept = [line for line in self._lines() if self._stays(json.loads(line), after_step)]
        replace_text(path, "".join(line + "\n" for line in kept))

    def write(self, step: int, values: dict[str, Any]) -> None:
        """Add one line."""
        seconds = round(time.monotonic() - self._began, 2)
        row = {"part": self._part, "step": step, "seconds": seconds, **values}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _lines(self) -> list[str]:
        """Whole lines; a killed run may leave half a one."""
        if not self._path.is_file():
            return []
        text = self._path.read_text(encoding="utf-8")
        return text[: text.rfind("\n") + 1].splitlines()

    def _stays(self, row: dict[str, Any], after_step: int) -> bool:
        return row["part"] != self._part or int(row["step"]) <= after_step


def newest_whole_checkpoint(folder: Path) -> Path | None:
    """The checkpoint with the highest step whose files are all there and readable."""
    found = [path for path in folder.glob("checkpoint-*") if path.name[11:].isdigit()]
    ordered = sorted(found, key=step_of, reverse=True)
    return next((path for path in ordered if _is_whole(path)), None)


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    return int(checkpoint.name.removeprefix("checkpoint-"))


def _is_whole(checkpoint: Path) -> bool:
    """Cut files are noticed: an archive has its index at the end, safetensors know their length."""
    try:
        json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
        with safe_open(os.fspath(checkpoint / _WEIGHTS), "np") as weights:
            weights.keys()
    except (OSError, ValueError, SafetensorError):
        return False
    return all(zipfile.is_zipfile(checkpoint / name) for name in _ARCHIVES)

"""The folder of one run, which anyone can read, and what in it is whole.

A checkpoint is written file by file, so a killed run leaves half of one behind. Which one is whole
is decided by looking into its files, not by its number.
"""

import json
import os
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
    def stopped(self) -> Path:
        """Why a run ended for good without a model, if it did (`diverged`)."""
        return self.root / "stopped.json"

    @property
    def machine(self) -> Path:
        """What the run began on: a resumed one computes with as many threads."""
        return self.root / "machine.json"

    @property
    def plots(self) -> Path:
        """Losses, learning rate and speed, drawn."""
        return self.root / "plots"

    @property
    def report(self) -> Path:
        """The run on one page; the same as Markdown lies beside it."""
        return self.root / "report.html"

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
        kept = [row for row in read_log(path) if self._stays(row, after_step)]
        self._rows = [row for row in kept if row["part"] == part]
        replace_text(path, "".join(json.dumps(row) + "\n" for row in kept))

    @property
    def seconds(self) -> float:
        """How long this part had been trained when its last line was written."""
        return float(self._rows[-1]["seconds"]) if self._rows else 0.0

    def rows(self) -> list[dict[str, Any]]:
        """The lines of this part so far."""
        return self._rows

    def write(self, step: int, values: dict[str, Any], *, seconds: float) -> None:
        """Add one line; in a process that is not the first, only to what is remembered."""
        row = {"part": self._part, "step": step, "seconds": round(seconds, 2), **values}
        self._rows.append(row)
        if os.environ.get("RANK", "0") != "0":
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _stays(self, row: dict[str, Any], after_step: int) -> bool:
        return row["part"] != self._part or int(row["step"]) <= after_step


def read_log(path: Path) -> list[dict[str, Any]]:
    """Whole lines of a log; a killed run may leave half a one."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


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

"""A trained run becomes the files that ship: the merged GGUF and, where possible, the adapter.

The work is done in a process of its own (`training.export.worker`); here it is ordered, followed,
and its result read.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import TrainingError
from training.data import Row
from training.export.kinds import check_kind
from training.export.make import REPORT, Tell
from training.export.order import Order
from training.export.probes import PROBES
from training.folder import RunFolder
from training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Exported:
    """The files of one export."""

    gguf: Path
    gguf_sha256: str
    adapter: Path | None
    report: dict[str, Any]


def read_export(folder: Path) -> Exported | None:
    """What an earlier export left; None if it was not finished."""
    if not (folder / REPORT).is_file():
        return None
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    adapter = folder / report["adapter"] if report["adapter"] else None
    return Exported(folder / report["gguf"], report["gguf_sha256"], adapter, report)


def export(
    run: RunFolder,
    base: Path,
    recipe: Recipe,
    probes: Sequence[Row],
    tell: Tell,
    *,
    kind: str = "",
) -> Exported:
    """Make and check the files of a complete run, or find those made before.

    Args:
        run: A run whose adapter (or whole model) is there.
        base: Folder of the model that it was trained on.
        recipe: Says the name, and the file type unless `kind` does.
        probes: Conversations on which the file must say what the model says; without any, the
            shipped ones.
        tell: Told about the checks.
        kind: Another file type than the recipe's; it gets a folder of its own.

    Raises:
        TrainingError: If a check fails; nothing is left then.
        BadRequest: If there is no such kind.
    """
    wanted = check_kind(kind or recipe.export.kind)
    target = run.export if wanted == recipe.export.kind else run.root / f"export-{wanted}"
    whole = run.root / "model"
    order = Order(
        base=whole if whole.is_dir() else base,
        adapter=None if whole.is_dir() else run.adapter,
        target=target,
        name=recipe.release_name,
        kind=wanted,
        probes=tuple(probes) or PROBES,
        lineage=_lineage(run, recipe),
    )
    return carry_out(order, tell)


def carry_out(order: Order, tell: Tell) -> Exported:
    """Make one export in a process of its own, or find it made.

    Raises:
        TrainingError: With what that process said, or how it died.
    """
    done = read_export(order.target)
    if done is not None:
        return done
    # Numbers are compared on the processor, in full precision, whatever card trained them.
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "training.export.worker"]
    with subprocess.Popen(  # noqa: S603 - our own module, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=_ROOT,
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stderr is not None
        worker.stdin.write(order.as_json())
        worker.stdin.close()
        refused = _follow(worker.stdout, tell)
        complaint = worker.stderr.read().strip().splitlines()[-1:]
    if refused:
        raise TrainingError(refused["error"], fix=refused["fix"])
    done = read_export(order.target)
    if worker.returncode or done is None:
        why = complaint[0] if complaint else f"code {worker.returncode}"
        raise TrainingError(f"The export of {order.name} did not end well: {why}")
    return done


_ROOT = Path(__file__).resolve().parents[2]


def _follow(lines: Iterable[str], tell: Tell) -> dict[str, str]:
    """Pass progress on; returns the refusal, if there was one."""
    for line in lines:
        said: dict[str, str] = json.loads(line)
        if "error" in said:
            return said
        tell(said["tell"])
    return {}


def _lineage(run: RunFolder, recipe: Recipe) -> dict[str, str]:
    metrics = run.read_metrics() or {}
    return {
        "base": str(metrics.get("base", recipe.base)),
        "licence": recipe.licence,
        "recipe": f"{recipe.name} (sha256 {recipe.sha256()[:12]})",
        "dataset": str(metrics.get("dataset", "")),
        "run": run.root.name,
    }

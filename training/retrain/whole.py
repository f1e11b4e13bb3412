"""Whether what an earlier call has finished is still what it was, said in one sentence if not.

A run and its export are found again by name, so somebody may have touched them since: a file that
is missing or changed must neither end in a traceback nor slip into a release unmeasured.
"""

import json
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open

from shared.durable import sha256_of
from shared.errors import TrainingError
from training.export.build import Exported, read_export
from training.folder import RunFolder

WEIGHTS = "adapter_model.safetensors"


def check_run(run: RunFolder) -> None:
    """Refuse a complete run of which something is missing; one that is not complete goes on.

    Raises:
        TrainingError: Naming the file.
    """
    if not run.metrics.is_file():
        return
    _check_json(run.metrics, run.root)
    weights = run.adapter / WEIGHTS
    if (run.root / "model").is_dir():
        return
    try:
        with safe_open(os.fspath(weights), "np") as file:
            file.keys()
    except (OSError, SafetensorError) as error:
        raise _damaged(weights, run.root) from error


def check_export(run: RunFolder) -> None:
    """Refuse an export whose files are not those that were checked when it was made.

    Raises:
        TrainingError: Naming the file.
    """
    try:
        exported = read_export(run.export)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(run.export, run.export) from error
    if exported is not None:
        _check_files(exported, run.export)


def _check_files(exported: Exported, folder: Path) -> None:
    files = [exported.gguf, *([exported.adapter] if exported.adapter else [])]
    for path in files:
        if not path.is_file():
            raise _damaged(path, folder)
    if sha256_of(exported.gguf) != exported.gguf_sha256:
        raise _damaged(exported.gguf, folder)


def _check_json(path: Path, folder: Path) -> None:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(path, folder) from error


def _damaged(path: Path, folder: Path) -> TrainingError:
    return TrainingError(
        f"{path} is missing or not what it was.",
        fix=f"Delete {folder} and call inkloop retrain again.",
    )

"""Room on the disk of a run: asked for before, and explained when it is used up."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.errors import TrainingError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_IN_WORDS = ("no space left", "file too large", "quota exceeded", "failed writing file")
_BYTES_PER_WEIGHT = 4
_COPIES = 4
"""A trained weight, the optimiser's two moments, and what the rest takes."""


def check_room(folder: Path, model: Any, *, checkpoints: int) -> None:  # noqa: ANN401
    """Refuse to begin what the disk cannot hold.

    Raises:
        TrainingError: With what is needed and what is free.
    """
    trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
    # One more than are kept: the oldest is removed after the newest is written.
    needed = trained * _BYTES_PER_WEIGHT * _COPIES * (checkpoints + 1)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TrainingError(
            f"The run needs about {needed / 1e9:.1f} GB in {folder}, where {free / 1e9:.1f} GB are"
            " free.",
            fix="Make room, lower watch.keep_checkpoints, or name another --runs-dir.",
        )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what a full disk raises, wherever it is noticed, into one sentence.

    Raises:
        TrainingError: In its place; the run goes on from its newest whole checkpoint.
    """
    try:
        yield
    except Exception as error:  # tokenizers raises nothing more special
        if not _means_full(error):
            raise
        raise TrainingError(
            f"{folder} cannot be written any more ({error}).",
            fix="Make room and call the same command again: it goes on from the last checkpoint.",
        ) from error


def _means_full(error: BaseException) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return number in _FULL or any(words in str(error).casefold() for words in _IN_WORDS)

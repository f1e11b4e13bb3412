"""Writing files so that a crash leaves either the old or the new one, never half of one.

A file is written beside its target, synced and renamed; a folder is filled under a hidden name and
renamed when it is whole. The directory is synced too, otherwise the rename itself may be lost.
"""

import hashlib
import os
from pathlib import Path

from shared.ids import new_id

BLOCK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in lower-case hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sync_path(path: Path) -> None:
    """Ask the system to put a file or a directory entry on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_text(path: Path, text: str) -> None:
    """Put `text` (UTF-8) at `path` in one step; the folder is made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{path.name}.{new_id()}"
    try:
        draft.write_text(text, encoding="utf-8")
        sync_path(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_path(path.parent)


def publish_file(draft: Path, target: Path) -> None:
    """Give a finished file its real name, replacing what was there; both on one file system."""
    sync_path(draft)
    draft.replace(target)
    sync_path(target.parent)


def publish_folder(draft: Path, target: Path) -> None:
    """Give a finished folder its real name.

    Raises:
        OSError: If a folder that is not empty has that name already.
    """
    for path in sorted(draft.rglob("*")):
        sync_path(path)
    sync_path(draft)
    draft.rename(target)
    sync_path(target.parent)

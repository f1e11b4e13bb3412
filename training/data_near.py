"""Finds rows that were seen before, exactly or nearly, in sets of any size.

Each text leaves 64 numbers behind (MinHash: Broder 1997), so a set of a million rows needs some
300 MB, however long its rows are. Two texts whose numbers agree in at least the wanted share are
near; the share of equal numbers estimates the share of common three-word sequences, with a standard
error of about 0.05 at 0.8. The curated datasets are smaller and are searched exactly, by
`feedback.duplicates`.
"""

import hashlib
import re
import zlib
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint32]

PERMUTATIONS = 64
BANDS = 16
"""Of four numbers each: texts that share 0.8 meet in at least one with probability 0.9998."""
WORDS = 3


def exact_key(text: str) -> bytes:
    """Equal for texts that differ in case and spacing only."""
    return hashlib.blake2b(" ".join(text.casefold().split()).encode(), digest_size=16).digest()


class Seen:
    """The texts so far, and whether the next one is among them."""

    def __init__(self, *, exact: bool, near: float) -> None:
        self._exact: set[bytes] | None = set() if exact else None
        self._near = near
        self._numbers: list[Numbers] = []
        self._bands: dict[tuple[int, bytes], list[int]] = defaultdict(list)

    def repeats(self, text: str) -> str:
        """`duplicate` or `near duplicate` of an earlier text, or empty; then it is remembered."""
        if self._exact is not None:
            key = exact_key(text)
            if key in self._exact:
                return "duplicate"
            self._exact.add(key)
        if self._near and self._is_near(numbers_of(text)):
            return "near duplicate"
        return ""

    def _is_near(self, numbers: Numbers) -> bool:
        keys = [(band, part.tobytes()) for band, part in enumerate(np.split(numbers, BANDS))]
        met = {place for key in keys for place in self._bands[key]}
        if any(np.mean(self._numbers[place] == numbers) >= self._near for place in met):
            return True
        for key in keys:
            self._bands[key].append(len(self._numbers))
        self._numbers.append(numbers)
        return False


def numbers_of(text: str) -> Numbers:
    """The MinHash of a text's three-word sequences."""
    words = re.findall(r"\w+|[^\w\s]", text.casefold())
    runs = {" ".join(words[at : at + WORDS]) for at in range(max(1, len(words) - WORDS + 1))}
    hashes = np.fromiter((zlib.crc32(run.encode()) for run in runs), np.uint64, len(runs))
    # Multiply-shift in 64 bits that wrap around: the high half is well mixed.
    mixed = (_FACTORS[:, None] * hashes[None, :] + _OFFSETS[:, None]) >> np.uint64(32)
    return mixed.min(axis=1).astype(np.uint32)


def _constants() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Fixed: a set that is prepared again keeps the same rows."""
    draw = np.random.default_rng(20240607)
    factors = draw.integers(0, 1 << 63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2)
    return factors + np.uint64(1), draw.integers(0, 1 << 63, PERMUTATIONS, dtype=np.uint64)


_FACTORS, _OFFSETS = _constants()

"""Documents packed into rows of one length, each still seeing only itself.

A row holds several documents; `document` says which token belongs to which, and the attention mask
is built from it. Short documents go to short rows: attention over a row costs its length squared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

Encoded = tuple[list[int], list[int]]
"""Token ids, and 1 where the token is to be learned."""

SHORT, MIDDLE, LONG = 256, 512, 1024
OPEN_ROWS = 24
"""Rows kept open while packing; more fill better and mix less."""
PADDING = -1


@dataclass(frozen=True, slots=True)
class Rows:
    """Arrays of shape rows × (width + 1): the last token of a row is only ever a target."""

    ids: np.ndarray
    learned: np.ndarray
    document: np.ndarray
    """Number of the document within its row; PADDING where there is none."""

    def __len__(self) -> int:
        return len(self.ids)


def pack(documents: Iterable[Encoded], width: int, pad_id: int) -> Rows:
    """Fill rows first-fit in the order given; documents longer than a row are cut."""
    finished: list[list[Encoded]] = []
    open_rows: list[tuple[int, list[Encoded]]] = []
    for ids, learned in documents:
        document = (ids[: width + 1], learned[: width + 1])
        size = len(document[0])
        for at, (used, row) in enumerate(open_rows):
            if used + size <= width + 1:
                row.append(document)
                open_rows[at] = (used + size, row)
                break
        else:
            if len(open_rows) == OPEN_ROWS:
                fullest = max(range(OPEN_ROWS), key=lambda at: open_rows[at][0])
                finished.append(open_rows.pop(fullest)[1])
            open_rows.append((size, [document]))
    finished += [row for _, row in open_rows]
    return _arrays(finished, width, pad_id)


def _arrays(rows: Sequence[Sequence[Encoded]], width: int, pad_id: int) -> Rows:
    ids = np.full((len(rows), width + 1), pad_id, np.int16)
    learned = np.zeros((len(rows), width + 1), np.int8)
    document = np.full((len(rows), width + 1), PADDING, np.int16)
    for at, row in enumerate(rows):
        start = 0
        for number, (tokens, marks) in enumerate(row):
            end = start + len(tokens)
            ids[at, start:end], learned[at, start:end] = tokens, marks
            document[at, start:end] = number
            start = end
    return Rows(ids, learned, document)


def batches(rows: Rows, size: int) -> Iterator[Rows]:
    """Whole batches of `size` rows in order; a shorter rest is left out."""
    for start in range(0, len(rows) - size + 1, size):
        part = slice(start, start + size)
        yield Rows(rows.ids[part], rows.learned[part], rows.document[part])

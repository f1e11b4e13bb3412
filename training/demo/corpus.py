"""What the demo model reads, in which shares and in which order.

The first half stresses copying, because everything else stands on it; the second half is nearly all
conversations. Nothing is read twice except the old texts.
"""

import multiprocessing
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from training.demo import natural, packing
from training.demo.conversations import APPS, DRILL, SEED, conversation
from training.demo.lexicon import NOUN_LISTS
from training.demo.phrases import capital, read_words
from training.demo.tokenizer import Encoder

TEXTS = "natural"
# Share of the tokens in the first and in the second half.
SHARES: dict[str, tuple[float, float]] = {
    "story": (0.26, 0.30),
    "brainstorm": (0.20, 0.22),
    "poetry": (0.11, 0.13),
    "chat": (0.14, 0.18),
    "code": (0.06, 0.07),
    DRILL: (0.17, 0.06),
    TEXTS: (0.06, 0.04),
}
WIDTHS = {packing.SHORT: 230, packing.MIDDLE: 420, packing.LONG: packing.LONG}
"""Width of a row to the longest document that goes there; attention costs the width squared."""
STEP_TOKENS = 4096
"""Places in a batch, whatever the width of its rows."""
FILLED = 0.95
"""How full the rows come out, for planning."""


@dataclass(frozen=True, slots=True)
class _Job:
    kind: str
    first: int
    tokens: int
    tokenizer: PreTrainedTokenizerFast


def _make(job: _Job) -> list[packing.Encoded]:
    """Conversations from number `first` on until so many tokens are reached."""
    encoder, found, have = Encoder(job.tokenizer), [], 0
    number = job.first
    while have < job.tokens:
        document = encoder.conversation(conversation(job.kind, number))
        found.append(document)
        have += len(document[0])
        number += 1
    return found


def _shuffle(some: list[Any], half: int) -> None:
    random.Random(SEED + half).shuffle(some)  # noqa: S311 - an order, not a secret


def _texts(
    tokenizer: PreTrainedTokenizerFast, pieces: Sequence[str], tokens: int, half: int
) -> list[packing.Encoded]:
    """Old texts, from the start again when they are used up."""
    if not pieces:
        return []
    encoder, found, have = Encoder(tokenizer), [], 0
    order = list(pieces)
    _shuffle(order, half)
    while have < tokens:
        for piece in order:
            found.append(encoder.text(piece))
            have += len(found[-1][0])
            if have >= tokens:
                break
    return found


LISTED = 10
"""How often the tokenizer reads the lists of nouns."""
FAR = 1_000_000
"""Numbers of the second half start here, so that no conversation is in both."""


def documents(
    tokenizer: PreTrainedTokenizerFast, tokens: int, half: int, pieces: Sequence[str]
) -> list[packing.Encoded]:
    """About `tokens` tokens for the first (0) or the second (1) half, shuffled."""
    jobs = [
        _Job(kind, half * FAR, int(tokens * shares[half]), tokenizer)
        for kind, shares in SHARES.items()
        if kind != TEXTS
    ]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = [document for part in pool.map(_make, jobs, chunksize=1) for document in part]
    found += _texts(tokenizer, pieces, int(tokens * SHARES[TEXTS][half]), half)
    _shuffle(found, half)
    return found


def steps(
    tokenizer: PreTrainedTokenizerFast, count: int, folder: Path | None
) -> list[packing.Rows]:
    """`count` batches in training order, within one batch of what can be had."""
    pieces = natural.texts(folder)
    found: list[packing.Rows] = []
    for half in (0, 1):
        wanted = count // 2 if half == 0 else count - count // 2
        tokens = int(wanted * STEP_TOKENS * FILLED * 1.03)
        part = _batches(documents(tokenizer, tokens, half, pieces), tokenizer.pad_token_id)
        _shuffle(part, half)
        found += part[:wanted]
    return found


def _batches(found: Iterable[packing.Encoded], pad_id: int) -> list[packing.Rows]:
    sorted_by: dict[int, list[packing.Encoded]] = {width: [] for width in WIDTHS}
    for document in found:
        width = next((w for w, most in WIDTHS.items() if len(document[0]) <= most), packing.LONG)
        sorted_by[width].append(document)
    return [
        batch
        for width, some in sorted_by.items()
        for batch in packing.batches(packing.pack(some, width, pad_id), STEP_TOKENS // width)
    ]


def tokenizer_texts(folder: Path | None, per_kind: int = 1500) -> Iterator[str]:
    """What the tokenizer learns its merges from.

    The nouns are listed once more, in small letters and with capitals: topics are made of them, and
    a word of two tokens is copied far more surely than one of five.
    """
    yield from natural.texts(folder)
    for name in NOUN_LISTS:
        words = read_words(name)
        yield " ".join([*words, *map(capital, words)] * LISTED)
    for kind in APPS:
        for number in range(per_kind):
            made = conversation(kind, number, seed=SEED + 1)
            yield "\n".join(message.content for message in made)

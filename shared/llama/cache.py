"""Who has what in the KV cells: sequences, prefixes that are used again, and what goes first.

A finished conversation stays in its cells, so that the next question reads only what is new. Two
walls: what one owner wrote is only ever found by that owner; between owners only the app's own
leading messages are found, and these lie in sequences of their own. An anonymous request
(owner "") leaves nothing behind.

Cells that several sequences share must never be shifted (the other conversation would silently
get other positions), so each sequence knows up to where its cells may be shared.

Every row that is computed looks at the marks of all cells up to the last one in use, whoever they
belong to (1B: 10 ms for each token of each answer, with 15,000 cells of others). So a finished
conversation is parked as soon as somebody else is answered: copied out of the cells, and back when
it goes on (1B, 1,500 tokens: 15 ms and 7 ms, against ten seconds of reading). What finds no place
there stays in the cells until these are needed.
"""

from collections.abc import Callable, Iterable
from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field, replace
from typing import Final

from shared import metrics
from shared.llama.context import Context, Copy

SHARED_AT_MOST: Final = 16
"""Kept prefixes of apps; the least recently used goes when there are more."""
SHARED_AT_LEAST: Final = 16
"""Shorter prefixes (in tokens) are cheaper to read than to keep."""
TAIL: Final = 32
"""A kept conversation whose last tokens differ by at most this many is taken over, not branched."""
PROBE: Final = 16
"""Tokens in a row that must agree before two stretches of a conversation count as the same."""


@dataclass(slots=True, eq=False)
class Sequence:
    """One sequence of cells. `tokens[i]` lies at position i."""

    id: int
    owner: str
    adapter: int
    tokens: list[int] = field(default_factory=list)
    running: bool = True
    shared: bool = False
    """Holds an app's own messages, for every owner."""
    joint: int = 0
    """Cells before this position may belong to other sequences too."""
    used: int = 0
    parked: Copy | None = None
    """What its cells held, while it has none (nor a number in the context)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a new request could use again."""

    tokens: list[int]
    owner: str
    adapter: int
    shared_tokens: int = 0
    """The first so many tokens are the app's own."""
    reusable: int = 0
    """Tokens from here on must be computed, because their logits are wanted."""
    dropped_at: int | None = None
    """Where older turns were left out of this prompt, if they were."""


class PrefixCache:
    """All sequences of one context."""

    def __init__(self, context: Context, *, sequences: int, rewinds: bool, park: int) -> None:
        """`park` are the bytes that parked conversations may take together."""
        self._context = context
        self._rewinds = rewinds
        self._free = list(range(sequences))[::-1]
        self._all: list[Sequence] = []
        self._clock = 0
        self._park_bytes = park
        self._parked_bytes = 0
        self._moved: list[Sequence] = []
        """Whose cells were shifted since the last step: the library moves them in the next one."""

    @property
    def kept(self) -> int:
        """Sequences that nobody is using at the moment."""
        return sum(not sequence.running for sequence in self._all)

    def begin(self, wish: Wish) -> Sequence:
        """A running sequence for a request, holding as much of its beginning as can be reused."""
        source, length, gap = self._longest(wish)
        self._make_way(source)
        if source and source.parked is not None and not self._unpark(source, source.parked):
            return self.begin(wish)
        if gap and not (source and self._close_gap(source, wish.dropped_at or 0, gap)):
            return self.begin(replace(wish, dropped_at=None))
        if source is None or length == 0:
            return self._new(wish)
        if self._takes_over(source, wish, length):
            return self._take(source, length)
        self._touch(source)
        sequence = self._new(wish, besides=source)
        self._context.share(source.id, sequence.id, length)
        sequence.tokens = source.tokens[:length]
        sequence.joint = length
        source.joint = max(source.joint, length)
        return sequence

    def keep_prefix(self, source: Sequence, length: int) -> None:
        """Keep the first tokens of a running sequence for every owner."""
        if length < SHARED_AT_LEAST or not self._rewinds or self._has_shared(source, length):
            return
        prefixes = [s for s in self._all if s.shared]
        if len(prefixes) >= SHARED_AT_MOST:
            self._drop(min(prefixes, key=lambda s: s.used))
        wish = Wish(tokens=[], owner="", adapter=source.adapter)
        kept = self._new(wish, besides=source)
        self._context.share(source.id, kept.id, length)
        kept.tokens, kept.shared, kept.running = source.tokens[:length], True, False
        kept.joint = length
        source.joint = max(source.joint, length)

    def restore(
        self, tokens: list[int], *, adapter: int, fill: Callable[[int, list[int]], bool]
    ) -> bool:
        """Take in a shared prefix that `fill` puts into the cells of a sequence, if it can."""
        if not self._rewinds or len(tokens) < SHARED_AT_LEAST:
            return False
        sequence = self._new(Wish(tokens=[], owner="", adapter=adapter))
        sequence.running = False
        if not fill(sequence.id, tokens):
            self._drop(sequence)
            return False
        sequence.tokens, sequence.shared, sequence.joint = list(tokens), True, len(tokens)
        return True

    def shared_sequence(self, tokens: list[int], *, adapter: int) -> int | None:
        """The sequence that keeps exactly these tokens for every owner."""
        found = (s for s in self._all if s.shared and s.adapter == adapter and s.tokens == tokens)
        return next((sequence.id for sequence in found), None)

    def end(self, sequence: Sequence, *, keep: bool = True) -> None:
        """The request is over: keep its cells for its owner, or free them."""
        sequence.running = False
        self._touch(sequence)
        if not (keep and sequence.owner and sequence.tokens and self._rewinds):
            self._drop(sequence)
        elif any(other.running for other in self._all):
            self._park(sequence)

    def computed(self) -> None:
        """A step is complete, and with it what was to be moved before."""
        self._moved.clear()

    def aborted(self, sequences: Iterable[Sequence]) -> None:
        """A step was not: what was to be moved before may be half done, and is read again.

        Args:
            sequences: Whose tokens were in the step, some of which may be in the cells.
        """
        moved = [sequence for sequence in self._moved if sequence in self._all]
        for sequence in moved:
            sequence.tokens.clear()
            sequence.joint = 0
        for sequence in (*moved, *sequences):
            self._trim(sequence)
        self._moved.clear()

    def evict(self, besides: Sequence | None = None) -> bool:
        """Free cells: what was kept unused the longest goes, conversations first.

        Returns:
            False if nothing is left that could go.
        """
        idle = [s for s in self._all if not s.running and s is not besides]
        in_cells = [s for s in idle if s.parked is None]
        if not in_cells:
            return False
        goes = min(in_cells, key=lambda s: (s.shared, s.used))
        if not self._swap_with_older(goes):
            self._drop(goes)
        return True

    def clear(self) -> None:
        """Forget everything that nobody is using."""
        for sequence in [s for s in self._all if not s.running]:
            self._drop(sequence)

    def forget_adapter(self, adapter: int) -> None:
        """Free what was computed with an adapter that is gone."""
        for sequence in [s for s in self._all if s.adapter == adapter and not s.running]:
            self._drop(sequence)

    def _longest(self, wish: Wish) -> tuple[Sequence | None, int, int]:
        """The sequence to go on from, how many tokens of it, and the gap to be closed before."""
        best: Sequence | None = None
        longest = gap = 0
        for sequence in self._all if self._rewinds else []:
            if sequence.adapter != wish.adapter:
                continue
            length = common_length(sequence.tokens, wish.tokens)
            length, found = min(length, wish.reusable), 0
            if sequence.shared:
                length = min(length, wish.shared_tokens)
            elif not wish.owner or sequence.owner != wish.owner:
                continue
            else:
                found, shifted = self._gap(sequence, wish)
                length, found = (shifted, found) if shifted > length else (length, 0)
            if length > longest:
                best, longest, gap = sequence, length, found
        return best, longest, gap

    def _gap(self, sequence: Sequence, wish: Wish) -> tuple[int, int]:
        """The gap that dropped turns leave in a kept conversation, and the length reusable then.

        (0, 0) if this conversation does not continue that way.
        """
        start = wish.dropped_at
        if start is None or sequence.running or not self._context.shifts:
            return 0, 0
        if sequence.tokens[:start] != wish.tokens[:start]:
            return 0, 0
        gap, length = find_gap(sequence.tokens, wish.tokens, start)
        return (gap, min(start + length, wish.reusable)) if gap else (0, 0)

    def _close_gap(self, sequence: Sequence, start: int, gap: int) -> bool:
        """Take the dropped turns out; False if that is not possible.

        What stays was read while the dropped turns were still there, which is what makes it cheap:
        it is moved, not read again.
        """
        # Branches (a retry, an edit) must not move with it.
        if sequence.joint > start and not self._detach(sequence):
            return False
        self._context.cut(sequence.id, start, start + gap)
        self._context.shift(sequence.id, start + gap, -gap)
        del sequence.tokens[start : start + gap]
        self._moved.append(sequence)
        return True

    def _make_way(self, source: Sequence | None) -> None:
        """Park the finished conversations that the next answer does not go on from."""
        for sequence in self._all:
            if sequence is not source and not sequence.running:
                self._park(sequence)

    def _park(self, sequence: Sequence) -> bool:
        """Copy a finished conversation out of its cells; False if it stays in them."""
        if sequence.shared or sequence.parked is not None or self._moved:
            return False
        if self._park_bytes - self._parked_bytes < self._context.copy_bytes(len(sequence.tokens)):
            return False
        sequence.parked = self._context.copy(sequence.id)
        self._count_parked(sequence.parked.nbytes)
        self._vacate(sequence)
        return True

    def _swap_with_older(self, sequence: Sequence) -> bool:
        """Park a conversation in the place of such as were used longer ago, which are dropped."""
        if sequence.shared or self._moved:
            return False
        older = [s for s in self._all if s.parked is not None and s.used < sequence.used]
        room = self._park_bytes - self._parked_bytes
        room += sum(s.parked.nbytes for s in older if s.parked is not None)
        if room < self._context.copy_bytes(len(sequence.tokens)):
            return False
        for one in sorted(older, key=lambda s: s.used):
            self._drop(one)
            if self._park(sequence):
                break
        return sequence.parked is not None

    def _unpark(self, sequence: Sequence, copy: Copy) -> bool:
        """Give a parked conversation cells again; False if there was no room, and it is gone."""
        if not self._free:
            self.evict()
        sequence.id, sequence.joint, sequence.parked = self._free.pop(), 0, None
        self._count_parked(-copy.nbytes)
        return self._paste(sequence, copy)

    def _detach(self, sequence: Sequence) -> bool:
        """Give a sequence cells of its own instead of shared ones; costs a copy, no computing."""
        if self._moved:
            return False  # positions that are not those of the cells yet
        copy = self._context.copy(sequence.id)
        self._context.cut(sequence.id, 0)
        sequence.joint = 0
        return self._paste(sequence, copy)

    def _paste(self, sequence: Sequence, copy: Copy) -> bool:
        while not self._context.paste(sequence.id, copy):
            if not self.evict(besides=sequence):
                self._drop(sequence)
                return False
        return True

    def _takes_over(self, source: Sequence, wish: Wish, length: int) -> bool:
        if source.shared or source.running or source.owner != wish.owner:
            return False
        return len(source.tokens) - length <= TAIL

    def _take(self, sequence: Sequence, length: int) -> Sequence:
        self._context.cut(sequence.id, length)
        del sequence.tokens[length:]
        sequence.joint = min(sequence.joint, length)
        sequence.running = True
        return sequence

    def _has_shared(self, source: Sequence, length: int) -> bool:
        start = source.tokens[:length]
        for sequence in self._all:
            mine = sequence.shared and sequence.adapter == source.adapter
            if mine and sequence.tokens[:length] == start:
                self._touch(sequence)
                return True
        return False

    def _new(self, wish: Wish, besides: Sequence | None = None) -> Sequence:
        if not self._free:
            self.evict(besides)
        sequence = Sequence(self._free.pop(), wish.owner, wish.adapter)
        self._touch(sequence)
        self._all.append(sequence)
        return sequence

    def _drop(self, sequence: Sequence) -> None:
        self._all.remove(sequence)
        if sequence.parked is not None:
            self._count_parked(-sequence.parked.nbytes)
        else:
            self._vacate(sequence)

    def _vacate(self, sequence: Sequence) -> None:
        self._context.cut(sequence.id, 0)
        self._free.append(sequence.id)

    def _trim(self, sequence: Sequence) -> None:
        """Forget what lies behind the known tokens."""
        if not self._context.cut(sequence.id, len(sequence.tokens)):
            self._context.cut(sequence.id, 0)
            sequence.tokens.clear()

    def _count_parked(self, by: int) -> None:
        self._parked_bytes += by
        metrics.parked_bytes.inc(by)

    def _touch(self, sequence: Sequence) -> None:
        self._clock += 1
        sequence.used = self._clock


def common_length(one: Tokens[int], other: Tokens[int]) -> int:
    """How many leading tokens two lists have in common (by halving: slices compare fast)."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def find_gap(kept: list[int], wanted: list[int], start: int) -> tuple[int, int]:
    """How many tokens to leave out of `kept` at `start` so that it continues like `wanted`.

    Returns:
        The gap and how many tokens agree after it; the longest agreement if there are several,
        (0, 0) if there is none.
    """
    probe = wanted[start : start + PROBE]
    best = (0, 0)
    for at in range(start + 1, len(kept) - PROBE + 1):
        if kept[at] == probe[0] and kept[at : at + PROBE] == probe:
            length = common_length(kept[at:], wanted[start:])
            if length > best[1]:
                best = (at - start, length)
    return best

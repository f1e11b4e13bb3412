"""From what people saw to figures: medians, 95th percentiles, longest pauses."""

import itertools
import statistics
from collections.abc import Sequence

from shared.bench.client import Seen

Figures = dict[str, float]
"""Name (with its unit at the end) to value."""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else 0.0


def summary(seen: Sequence[Seen], seconds: float) -> Figures:
    """What a group of people saw together."""
    firsts = [s.first for s in seen]
    gaps = [gap for s in seen for gap in s.gaps]
    return {
        "tokens_per_second": sum(s.answer_tokens for s in seen) / seconds,
        "first_token_p50_s": statistics.median(firsts),
        "first_token_p95_s": percentile(firsts, 0.95),
        "pause_p50_ms": 1000 * percentile(gaps, 0.5),
        "pause_p95_ms": 1000 * percentile(gaps, 0.95),
        "pause_max_ms": 1000 * max(gaps, default=0.0),
        "broken_answers": broken(seen),
    }


def broken(seen: Sequence[Seen]) -> float:
    """How many answers ended with an error."""
    return float(sum(bool(s.error) for s in seen))


def longest_pause(seen: Sequence[Seen], since: float) -> float:
    """Longest wait for a piece that came later than `since`; seconds."""
    pauses = [
        later - earlier
        for one in seen
        for earlier, later in itertools.pairwise(one.pieces)
        if later >= since
    ]
    return max(pauses, default=0.0)

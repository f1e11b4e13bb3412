"""What one step computes: a token for everybody who is reading, then parts of waiting prompts.

Where the library attends in tiles (`TILE_ROWS`), a long prompt is read in whole ones. Answers get
their tokens in the same steps while they are short; longer ones in steps of their own in between,
because in one step every row looks at everybody's cells. What is left over by whole tiles is read
first, when there is little text before it to look at; a short prompt that follows a long text is
filled up to a tile, because fewer rows would take longer.

Half of the prompt budget goes to whoever came first and half to whoever has least left to read: a
short question is not stuck behind a long text, and the long text still advances.
"""

from dataclasses import dataclass
from typing import Final

from shared.llama.context import BATCH_TOKENS, OUTPUT_ROWS, TILE_ROWS
from shared.llama.jobs import Job
from shared.llama.pace import SMALLEST_CHUNK, Pace

FORCED_AT_ONCE: Final = 16
"""Tokens that a running answer may add in one step, where a grammar forced several."""
FORCED_TOGETHER: Final = BATCH_TOKENS // 2
"""The same for all of them."""
ROWS_PER_TILE: Final = 4.5
"""So many rows cost, per cell, as much one by one as a whole tile does."""
CELLS_PER_MISSING_ROW: Final = 110
CELLS_BESIDE_A_TILE: Final = 1600
"""So much may the answers in one step with a tile have behind them together. Measured (1B, two
cores, a prompt with 450 tokens behind it): beside four answers with 200 tokens each it takes
9.6 ms a token in one step with them and 10.5 between their steps, with 1,000 each 15.6 and 13.1."""


@dataclass(slots=True)
class Share:
    """What one job computes in a step."""

    job: Job
    tokens: int


@dataclass(frozen=True, slots=True)
class Step:
    """Everybody's share of one step, running answers first."""

    shares: list[Share]
    prompt_tokens: int
    in_tiles: bool = False
    fill: int = 0
    """Rows that stand behind the last share only to make a tile full; nothing of them is kept."""

    @property
    def tiled(self) -> int:
        """Rows of a step that reads in tiles; 0 for any other."""
        return self.rows + self.prompt_tokens + self.fill if self.in_tiles else 0

    @property
    def rows(self) -> int:
        """Tokens of running answers."""
        return sum(share.tokens for share in self.shares) - self.prompt_tokens


def plan(jobs: list[Job], pace: Pace, *, watched: bool) -> list[Step]:
    """The next step for these jobs (all with one adapter, in order of arrival), or the next two.

    Args:
        jobs: At least one.
        pace: How much of a prompt fits.
        watched: Whether anybody reads an answer, also one that is not among these.
    """
    writers = [job for job in jobs if job.writing]
    most = min(FORCED_AT_ONCE, FORCED_TOGETHER // max(len(writers), 1))
    shares = [Share(job, min(job.pending, most)) for job in writers]
    rows = sum(share.tokens for share in shares)
    readers = [job for job in jobs if not job.writing]
    if not readers:
        return [Step(shares, 0)]
    pending = sum(job.pending for job in readers)
    tile = pace.tiled_budget(rows, pending, watched=watched)
    if tile and (steps := _in_tiles(shares, rows, readers, tile)):
        return steps
    budget = pace.prompt_budget(rows, watched=watched)
    reading = _share_budget(readers, budget, OUTPUT_ROWS - len(shares))
    shares += [Share(job, tokens) for job, tokens in reading.items()]
    return [Step(shares, sum(reading.values()))]


def _in_tiles(answers: list[Share], rows: int, readers: list[Job], tile: int) -> list[Step]:
    """One step with everything or two without each other; none where tiles do not pay."""
    behind = sum(len(share.job.sequence.tokens) for share in answers)
    if 0 < rows <= TILE_ROWS // 2 and behind <= CELLS_BESIDE_A_TILE:
        beside, before = rows, []
    else:
        beside, before = 0, [Step(answers, 0)] if answers else []
    reading = _share_budget(readers, tile - beside, OUTPUT_ROWS - len(answers))
    if odd := _odd(reading, tile - beside if beside else TILE_ROWS):
        reading, in_tiles, fill = odd, False, 0
    else:
        missing = _missing(reading, beside)
        if missing is None:
            return []
        in_tiles, fill = True, missing
    shares = [Share(job, tokens) for job, tokens in reading.items()]
    together = [*answers, *shares] if beside else shares
    return [*before, Step(together, sum(reading.values()), in_tiles, fill)]


def _odd(reading: dict[Job, int], tile: int) -> dict[Job, int] | None:
    """What whole tiles leave over of the only prompt, where there is little to look at yet."""
    (job, tokens), *others = reading.items()
    odd = job.pending % tile
    wants_all = job.wanted_from < len(job.tokens) - 1
    if others or wants_all or tokens == job.pending or odd < SMALLEST_CHUNK:
        return None
    alone = {job: odd}
    return alone if _missing(alone, 0) is None else None


def _missing(reading: dict[Job, int], beside: int) -> int | None:
    """Rows to fill up to a tile; None where fewer rows, one by one, are cheaper."""
    rows = sum(reading.values()) + beside
    if rows >= TILE_ROWS:
        return 0
    cells = max(len(job.sequence.tokens) + tokens // 2 for job, tokens in reading.items())
    # Measured (see `TILE_ROWS`): what the missing rows cost, in cells that one row looks at.
    worth = cells * (rows - ROWS_PER_TILE) >= CELLS_PER_MISSING_ROW * (TILE_ROWS - rows)
    return TILE_ROWS - rows if worth else None


def _share_budget(readers: list[Job], budget: int, output_rows: int) -> dict[Job, int]:
    shortest = min(readers, key=lambda job: job.pending)
    given: dict[Job, int] = {}
    for job, most in ((readers[0], (budget + 1) // 2), (shortest, budget // 2)):
        given[job] = min(job.pending, given.get(job, 0) + most)
    left = budget - sum(given.values())
    for job in readers:
        more = min(job.pending - given.get(job, 0), left)
        if more > 0:
            given[job] = given.get(job, 0) + more
            left -= more
    return _within_rows(given, output_rows)


def _within_rows(given: dict[Job, int], output_rows: int) -> dict[Job, int]:
    """Shorten shares of jobs that want more logits than a step can give."""
    fitting: dict[Job, int] = {}
    for job, tokens in given.items():
        silent = max(job.wanted_from - len(job.sequence.tokens), 0)
        tokens = min(tokens, silent + output_rows)
        if tokens > 0:
            fitting[job] = tokens
            output_rows -= max(tokens - silent, 0)
    return fitting

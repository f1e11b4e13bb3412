"""What one step computes: a token for everybody who is reading, then parts of waiting prompts.

Where the library attends in tiles (`TILE_ROWS`), a long prompt has steps of its own between those
of the answers: in one step with them, every row would look at everybody's cells. A short one that
follows a long text is filled up to a tile, because fewer rows would take longer.

Half of the prompt budget goes to whoever came first and half to whoever has least left to read: a
short question is not stuck behind a long text, and the long text still advances.
"""

from dataclasses import dataclass
from typing import Final

from shared.llama.context import BATCH_TOKENS, OUTPUT_ROWS, TILE_ROWS
from shared.llama.jobs import Job
from shared.llama.pace import MOST_RUNNING, Pace

FORCED_AT_ONCE: Final = BATCH_TOKENS // MOST_RUNNING
"""Tokens that a running answer may add in one step, where a grammar forced several."""
ROWS_PER_TILE: Final = 4.5
"""So many rows cost, per cell, as much one by one as a whole tile does."""
CELLS_PER_MISSING_ROW: Final = 110


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
    fill: int = 0
    """Rows that stand behind the last share only to make a tile full; nothing of them is kept."""

    @property
    def tiled(self) -> int:
        """Rows of a step that reads in tiles; 0 for any other."""
        whole = self.prompt_tokens + self.fill
        return whole if whole >= TILE_ROWS and not self.rows else 0

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
    shares = [Share(j, min(j.pending, FORCED_AT_ONCE)) for j in jobs if j.writing]
    rows = sum(share.tokens for share in shares)
    readers = [job for job in jobs if not job.writing]
    if not readers:
        return [Step(shares, 0)]
    tile = pace.tiled_budget(rows, watched=watched)
    reading = _share_budget(readers, tile, OUTPUT_ROWS) if tile else {}
    fill = _missing(reading) if tile else None
    if fill is not None:
        alone = [Share(job, tokens) for job, tokens in reading.items()]
        step = Step(alone, sum(reading.values()), fill)
        return [Step(shares, 0), step] if shares else [step]
    budget = pace.prompt_budget(rows, watched=watched)
    reading = _share_budget(readers, budget, OUTPUT_ROWS - len(shares))
    shares += [Share(job, tokens) for job, tokens in reading.items()]
    return [Step(shares, sum(reading.values()))]


def _missing(reading: dict[Job, int]) -> int | None:
    """Rows to fill up to a tile; None where fewer rows, one by one, are cheaper."""
    rows = sum(reading.values())
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

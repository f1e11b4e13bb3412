"""How much of somebody's prompt fits into a step, from what steps took until now.

While somebody reads an answer, a step that also reads a prompt is a pause for them; while nobody
does, large chunks are cheaper. Costs are running averages, because on a shared machine they change
by a factor of two within a minute.
"""

from typing import Final

from shared.llama.context import BATCH_TOKENS, TILE_ROWS

IDLE_SECONDS: Final = 0.8
"""Longest step while nobody reads an answer; a cancel waits at most that long."""
TILED_SECONDS: Final = 0.95
"""Longest step that reads in tiles while nobody reads an answer."""
FURTHER_TILE: Final = 0.75
"""What each further tile of a step costs, measured by the first (1B, two cores: one tile takes
0.39 s, two 0.69, four 1.24)."""
TILED_PAUSE: Final = 1.0
"""While somebody does, a tile is read where the smallest takes no longer than this at its best,
even where that does not fit into the pause that was promised: fewer rows cost as much once there is
some text before them, and a newcomer would wait for a minute."""
MARGIN: Final = 0.9
SMALLEST_CHUNK: Final = 8
FIRST_CHUNK: Final = 32
"""Until a prompt has been timed; chunks at most double from step to step."""
WEIGHT: Final = 0.3
"""Of the newest measurement in an average."""
ALWAYS_RUNNING: Final = 8
"""So many answers are written at once however slow the machine is; more wait in the queue."""
MOST_RUNNING: Final = 32
TYPICAL_ANSWER: Final = 128
"""Tokens; for estimates before the first answer has ended."""
GAP_SECONDS: Final = 0.2
"""Beyond `ALWAYS_RUNNING`, another answer begins only while all still get a token this often."""


class Pace:
    """Measured costs of one model on this machine, and what follows from them."""

    def __init__(self, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._row_seconds = 0.0
        self._token_seconds = 0.0
        self._service_seconds = 0.0
        self._largest = FIRST_CHUNK
        self._tile_seconds = 0.0
        self._least_tile_seconds = 0.0

    def tiles(self, seconds: float) -> None:
        """Reading in tiles is possible here, and so long did the smallest one take."""
        self._tile_seconds = self._least_tile_seconds = seconds

    def tiled_budget(self, rows: int, pending: int, *, watched: bool) -> int:
        """Rows for a step that reads in tiles; 0 where that takes too long.

        Args:
            rows: Rows of running answers, in the same step or in one just before.
            pending: Prompt tokens that wait; if all of them fit, they are not divided.
            watched: Whether anybody reads an answer and would notice the pause.
        """
        cost = self._tile_seconds
        if not cost or (watched and self._least_tile_seconds > TILED_PAUSE):
            return 0
        target = self._step_seconds * MARGIN if watched else TILED_SECONDS
        room = (target - rows * self._row_seconds) / cost
        fits = int(TILE_ROWS * (1 + (room - 1) / FURTHER_TILE))
        most = min(fits, 2 * max(self._largest, TILE_ROWS), BATCH_TOKENS)
        padded = -(-(rows + pending) // TILE_ROWS) * TILE_ROWS if watched else rows + pending
        if TILE_ROWS < padded <= most:
            return rows + pending
        # A tile that is not full costs as much as a full one.
        return max(TILE_ROWS, most // TILE_ROWS * TILE_ROWS)

    def prompt_budget(self, rows: int, *, watched: bool) -> int:
        """Prompt tokens for the next step.

        Args:
            rows: Rows of running answers in the same step.
            watched: Whether anybody reads an answer and would notice the pause.
        """
        target = self._step_seconds if watched else IDLE_SECONDS
        room = target * MARGIN - rows * self._row_seconds
        fits = BATCH_TOKENS if not self._token_seconds else int(room / self._token_seconds)
        return max(SMALLEST_CHUNK, min(fits, 2 * self._largest, BATCH_TOKENS - rows))

    def record(self, *, rows: int, prompt_tokens: int, seconds: float, tiled: int = 0) -> None:
        """A step is over; `tiled` are the rows of one that read in tiles."""
        if tiled:
            cost = seconds / (1 + (tiled / TILE_ROWS - 1) * FURTHER_TILE)
            self._tile_seconds = _blend(self._tile_seconds, cost)
            # What depends on the text before it and on the neighbours only makes it slower.
            self._least_tile_seconds = min(self._least_tile_seconds, cost)
            self._largest = max(prompt_tokens, FIRST_CHUNK)
            return
        if not prompt_tokens:
            self._row_seconds = _blend(self._row_seconds, seconds / rows)
            return
        reading = max(seconds - rows * self._row_seconds, seconds * 0.1)
        cost = reading / prompt_tokens
        # Slower than thought is believed at once, faster only slowly: a pause is worse than a wait.
        slower = self._token_seconds and cost > 1.5 * self._token_seconds and prompt_tokens >= 16
        self._token_seconds = cost if slower else _blend(self._token_seconds, cost)
        self._largest = max(prompt_tokens, FIRST_CHUNK)

    def ended(self, seconds: float) -> None:
        """An answer is over that took so long from its first step on."""
        self._service_seconds = _blend(self._service_seconds, seconds)

    def room_for_another(self, running: int) -> bool:
        """Whether one more answer may begin beside `running` others."""
        if running < ALWAYS_RUNNING:
            return True
        return running < MOST_RUNNING and (running + 1) * self._row_seconds <= GAP_SECONDS

    def estimate(self, *, position: int, running: int, prompt_tokens: int) -> float:
        """Seconds until the first token for somebody at this place in the queue."""
        guess = TYPICAL_ANSWER * running * self._row_seconds
        turn = (self._service_seconds or guess) / max(running, 1)
        return position * turn + prompt_tokens * self._token_seconds


def _blend(average: float, value: float) -> float:
    return value if not average else (1 - WEIGHT) * average + WEIGHT * value

"""Does the exported file say what the trained model says? Measured, not hoped.

The same conversations go through transformers and through the engine that serves. Token ids must
be equal, the answer must end with the end of turn, and the log-probabilities may differ only by
what the file's number format costs.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shared.engine.ask import complete
from shared.engine.types import Engine, Request, Sampling, TokenLogprob
from shared.errors import TrainingError
from training.data import Row
from training.export.kinds import LIMITS
from training.export.reference import GREEDY_TOKENS, Reference


@dataclass(frozen=True, slots=True)
class Parity:
    """What was found."""

    kind: str
    texts: int
    tokens: int
    mean_difference: float
    """Of the tokens' log-probabilities, in nats."""
    largest_difference: float
    same_greedy_texts: int
    """Of `texts`: near-equal tokens may be drawn the other way round without being wrong."""
    template_sha256: str
    """Of the chat template as the engine reads it from the file."""

    def as_dict(self) -> dict[str, Any]:
        """For the export's report."""
        return asdict(self)


async def compare(engine: Engine, wanted: Sequence[Reference], *, kind: str) -> Parity:
    """Compare the engine's file with the model it was made from.

    Raises:
        TrainingError: If ids or ends differ, or the numbers differ more than `LIMITS` allows.
    """
    differences: list[float] = []
    same = 0
    for item in wanted:
        found = await engine.score(item.row.prompt, item.row.completion)
        _check_ids(item, found)
        pairs = zip(found, item.logprobs, strict=True)
        differences += [abs((token.logprob or 0.0) - value) for token, value in pairs]
        same += await _greedy(engine, item.row) == item.greedy.strip()
    mean = sum(differences) / max(1, len(differences))
    if mean > LIMITS[kind]:
        raise TrainingError(
            f"The {kind} file differs from the trained model by {mean:.3f} nats per token;"
            f" {LIMITS[kind]} is allowed.",
            fix="Export to a larger type.",
        )
    largest = max(differences, default=0.0)
    return Parity(
        kind=kind,
        texts=len(wanted),
        tokens=len(differences),
        mean_difference=round(mean, 6),
        largest_difference=round(largest, 6),
        same_greedy_texts=same,
        template_sha256=engine.info().template_sha256,
    )


def _check_ids(wanted: Reference, found: Sequence[TokenLogprob]) -> None:
    ids = [item.token for item in found]
    if ids != wanted.ids:
        raise TrainingError(
            f"The exported file reads an answer as {len(ids)} tokens that are not the"
            f" {len(wanted.ids)} of the trained model: tokenizer or template differ.",
        )


async def _greedy(engine: Engine, row: Row) -> str:
    sampling = Sampling(temperature=0.0, max_tokens=GREEDY_TOKENS, top_k=1)
    return (await complete(engine, Request(messages=row.prompt, sampling=sampling))).text.strip()

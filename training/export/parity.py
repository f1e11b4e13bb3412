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
from shared.messages import Message, to_dict
from training.data import Row
from training.trainer import Base

GREEDY_TOKENS = 24
LIMITS = {"f16": 0.01, "q8_0": 0.06, "q6_k": 0.12, "q5_k_m": 0.2, "q4_k_m": 0.35}
"""Mean absolute difference of a token's log-probability that a file type may show, in nats. The
demo model showed 0.0001 (F16), 0.002 to 0.02 (Q8_0) and 0.016 (Q4_K_M), more on texts that it finds
unlikely; a wrong layout shows several nats."""


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


@dataclass(frozen=True, slots=True)
class Reference:
    """What transformers says about one row."""

    ids: list[int]
    """Of the answer, its end of turn included."""
    logprobs: list[float]
    greedy: str


def reference(base: Base, row: Row) -> Reference:
    """Score and continue one row with transformers."""
    import torch

    tokenizer = base.tokenizer
    prompt = tokenizer.apply_chat_template(
        [to_dict(m) for m in row.prompt],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=False,
    )
    turns = [*row.prompt, Message("assistant", row.completion)]
    whole = tokenizer.apply_chat_template(
        [to_dict(m) for m in turns], tokenize=True, return_dict=False
    )
    ids = whole[len(prompt) :]
    with torch.no_grad():
        logits = base.model(torch.tensor([whole])).logits[0].float().log_softmax(-1)
        written = base.model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=GREEDY_TOKENS,
            do_sample=False,
        )[0][len(prompt) :]
    places = range(len(prompt) - 1, len(whole) - 1)
    logprobs = [float(logits[place, whole[place + 1]]) for place in places]
    greedy = tokenizer.decode(written, skip_special_tokens=True)
    return Reference(ids, logprobs, greedy)


async def compare(engine: Engine, base: Base, rows: Sequence[Row], *, kind: str) -> Parity:
    """Compare the engine's file with the model it was made from.

    Raises:
        TrainingError: If ids or ends differ, or the numbers differ more than `LIMITS` allows.
    """
    differences: list[float] = []
    same = 0
    for row in rows:
        wanted = reference(base, row)
        found = await engine.score(row.prompt, row.completion)
        _check_ids(wanted, found)
        pairs = zip(found, wanted.logprobs, strict=True)
        differences += [abs((item.logprob or 0.0) - value) for item, value in pairs]
        same += await _greedy(engine, row) == wanted.greedy.strip()
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
        texts=len(rows),
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

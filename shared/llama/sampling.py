"""Drawing the next token of one answer, and saying how likely it was.

Order, as in llama-server: logit bias, penalties, DRY, top-k, top-p, min-p, temperature, draw. Top-k
stands before everything that sorts: at 128k tokens that is 0.25 ms a token instead of several.
Temperature 0 takes the best.
"""

import ctypes
import math
import secrets
from typing import Final

import llama_cpp.llama_cpp as lib
import numpy as np

from shared.engine.types import Sampling, TokenLogprob
from shared.errors import EngineClosed
from shared.llama.binding import Model
from shared.llama.context import Context, Logits
from shared.llama.dry import Dry
from shared.llama.library import Handle

PENALTY_WINDOW: Final = 64
SEEDS: Final = 2**32 - 1
"""Seeds are below this; the largest 32-bit number would ask the library for a random one."""


def draw_seed() -> int:
    """A seed for an answer that asked for none."""
    return secrets.randbelow(SEEDS)


class Sampler:
    """One answer's chain of samplers; `free` it when the answer has ended."""

    def __init__(
        self,
        model: Model,
        sampling: Sampling,
        *,
        seed: int,
        recent: list[int],
        dry: Dry | None = None,
    ) -> None:
        back = max(PENALTY_WINDOW if _penalises(sampling) else 0, dry.last_n if dry else 0)
        self._looks_back = back > 0
        greedy = sampling.temperature <= 0.0
        plain = greedy and not self._looks_back and not sampling.logit_bias
        self._chain: Handle = None if plain else _chain(model, sampling, seed % SEEDS, dry)
        for token in recent[-back:] if back else ():
            self.accept(token)

    def pick(self, context: Context, row: Logits, batch_row: int) -> int:
        """The next token, from the logits of batch row `batch_row` (which `row` views).

        Raises:
            EngineClosed: If the model computed no usable number.
        """
        best = int(row.argmax())
        if not math.isfinite(row[best]):  # argmax finds a NaN first; all -inf leaves no choice
            raise EngineClosed(
                "The model computed no usable numbers.", fix="Its file may be damaged: verify it."
            )
        return best if self._chain is None else context.sample(self._chain, batch_row)

    def accept(self, token: int) -> None:
        """Count a token that was not drawn here (forced by a grammar, or of the prompt)."""
        if self._chain is not None and self._looks_back:
            lib.llama_sampler_accept(self._chain, token)

    def free(self) -> None:
        """Give the chain back."""
        if self._chain is not None:
            lib.llama_sampler_free(self._chain)
            self._chain = None


def _chain(model: Model, sampling: Sampling, seed: int, dry: Dry | None) -> Handle:
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    for sampler in _samplers(model, sampling, seed, dry):
        lib.llama_sampler_chain_add(chain, sampler)
    return chain


def _samplers(model: Model, sampling: Sampling, seed: int, dry: Dry | None) -> list[Handle]:
    made = []
    if sampling.logit_bias:
        made.append(_bias(model, sampling))
    if _penalises(sampling):
        made.append(_penalties(model, sampling))
    if dry is not None:
        made.append(dry.copy())

    if sampling.temperature <= 0.0:
        return [*made, lib.llama_sampler_init_greedy()]
    if sampling.top_k > 0:
        made.append(lib.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1.0:
        made.append(lib.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0.0:
        made.append(lib.llama_sampler_init_min_p(sampling.min_p, 1))
    made.append(lib.llama_sampler_init_temp(sampling.temperature))
    return [*made, lib.llama_sampler_init_dist(seed)]


def _penalises(sampling: Sampling) -> bool:
    return (
        sampling.repeat_penalty != 1.0
        or sampling.presence_penalty != 0.0
        or sampling.frequency_penalty != 0.0
    )


def _penalties(model: Model, sampling: Sampling) -> Handle:
    return lib.llama_sampler_init_penalties(
        model.vocab_size,
        PENALTY_WINDOW,
        sampling.repeat_penalty,
        sampling.frequency_penalty,
        sampling.presence_penalty,
    )


def _bias(model: Model, sampling: Sampling) -> Handle:
    entries = (lib.llama_logit_bias * len(sampling.logit_bias))()
    for entry, (token, bias) in zip(entries, sampling.logit_bias.items(), strict=True):
        entry.token, entry.bias = token, bias
    return lib.llama_sampler_init_logit_bias(
        model.vocab_size, len(entries), ctypes.cast(entries, ctypes.POINTER(lib.llama_logit_bias))
    )


class Likelihoods:
    """Log-probabilities over one row of raw logits, before any mask, penalty or temperature."""

    def __init__(self, model: Model, row: Logits) -> None:
        self._model = model
        exact = row.astype(np.float64)
        peak = exact.max()
        self._all = exact - (peak + np.log(np.exp(exact - peak).sum()))

    def of(self, token: int, *, top: int) -> TokenLogprob:
        """This token's log-probability, with the `top` likeliest tokens beside it."""
        best: tuple[tuple[str, float], ...] = ()
        if top > 0:
            some = np.argpartition(self._all, -top)[-top:]
            order = some[np.argsort(-self._all[some], kind="stable")]
            best = tuple((readable(self._model, int(t)), float(self._all[t])) for t in order)
        return TokenLogprob(readable(self._model, token), token, float(self._all[token]), best)


def readable(model: Model, token: int) -> str:
    """A token as text; control tokens by their name, broken characters as U+FFFD."""
    return model.piece(token).decode("utf-8", "replace") or model.text(token)

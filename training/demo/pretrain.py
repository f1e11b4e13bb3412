"""Train the demo model on packed rows: bf16, compiled, Muon for the matrices, AdamW for the rest.

Counted in steps, not in minutes, so that a run can be repeated. On two cores with bf16 arithmetic
compiling and bf16 together train about twice as fast as plain float32.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional
from transformers import LlamaForCausalLM

from training.demo.packing import PADDING, Rows


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the optimiser is told."""

    matrix_rate: float = 0.02
    other_rate: float = 3e-3
    weight_decay: float = 0.01
    newton_schulz_steps: int = 4
    clip: float = 1.0
    warm_up_steps: int = 30
    flat_share: float = 1 / 3
    """The part of the steps at full rate; a cosine follows."""
    last_rate: float = 0.03
    """The final rate as a share of the full one."""
    threads: int = 2
    save_every_seconds: float = 180.0


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of the training log."""

    step: int
    steps: int
    seconds: float
    loss: float
    """Mean cross-entropy per learned token since the last line, in nats."""
    tokens_per_second: float


Report = Callable[[Progress], None]


def rate_at(step: int, steps: int, plan: Plan) -> float:
    """Share of the full learning rate at `step` of `steps`: warm-up, flat, cosine."""
    warm = min(1.0, (step + 1) / plan.warm_up_steps)
    done = step / max(1, steps)
    if done < plan.flat_share:
        return warm
    fallen = 0.5 * (1 + math.cos(math.pi * (done - plan.flat_share) / (1 - plan.flat_share)))
    return warm * (plan.last_rate + (1 - plan.last_rate) * fallen)


def _optimizers(model: LlamaForCausalLM, plan: Plan) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    muon = torch.optim.Muon(
        matrices,
        lr=plan.matrix_rate,
        momentum=0.95,
        nesterov=True,
        weight_decay=plan.weight_decay,
        ns_steps=plan.newton_schulz_steps,
    )
    return [muon, torch.optim.AdamW(others, lr=plan.other_rate, betas=(0.9, 0.95), weight_decay=0)]


def _inputs(batch: Rows) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, the mask that keeps each document to itself, and positions that start at 0 in each."""
    document = torch.from_numpy(batch.document[:, :-1].astype(np.int64))
    width = document.shape[1]
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    mask = (document[:, None, :, None] == document[:, None, None, :]) & causal
    places = torch.arange(width).expand_as(document)
    starts = torch.ones_like(document, dtype=torch.bool)
    starts[:, 1:] = document[:, 1:] != document[:, :-1]
    first = torch.where(starts, places, torch.zeros_like(places)).cummax(dim=1).values
    return torch.from_numpy(batch.ids[:, :-1].astype(np.int64)), mask, places - first


def _targets(batch: Rows) -> tuple[torch.Tensor, torch.Tensor]:
    """Which places have a next token to learn, and those tokens."""
    same = batch.document[:, 1:] == batch.document[:, :-1]
    wanted = (batch.learned[:, 1:] > 0) & same & (batch.document[:, 1:] != PADDING)
    ids = batch.ids[:, 1:][wanted].astype(np.int64)
    return torch.from_numpy(np.flatnonzero(wanted)), torch.from_numpy(ids)


Forward = Callable[..., torch.Tensor]


def batch_loss(model: LlamaForCausalLM, forward: Forward, batch: Rows) -> torch.Tensor:
    """Mean cross-entropy of the tokens to learn; only their places reach the vocabulary."""
    ids, mask, positions = _inputs(batch)
    places, targets = _targets(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = forward(ids, mask, positions)
        logits = model.lm_head(hidden.reshape(-1, hidden.shape[-1])[places])
    return functional.cross_entropy(logits.float(), targets)


def _compiled(model: LlamaForCausalLM) -> Forward:
    def forward(ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        # A finite bias instead of a bool mask: padding sees only itself, never nothing.
        out = model.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False
        )
        return out.last_hidden_state

    return torch.compile(forward, dynamic=False)


class Trainer:
    """One training run over a fixed sequence of batches."""

    def __init__(self, model: LlamaForCausalLM, plan: Plan, report: Report) -> None:
        self.model = model
        self._plan = plan
        self._report = report
        self._optimizers = _optimizers(model, plan)
        self._full = [group["lr"] for o in self._optimizers for group in o.param_groups]

    def run(self, steps: Sequence[Rows], save: Callable[[], None]) -> None:
        """Take one step per batch; `save` is called every few minutes and at the end."""
        torch.set_num_threads(self._plan.threads)
        self.model.train()
        forward = _compiled(self.model)
        began = saved = time.monotonic()
        losses: list[float] = []
        tokens = 0
        for step, batch in enumerate(steps):
            losses.append(self._step(forward, batch, rate_at(step, len(steps), self._plan)))
            tokens += int((batch.document >= 0).sum())
            if (step + 1) % 20 == 0:
                seconds = time.monotonic() - began
                mean = sum(losses) / len(losses)
                self._report(Progress(step + 1, len(steps), seconds, mean, tokens / seconds))
                losses = []
            if time.monotonic() - saved > self._plan.save_every_seconds:
                save()
                saved = time.monotonic()
        save()

    def _step(self, forward: Forward, batch: Rows, share: float) -> float:
        groups = [group for o in self._optimizers for group in o.param_groups]
        for group, full in zip(groups, self._full, strict=True):
            group["lr"] = full * share
        loss = batch_loss(self.model, forward, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._plan.clip)
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

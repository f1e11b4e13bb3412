"""The parts of a recipe that say how the model learns; what it reads is in `recipe_data`.

A value that changes what a run makes is here; what only changes where or how fast it is made
(folders, workers, prices) is an option of the command.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Schedule = Literal["linear", "cosine", "constant", "constant_with_warmup"]
Optimiser = Literal[
    "adamw", "adamw_8bit", "paged_adamw_8bit", "adafactor", "lion_8bit", "rmsprop", "sgd"
]
Precision = Literal["auto", "bf16", "fp16", "fp32"]
Backend = Literal["hf", "unsloth"]


class RecipePart(BaseModel):
    """Frozen, and without room for a mistyped key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Lora(RecipePart):
    """The adapter that is trained: a fresh one, unless the recipe starts from a run."""

    rank: int = Field(32, ge=1, le=1024)
    alpha: int = Field(64, ge=1)
    """The update is scaled by alpha/rank, or alpha/√rank with `rslora`."""
    dropout: float = Field(0.0, ge=0, lt=1)
    rslora: bool = False
    dora: bool = False
    """Learns a magnitude too. Such an adapter can be merged, but not kept as a GGUF adapter."""
    targets: tuple[str, ...] = ()
    """Layers that get an adapter, as they end (`q_proj`); without any, all but the head."""


class Sft(RecipePart):
    """Learning to write the wanted answers; the loss counts answers only."""

    steps: int = Field(60, ge=1)
    """Fewest optimiser steps."""
    passes: float = Field(0.0, ge=0)
    """More steps are taken until every row was read this often (epochs)."""
    most_steps: int = Field(0, ge=0)
    """No more steps than this, whatever `passes` asks; 0 sets no bound."""
    batch_rows: int = Field(16, ge=1)
    """Rows per optimiser step, replay included: rows in memory times accumulation."""
    micro_batch_rows: int = Field(16, ge=1)
    """Rows in memory at once; divides `batch_rows`."""
    learning_rate: float = Field(2e-3, gt=0)
    schedule: Schedule = "cosine"
    warmup_steps: int = Field(4, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    optimiser: Optimiser = "adamw"
    packing: bool = False
    """Several short rows in one of `max_tokens`, with attention within each row only."""


class Dpo(RecipePart):
    """Learning to prefer one answer to another, after the first part."""

    steps: int = Field(20, ge=1)
    batch_rows: int = Field(8, ge=1)
    micro_batch_rows: int = Field(0, ge=0)
    """Pairs in memory at once; 0 for all of a step."""
    learning_rate: float = Field(2e-4, gt=0)
    beta: float = Field(0.1, gt=0)
    """How closely the model is held to what it was before this part."""
    sft_weight: float = Field(1.0, ge=0)
    """Weight of the plain loss on the better answer; without it both may become unlikely."""


class Kto(RecipePart):
    """Learning from single answers that were found good or bad."""

    steps: int = Field(20, ge=1)
    batch_rows: int = Field(8, ge=2)
    learning_rate: float = Field(1e-4, gt=0)
    beta: float = Field(0.1, gt=0)
    """How closely the model is held to what it was before this part."""
    fewest_of_each: int = Field(30, ge=1)
    """Good and bad answers that there must be at the least: only one kind teaches nothing."""
    good_weight: float = Field(0.0, ge=0)
    """Weight of good answers; 0 balances the two kinds by their numbers."""


class Watch(RecipePart):
    """What is looked at while a run goes on, and when it ends early."""

    eval_steps: int = Field(0, ge=0)
    """Measure the validation rows every so many steps; 0 measures at the end only."""
    patience: int = Field(0, ge=0)
    """End when the validation loss did not get better in this many measurements; 0 never."""
    keep_best: bool = False
    """Give out the adapter with the lowest validation loss instead of the last."""
    keep_checkpoints: int = Field(2, ge=2)
    """Two at the least: should the newest be damaged, there is still the one before."""
    divergence: float = Field(3.0, gt=1)
    """End when the loss of five logged steps is over this many times the lowest such mean."""


class Export(RecipePart):
    """The file that ships."""

    kind: Literal["f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m"] = "q4_k_m"
    """A quarter of F16; models far under a billion parameters lose much by it (say q8_0 there)."""


class Range(RecipePart):
    """Numbers between two bounds."""

    low: float
    high: float
    log: bool = False
    """Try factors evenly, not differences; right for a learning rate."""
    whole: bool = False
    """Whole numbers only."""


class Search(RecipePart):
    """What `inkloop sweep` tries around this recipe; a plain run ignores it."""

    space: dict[str, tuple[float | int | str | bool, ...] | Range] = Field(min_length=1)
    """Keys of the recipe, with dots, and the values to try."""
    method: Literal["tpe", "random", "grid", "greedy"] = "tpe"
    """`greedy` settles one key after the other, as they are listed."""
    trials: int = Field(12, ge=1)
    """At most; a grid or a greedy search may end earlier."""
    steps: int = Field(..., ge=1)
    """Optimiser steps of every trial: equal, so that trials can be compared."""
    prune: bool = True
    """End a trial whose validation loss is over the median of the others at that step."""
    repeats: int = Field(3, ge=1)
    """Runs with other seeds of the best settings and of the recipe as it stands."""
    finalists: int = Field(1, ge=1)
    """How many of the best settings are repeated."""

"""What is asked of both models, and what one of them was found to do. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.messages import Message
from training.data import Row
from training.gate.probes import Probe


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """A flagged answer that training never saw, with its correction."""

    flag_id: str
    group: str
    """Who flagged, as the dataset version names them."""
    prompt: tuple[Message, ...]
    correction: str
    flagged: str
    reasons: tuple[str, ...] = ()
    """Keys of the taxonomy."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the model writes for one row, always taking the likeliest token."""

    text: str
    ended: bool
    """By itself, not by the token limit."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What both models are measured on."""

    heldout: Sequence[HeldOutRow]
    guarded: Sequence[Row]
    probes: Sequence[Probe] = ()
    near: int = 0
    """How many guarded rows, from the first on, lie nearest to the corrections."""
    data: Sequence["Finding"] = ()
    """What was found about the rows themselves, before anything was trained."""
    samples: Sequence[Row] = ()
    """Answers drawn from the served model, on which drift is measured."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one model file was found to do, in the order of the questions."""

    margins: Sequence[float]
    """Per held-out row: nats per token by which the correction is likelier than the flagged one."""
    likelihoods: Sequence[float]
    """Per guarded row: mean log-probability of the good answer's tokens, in nats."""
    writings: Sequence[Written]
    """Per guarded row."""
    mended: Sequence[Written] = ()
    """Per held-out row with a reason that a rule can check, see `training.gate.reasons`."""
    probes: Sequence[float] = ()
    """Per probe: nats per token by which the right answer is likelier than the wrong one."""
    samples: Sequence[float] = ()
    """Per sample: mean log-probability of its tokens, in nats."""
    bytes: int = 0
    """Of the file, which stays in memory."""
    seconds_per_token: float = 0.0
    """Processor seconds per written token; 0 where nothing was written."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the gate."""

    name: str
    passed: bool | None
    """None: not measurable, which is never read as safe but does not refuse by itself."""
    words: str
    figures: dict[str, Any] = field(default_factory=dict)

"""The thresholds of `gate.yaml`, read once."""

import hashlib
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import TrainingError

SHIPPED = Path(__file__).resolve().parent.parent / "gate.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeldOut(_Part):
    """For the measure that must improve."""

    minimum_items: int = Field(ge=2)
    smallest_items: int = Field(ge=1)
    confidence: float = Field(gt=0.5, lt=1)
    resamples: int = Field(ge=100)


class Guarded(_Part):
    """For what must not be lost."""

    minimum_items: int = Field(ge=2)
    items: int = Field(ge=2)
    margin_nats: float = Field(gt=0)
    exact_minimum: int = Field(ge=1)
    exact_lost_share: float = Field(ge=0, le=1)


class Form(_Part):
    """For how answers look."""

    lost_share: float = Field(ge=0, le=1)


class Limits(_Part):
    """All thresholds; see the comments in gate.yaml."""

    heldout: HeldOut
    guarded: Guarded
    form: Form

    def sha256(self) -> str:
        """Part of what a gate report is keyed by."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load(path: Path = SHIPPED) -> Limits:
    """Read the thresholds.

    Raises:
        TrainingError: If a key is missing, unknown or out of range.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Limits.model_validate(values)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise TrainingError(f"{path} does not hold the gate's thresholds: {error}") from error

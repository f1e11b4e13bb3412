"""The thresholds of `gate.yaml`, read once."""

import hashlib
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import TrainingError
from shared.models.demo import DEMO_NAME

SHIPPED = Path(__file__).resolve().parent.parent / "gate.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Needs(_Part):
    """Fewest rows per method and kind; fewer would teach accidents."""

    pairs: int = Field(ge=1)
    thumbs: int = Field(ge=1)
    thumbs_of_each_kind: int = Field(ge=0)
    contradicted_share: float = Field(ge=0, le=1)


class HeldOut(_Part):
    """For the measure that must improve."""

    minimum_items: int = Field(ge=2)
    smallest_items: int = Field(ge=1)
    confidence: float = Field(gt=0.5, lt=1)
    resamples: int = Field(ge=100)
    mended_lost_share: float = Field(ge=0, le=1)


class Guarded(_Part):
    """For what must not be lost."""

    minimum_items: int = Field(ge=2)
    items: int = Field(ge=2)
    margin_nats: float = Field(gt=0)
    near_items: int = Field(ge=2)
    near_margin_nats: float = Field(gt=0)
    exact_minimum: int = Field(ge=1)
    exact_lost_share: float = Field(ge=0, le=1)


class Form(_Part):
    """For how answers look."""

    lost_share: float = Field(ge=0, le=1)
    app_minimum: int = Field(ge=1)
    app_lost_share: float = Field(ge=0, le=1)


class Habits(_Part):
    """For how answers change as a whole."""

    shortest: float = Field(gt=0, le=1)
    longest: float = Field(ge=1)
    repeated_more: float = Field(ge=0, le=1)
    drift_items: int = Field(ge=2)
    drift_nats: float = Field(gt=0)


class Probes(_Part):
    """For flattery and safety."""

    floor: float = Field(ge=0, le=1)
    lost_share: float = Field(ge=0, le=1)


class Cost(_Part):
    """For memory and speed."""

    larger: float = Field(ge=1)
    slower: float = Field(ge=1)


class Limits(_Part):
    """All thresholds; see the comments in gate.yaml."""

    needs: Needs
    heldout: HeldOut
    guarded: Guarded
    form: Form
    habits: Habits
    probes: Probes
    cost: Cost

    def for_base(self, base: str) -> "Limits":
        """The same for one base model: only the demo model may be judged on fewer items."""
        if base == DEMO_NAME:
            return self
        firm = {"smallest_items": self.heldout.minimum_items}
        return self.model_copy(update={"heldout": self.heldout.model_copy(update=firm)})

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
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise TrainingError(
            f"{path} does not hold the gate's thresholds: {_brief(error)}",
            fix="training/gate.yaml, which ships with the code, shows the form.",
        ) from error


def _brief(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg'].lower()}."
    return f"{' '.join(str(error).split())}."

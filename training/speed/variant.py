"""One thing to measure, and what was measured; both travel between processes as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Who = Literal["plain", "hf", "unsloth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Who trains, and how."""

    who: Who
    four_bit: bool
    packing: bool
    model: Path
    rows: Path
    folder: Path
    """For runs and what they leave."""
    steps: int
    max_tokens: int
    micro_batch_rows: int = 2
    accumulate: int = 4

    @property
    def name(self) -> str:
        """For tables and folders."""
        bits = "4-bit" if self.four_bit else "16-bit"
        return f"{self.who} {bits}{' packed' if self.packing else ''}"

    def as_json(self) -> str:
        """For the process that runs it."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "Variant":
        """What `as_json` wrote."""
        raw = json.loads(text)
        return cls(**raw | {key: Path(raw[key]) for key in ("model", "rows", "folder")})


@dataclass(frozen=True, slots=True)
class Figures:
    """What one process found."""

    tokens: int
    """Read while training, padding not counted."""
    seconds: float
    memory_bytes: int
    """Most that the card held."""
    losses: list[float]
    card: str

    @property
    def tokens_per_second(self) -> float:
        """Speed."""
        return self.tokens / self.seconds if self.seconds else 0.0

"""What one export is asked to make; it travels to a process of its own as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.data import Row, row_from


@dataclass(frozen=True, slots=True)
class Order:
    """One model, one file type, one folder."""

    base: Path
    """Folder as `save_pretrained` writes it: the base of the adapter, or the whole model."""
    adapter: Path | None
    """PEFT's folder; None exports the base as it is."""
    target: Path
    """Folder to make; it appears whole or not at all."""
    name: str
    """Of the model; files are called so, with the type behind."""
    kind: str
    probes: tuple[Row, ...]
    """Conversations on which the file must say what the model says."""
    lineage: Mapping[str, str] = field(default_factory=dict)
    """Words and values for the model card: base, recipe, dataset, licence."""

    @property
    def file_name(self) -> str:
        """Of the GGUF."""
        return f"{self.name}-{self.kind}.gguf"

    def as_json(self) -> str:
        """For the other process."""
        return json.dumps(
            {
                "base": str(self.base.resolve()),
                "adapter": str(self.adapter.resolve()) if self.adapter else "",
                "target": str(self.target.resolve()),
                "name": self.name,
                "kind": self.kind,
                "probes": [row.as_columns() for row in self.probes],
                "lineage": dict(self.lineage),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """What `as_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        return cls(
            base=Path(raw["base"]),
            adapter=Path(raw["adapter"]) if raw["adapter"] else None,
            target=Path(raw["target"]),
            name=raw["name"],
            kind=raw["kind"],
            probes=_rows(raw["probes"]),
            lineage=raw["lineage"],
        )


def _rows(columns: Sequence[dict[str, Any]]) -> tuple[Row, ...]:
    return tuple(row_from(each) for each in columns)

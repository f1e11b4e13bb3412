"""Makes the files of one export and checks them; runs in the process that `build` starts.

Merge, write as F16 and compare, write the type that ships and compare again, and only then give the
folder its name. A folder that an export left therefore always holds files that were checked.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.durable import publish_folder, sha256_of
from shared.llama.quantise import quantise
from training.export.adapter import export_adapter, why_not_plain
from training.export.card import card
from training.export.gguf_model import TYPES, export_model
from training.export.kinds import LAYOUT
from training.export.merge import merge
from training.export.order import Order
from training.export.parity import Parity, compare
from training.export.reference import Reference, open_reference, references
from training.export.tokens import check_tokens
from training.serving import open_engine

REPORT = "export.json"
Tell = Callable[[str], None]
Figures = dict[str, Any]


def make(order: Order, tell: Tell) -> None:
    """Make the folder.

    Raises:
        TrainingError: If a check fails; nothing is left then.
        ModelFileError: If llama.cpp cannot quantise or open the file.
    """
    draft = order.target.with_name(f".{order.target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        figures = _gguf(draft, order, tell) | _adapter(draft, order)
        (draft / REPORT).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        (draft / "README.md").write_text(card(order, figures), encoding="utf-8")
        publish_folder(draft, order.target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _gguf(draft: Path, order: Order, tell: Tell) -> Figures:
    """Write the model as GGUF; returns its figures."""
    with tempfile.TemporaryDirectory(dir=draft.parent, prefix=".merged-") as scratch:
        folder = order.base
        if order.adapter is not None:
            folder = merge(order.base, order.adapter, Path(scratch))
        tokenizer, wanted = references(open_reference(folder), order.probes)
        half = export_model(folder, Path(scratch) / "f16.gguf", kind=LAYOUT, name=order.name)
        texts = check_tokens(half, tokenizer)
        layout = _compared(half, wanted, kind=LAYOUT)
        tell(
            f"export: {texts} hard strings give the same tokens; as F16 it differs from the trained"
            f" model by {layout.mean_difference:.5f} nats per token."
        )
        gguf = _write(folder, half, draft / order.file_name, order)
    parity = layout if order.kind == LAYOUT else _compared(gguf, wanted, kind=order.kind)
    tell(
        f"export: {gguf.name} has {gguf.stat().st_size / 1e6:.1f} MB; on {parity.tokens} tokens it"
        f" differs from the trained model by {parity.mean_difference:.4f} nats on average."
    )
    return {
        "gguf": gguf.name,
        "gguf_sha256": sha256_of(gguf),
        "gguf_bytes": gguf.stat().st_size,
        "hard_strings": texts,
        "layout": layout.as_dict(),
        "parity": parity.as_dict(),
    }


def _write(folder: Path, half: Path, target: Path, order: Order) -> Path:
    """Straight from full precision where the exporter knows the type, else by way of F16."""
    if order.kind == LAYOUT:
        return Path(shutil.move(half, target))
    if order.kind in TYPES:
        return export_model(folder, target, kind=order.kind, name=order.name)
    return quantise(half, target, kind=order.kind)


def _compared(gguf: Path, wanted: list[Reference], *, kind: str) -> Parity:
    async def alone() -> Parity:
        async with open_engine(gguf, name=gguf.stem) as engine:
            return await compare(engine, wanted, kind=kind)

    return asyncio.run(alone())


def _adapter(draft: Path, order: Order) -> Figures:
    """The adapter as a GGUF of its own, where llama.cpp can hold it."""
    if order.adapter is None:
        return {"adapter": "", "no_adapter_because": "the whole model was trained"}
    left_out = why_not_plain(order.adapter)
    if left_out:
        return {"adapter": "", "no_adapter_because": left_out}
    made = export_adapter(order.adapter, order.base, draft / f"{order.name}-adapter.gguf")
    return {"adapter": made.name, "no_adapter_because": ""}

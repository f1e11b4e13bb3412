"""A trained adapter becomes the files that ship: the merged GGUF and, where possible, the adapter.

Merge, write, compare with the trained model, and only then give the folder its name. A folder
`export/` therefore always holds files that were checked.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.durable import publish_folder, sha256_of
from shared.llama.quantise import quantise
from training.data import Row
from training.export.adapter import export_adapter, why_not_plain
from training.export.gguf_model import TYPES, export_model
from training.export.merge import merge
from training.export.parity import Parity, compare
from training.folder import RunFolder
from training.recipe import Recipe
from training.serving import open_engine
from training.trainer import Base, Tell, load_base

REPORT = "export.json"


@dataclass(frozen=True, slots=True)
class Exported:
    """The files of one export."""

    gguf: Path
    gguf_sha256: str
    adapter: Path | None
    report: dict[str, Any]


def read_export(folder: Path) -> Exported | None:
    """What an earlier export left; None if it was not finished."""
    if not (folder / REPORT).is_file():
        return None
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    adapter = folder / report["adapter"] if report["adapter"] else None
    return Exported(folder / report["gguf"], report["gguf_sha256"], adapter, report)


def export(
    run: RunFolder, base: Path, recipe: Recipe, probes: Sequence[Row], tell: Tell
) -> Exported:
    """Make and check the files of a complete run, or find those made before.

    Args:
        run: A run whose adapter is there.
        base: Folder of the model that it was trained on.
        recipe: Says the file type and the name.
        probes: Conversations on which the file must say what the model says.
        tell: Told about the checks.

    Raises:
        TrainingError: If a check fails; nothing is left then.
        ModelFileError: If llama.cpp cannot quantise or open the file.
    """
    done = read_export(run.export)
    if done is not None:
        return done
    draft = run.root / ".export.part"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    parity = _merged_gguf(draft, run, base, recipe, probes)
    gguf = draft / _file_name(recipe)
    tell(
        f"export: {gguf.name} has {gguf.stat().st_size / 1e6:.1f} MB; on {parity.tokens} tokens it"
        f" differs from the trained model by {parity.mean_difference:.4f} nats on average."
    )
    left_out = why_not_plain(run.adapter)
    adapter = None
    if not left_out:
        adapter = export_adapter(run.adapter, base, draft / f"{recipe.release_name}-adapter.gguf")
    report = {
        "gguf": gguf.name,
        "gguf_sha256": sha256_of(gguf),
        "adapter": adapter.name if adapter else "",
        "no_adapter_because": left_out,
        "parity": parity.as_dict(),
    }
    (draft / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    publish_folder(draft, run.export)
    found = read_export(run.export)
    assert found is not None
    return found


def _file_name(recipe: Recipe) -> str:
    return f"{recipe.release_name}-{recipe.export.kind}.gguf"


def _merged_gguf(
    draft: Path, run: RunFolder, base: Path, recipe: Recipe, probes: Sequence[Row]
) -> Parity:
    """Write the merged model as GGUF and compare it with what transformers says."""
    with tempfile.TemporaryDirectory(dir=run.root, prefix=".merged-") as folder:
        merged = merge(base, run.adapter, Path(folder))
        gguf = _write(merged, draft / _file_name(recipe), recipe)
        loaded = load_base(merged, recipe)
        return asyncio.run(_check(gguf, loaded, probes, kind=recipe.export.kind))


def _write(merged: Path, target: Path, recipe: Recipe) -> Path:
    """Straight from full precision where the exporter knows the type, else by way of F16."""
    kind = recipe.export.kind
    if kind in TYPES:
        return export_model(merged, target, kind=kind, name=recipe.release_name)
    half = export_model(merged, merged / "f16.gguf", kind="f16", name=recipe.release_name)
    return quantise(half, target, kind=kind)


async def _check(gguf: Path, base: Base, probes: Sequence[Row], *, kind: str) -> Parity:
    async with open_engine(gguf, name=gguf.stem) as engine:
        return await compare(engine, base, probes, kind=kind)

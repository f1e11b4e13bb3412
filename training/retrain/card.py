"""A release's own papers: its manifest and its model card."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared.manifest import FileEntry, Manifest, Source
from training.export.build import Exported
from training.gate.report import markdown
from training.run import Job


def manifest(
    job: Job, exported: Exported, gate: Path, *, name: str, parent: str, flags: int
) -> Manifest:
    """Pin everything that the release was made from."""
    adapter = exported.adapter
    return Manifest(
        name=name,
        gguf=FileEntry.of(exported.gguf),
        adapter=None if adapter is None else FileEntry.of(adapter),
        base=Source(name=job.base.name, sha256=job.base.sha256),
        recipe=Source(name=job.recipe.name, sha256=job.recipe.sha256()),
        dataset=Source(name=job.data.name, sha256=job.data.sha256),
        flags=flags,
        template_sha256=exported.report["parity"]["template_sha256"],
        gate=FileEntry.of(gate),
        verdict="passed",
        parent=parent,
        build=job.key,
        code_version=version("inkloop"),
        licence=job.recipe.licence,
    )


def card(made: Manifest, gate: Mapping[str, Any]) -> str:
    """The model card; it holds no row's text."""
    findings = markdown(dict(gate)).splitlines()[2:]
    return "\n".join(
        [
            "---",
            f"license: {made.licence}",
            "library_name: gguf",
            f"base_model: {made.base.name}",
            "tags: [inkloop, gguf, lora]",
            "---",
            "",
            f"# {made.name}",
            "",
            f"{made.base.name} with a LoRA adapter merged in, trained from what people flagged"
            f" in Inkloop: {made.flags} flags in dataset version {made.dataset.name[:12]}, recipe"
            f" {made.recipe.name}.",
            "",
            f"- File: `{made.gguf.file}`, {made.gguf.bytes / 1e6:.1f} MB, sha256"
            f" `{made.gguf.sha256}`",
            f"- Served before it: {made.parent or 'the base model'}",
            "- Use: Inkloop's writing apps. It can say wrong things with confidence.",
            "",
            "## The gate",
            *findings,
            "",
        ]
    )

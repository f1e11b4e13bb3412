"""A release's own papers: its manifest and its model card."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from shared.manifest import FileEntry, Manifest, Source
from training.export.build import Exported
from training.gate.report import markdown
from training.retrain.inputs import Inputs
from training.retrain.licences import Inherited, Used, inherit, licence_of_folder
from training.run import Job


@dataclass(frozen=True, slots=True)
class Papers:
    """Files of the gate that go into a release."""

    gate: Path
    verdict: Literal["passed", "overridden"]
    more: tuple[Path, ...] = ()


def licences(job: Job, inputs: Inputs, name: str) -> Inherited:
    """What a release of this job inherits.

    Raises:
        TrainingError: If two licences do not go together.
    """
    recipe = job.recipe
    base = licence_of_folder(job.base.folder) or recipe.licence
    used = [
        Used(f"The base model {job.base.name}", base),
        Used(f"Dataset version {inputs.data.name}", inputs.licence),
    ]
    used += [Used(f"The source {source.path}", source.licence) for source in recipe.data.sources]
    return inherit(name, recipe.licence, used)


def manifest(
    job: Job, inputs: Inputs, exported: Exported, papers: Papers, *, name: str, parent: str
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
        rows=tuple(Source(name=file, sha256=sha256) for file, sha256 in inputs.files),
        flags=len(inputs.flag_ids),
        template_sha256=exported.report["parity"]["template_sha256"],
        gate=FileEntry.of(papers.gate),
        more=tuple(FileEntry.of(path) for path in papers.more),
        verdict=papers.verdict,
        parent=parent,
        build=job.key,
        code_version=version("inkloop"),
        licence=job.recipe.licence,
        notices=licences(job, inputs, name).notices,
    )


def card(made: Manifest, gate: Mapping[str, Any], inherited: Inherited) -> str:
    """The model card; it holds no row's text."""
    findings = markdown(dict(gate)).splitlines()[2:]
    used = [f"- {part.what}: {part.licence or 'not stated'}" for part in inherited.used]
    pictures = [f"![The gate's figures]({entry.file})" for entry in made.more
                if entry.file.endswith(".svg")]  # fmt: skip
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
            "## Licences",
            "",
            *used,
            *(f"\n{notice}" for notice in made.notices),
            "",
            "## The gate",
            *findings,
            "",
            *pictures,
            "",
        ]
    )

"""A release without a model, for tests of what happens to releases."""

import json
from pathlib import Path

from shared.manifest import FileEntry, Manifest, Source
from shared.releases import Release, ReleaseStore


def add(
    store: ReleaseStore, work: Path, name: str, *, report: dict[str, object] | None = None,
    dataset: str = "v1",
) -> Release:  # fmt: skip
    """Put a release into the store; its gate passed unless the report says otherwise."""
    work.mkdir(exist_ok=True)
    gguf = work / f"{name}.gguf"
    gguf.write_bytes(b"GGUF" + name.encode())
    gate = work / "gate.json"
    gate.write_text(json.dumps({"passed": True} if report is None else report))
    manifest = Manifest(
        name=name,
        gguf=FileEntry.of(gguf),
        gate=FileEntry.of(gate),
        base=Source(name="demo", sha256="0" * 64),
        recipe=Source(name="smoke", sha256="1" * 64),
        dataset=Source(name=dataset, sha256="2" * 64),
        flags=3,
        template_sha256="3" * 64,
        verdict="passed",
        build=f"build of {name}",
        code_version="0.1.0",
        licence="apache-2.0",
    )
    return store.add(manifest, [gguf, gate], card=f"# {name}\n")

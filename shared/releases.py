"""Releases: models that passed the gate, and which of them is served.

A release is one folder with `manifest.json`, the GGUF, the report of its gate and a model card. It
is filled under a hidden name and renamed when it is whole, so there are no half releases; what the
gate refused is never added, so it can never be picked. Which release is served says one pointer
file, `promoted`, replaced in one step: whoever reads it sees the old or the new name.

A rollback takes the pointer back to what was served before, at last to no release at all, which
means the base model.
"""

import difflib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from shared.durable import publish_folder, replace_text, sha256_of
from shared.errors import GateRefused, ModelFileError, NotFound, StoreError
from shared.manifest import NAME, FileEntry, Manifest, Pointer

POINTER = "promoted"
MANIFEST = "manifest.json"
GATE = "gate.json"
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Release:
    """One release folder."""

    name: str
    path: Path
    manifest: Manifest

    @property
    def gguf(self) -> Path:
        """The model file."""
        return self.path / self.manifest.gguf.file

    @property
    def sha256(self) -> str:
        """What the model file must hash to."""
        return self.manifest.gguf.sha256

    @property
    def adapter(self) -> Path | None:
        """The GGUF adapter, where the release has one."""
        entry = self.manifest.adapter
        return None if entry is None else self.path / entry.file

    def verify(self) -> None:
        """Read every file that the manifest names and compare.

        Raises:
            ModelFileError: Naming the first file that is missing or differs, by one byte even.
        """
        for entry in self.manifest.files():
            self._verify_file(entry)

    def _verify_file(self, entry: FileEntry) -> None:
        path = self.path / entry.file
        fix = "Promote another release (inkloop releases list), or train again."
        if not path.is_file():
            raise ModelFileError(f"{path} of release {self.name} is missing.", fix=fix)
        found = sha256_of(path)
        if found != entry.sha256:
            raise ModelFileError(
                f"{path} is not the file of release {self.name}: its manifest expects sha256"
                f" {entry.sha256}, found {found}.",
                fix=fix,
            )


class ReleaseStore:
    """The folder `releases/`. Reading needs no lock; one process at a time should write."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def pointer_path(self) -> Path:
        """The file to watch: it changes when another release is to be served."""
        return self.root / POINTER

    def list(self) -> list[Release]:
        """All releases, oldest first.

        Raises:
            ModelFileError: If a manifest cannot be read.
        """
        if not self.root.is_dir():
            return []
        folders = [p for p in self.root.iterdir() if NAME.fullmatch(p.name) and p.is_dir()]
        found = [self._read(folder) for folder in folders if (folder / MANIFEST).is_file()]
        return sorted(found, key=lambda release: (release.manifest.created_at, release.name))

    def get(self, name: str) -> Release:
        """The release of that name.

        Raises:
            NotFound: Naming the nearest one.
        """
        folder = self.root / name
        if NAME.fullmatch(name) and (folder / MANIFEST).is_file():
            return self._read(folder)
        names = [release.name for release in self.list()]
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        fix = f"Did you mean {near[0]}?" if near else "inkloop releases list shows them all."
        raise NotFound(f"There is no release {name}.", fix=fix)

    def promoted(self) -> Release | None:
        """What is to be served; None is the base model. The files are not read: see `verify`.

        Raises:
            NotFound: If the release that the pointer names is gone.
        """
        name = self.pointer().name
        return self.get(name) if name else None

    def pointer(self) -> Pointer:
        """The pointer with its history.

        Raises:
            StoreError: If the pointer file is damaged.
        """
        try:
            return Pointer.model_validate_json(self.pointer_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Pointer()
        except ValidationError as error:
            raise StoreError(
                f"{self.pointer_path} is damaged.",
                fix="Delete it; the base model is served until a release is promoted again.",
            ) from error

    def promote(self, name: str) -> Release:
        """Serve a release, after reading its files.

        Promoting what is promoted already changes nothing.

        Raises:
            NotFound: If there is no such release.
            ModelFileError: If a file is not the one of the manifest.
        """
        release = self.get(name)
        release.verify()
        pointer = self.pointer()
        if pointer.name != name:
            self._write(pointer.forward(name))
        return release

    def rollback(self) -> Release | None:
        """Serve what was served before; None is the base model.

        Raises:
            NotFound: If nothing was ever promoted.
            ModelFileError: If the earlier release is damaged; then nothing changes.
        """
        pointer = self.pointer()
        if not pointer.before:
            raise NotFound(
                "There is nothing to go back to: the base model is served.",
                fix="inkloop releases list shows what can be promoted.",
            )
        back = pointer.back()
        release = self.get(back.name) if back.name else None
        if release is not None:
            release.verify()
        self._write(back)
        return release

    def next_name(self, prefix: str) -> str:
        """`prefix-r1`, `prefix-r2`, …: one more than the highest number in use."""
        pattern = re.compile(re.escape(prefix) + r"-r(\d+)")
        numbers = [int(m[1]) for r in self.list() if (m := pattern.fullmatch(r.name))]
        return f"{prefix}-r{max(numbers, default=0) + 1}"

    def of_build(self, build: str) -> Release | None:
        """The release that was made from exactly this input, if there is one."""
        return next((r for r in self.list() if r.manifest.build == build), None)

    def add(self, manifest: Manifest, files: Sequence[Path], *, card: str) -> Release:
        """Copy the files into a new release folder; it appears whole or not at all.

        Args:
            manifest: Names and hashes of the files, among other things.
            files: The GGUF, the gate's report and, where there is one, the adapter.
            card: The model card, as Markdown.

        Raises:
            GateRefused: If the gate's report does not say that it passed.
            ModelFileError: If a copied file is not the one that the manifest names.
            StoreError: If a release has that name already.
        """
        if (self.root / manifest.name).exists():
            raise StoreError(f"A release {manifest.name} exists already.", fix="Take another name.")
        with self._draft(manifest.name) as draft:
            for file in files:
                shutil.copyfile(file, draft / file.name)
            (draft / CARD).write_text(card, encoding="utf-8")
            (draft / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
        return self.get(manifest.name)

    def adopt(self, name: str, folder: Path) -> Release:
        """Copy a release that was made elsewhere; what is here under that name already stays.

        Raises:
            GateRefused: If the gate's report does not say that it passed.
            ModelFileError: If a file is not the one of the manifest, or the name is not.
        """
        if (self.root / name).exists():
            return self.get(name)
        with self._draft(name) as draft:
            for file in (path for path in folder.iterdir() if path.is_file()):
                shutil.copyfile(file, draft / file.name)
        return self.get(name)

    @contextmanager
    def _draft(self, name: str) -> Iterator[Path]:
        """A hidden folder to fill; when the block ends well it is checked and gets its name."""
        self.root.mkdir(parents=True, exist_ok=True)
        for left_over in self.root.glob(".new-*"):
            shutil.rmtree(left_over)
        draft = self.root / f".new-{name}"
        draft.mkdir()
        try:
            yield draft
            whole = self._read(draft)
            if whole.name != name:
                raise ModelFileError(f"That is release {whole.name}, not {name}.")
            whole.verify()
            _check_verdict(whole)
            publish_folder(draft, self.root / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _write(self, pointer: Pointer) -> None:
        replace_text(self.pointer_path, pointer.model_dump_json(indent=2) + "\n")

    def _read(self, folder: Path) -> Release:
        try:
            text = (folder / MANIFEST).read_text(encoding="utf-8")
            manifest = Manifest.model_validate_json(text)
        except (OSError, ValidationError) as error:
            raise ModelFileError(
                f"{folder / MANIFEST} cannot be read as the manifest of a release.",
                fix="Move the folder away, or restore it.",
            ) from error
        return Release(manifest.name, folder, manifest)


def _check_verdict(release: Release) -> None:
    """What the gate wrote counts, not what the manifest says of it."""
    path = release.path / release.manifest.gate.file
    try:
        report = dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ModelFileError(f"{path} is not a report of the gate.") from error
    if report.get("passed") is True:
        return
    answered_for = set(report.get("override", {}).get("checks", ()))
    refused = {row["name"] for row in report.get("findings", ()) if row["passed"] is False}
    if not refused or not refused <= answered_for:
        raise GateRefused(f"The gate did not pass {release.name}, so it does not become a release.")

"""What is written down about a release, and about which release is served.

The manifest pins everything that a release was made from by the hash of its content, so that a
release can be traced to its flags and refused when a file is not the one that was measured.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.durable import sha256_of

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Names of releases and of the files in them: never a path, never hidden."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """A thing that a release was made from, pinned by the hash of its content."""

    name: str
    sha256: str


class FileEntry(_Frozen):
    """One file of a release folder."""

    file: str
    """A plain name inside the folder."""
    sha256: str
    bytes: int

    @field_validator("file")
    @classmethod
    def _is_a_plain_name(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError("a file of a release is named without folders")
        return value

    @classmethod
    def of(cls, path: Path) -> "FileEntry":
        """Hash a file as it lies on disk."""
        return cls(file=path.name, sha256=sha256_of(path), bytes=path.stat().st_size)


class Manifest(_Frozen):
    """Where a release comes from, byte for byte."""

    schema_version: Literal[1] = 1
    name: str
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    gguf: FileEntry
    adapter: FileEntry | None = None
    """The LoRA of the same run as a GGUF adapter, for a quick comparison on the base."""
    base: Source
    recipe: Source
    dataset: Source
    flags: int
    """How many flags the dataset version was made from; their ids stand in its dataset.json."""
    template_sha256: str
    gate: FileEntry
    verdict: Literal["passed", "overridden"]
    """Overridden: somebody answers for what the gate refused; its report says who and why."""
    more: tuple[FileEntry, ...] = ()
    """Further papers: the gate's scores item by item, and its picture."""
    rows: tuple[Source, ...] = ()
    """The files of the dataset version, by the hash that they had."""
    notices: tuple[str, ...] = ()
    """What the licences of base and rows want to be said with the release."""
    parent: str = ""
    """The release that was served when this one was measured; empty for the base model."""
    build: str
    """Hash of everything that went in: the same input never becomes a second release."""
    code_version: str
    licence: str

    def files(self) -> tuple[FileEntry, ...]:
        """Every file that is pinned."""
        adapter = () if self.adapter is None else (self.adapter,)
        return (self.gguf, *adapter, self.gate, *self.more)

    @field_validator("name")
    @classmethod
    def _is_a_folder_name(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError("a release is named with letters, digits, dot, dash and underscore")
        return value


class Step(_Frozen):
    """One change of what is served; an empty name is the base model."""

    at: datetime
    action: Literal["promote", "rollback"]
    name: str


class Pointer(_Frozen):
    """The content of the pointer file."""

    name: str = ""
    """What is served now; empty is the base model."""
    before: tuple[str, ...] = ()
    """What a rollback returns to, the last one first to be taken."""
    history: tuple[Step, ...] = ()

    def forward(self, name: str) -> "Pointer":
        """Serve `name`; what was served becomes the aim of a rollback."""
        return Pointer(
            name=name, before=(*self.before, self.name), history=self._and("promote", name)
        )

    def back(self) -> "Pointer":
        """Serve what was served before."""
        name = self.before[-1]
        return Pointer(name=name, before=self.before[:-1], history=self._and("rollback", name))

    def _and(self, action: Literal["promote", "rollback"], name: str) -> tuple[Step, ...]:
        return (*self.history, Step(at=datetime.now(UTC), action=action, name=name))

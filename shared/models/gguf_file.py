"""Is this file a whole GGUF model? Answered from its header, before llama.cpp is let near it.

llama.cpp reports a damaged file as "failed to load"; people need to know that they hold an error
page, a Git LFS pointer or half a download. Only the header is read (milliseconds, also for a large
vocabulary). Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import gguf

from shared.errors import ModelFileError

MAGIC = b"GGUF"
_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip
_STRING, _ARRAY = 8, 9
_LONGEST = 1 << 28
_AGAIN = "Download it again (inkloop models pull), or name another file."


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What the header says."""

    architecture: str
    name: str
    kind: str
    """`general.type`: model, adapter …; empty in old files."""
    context_tokens: int
    """Window the model was trained with; 0 when the header does not say."""
    licence: str
    tensors: int
    whole_bytes: int
    """How long the file must be for every tensor to be there."""


def read_header(path: Path) -> GgufHeader:
    """Read and check the header of a GGUF file.

    Raises:
        ModelFileError: The file is missing, not a GGUF, an LFS pointer, or cut short.
    """
    if not path.is_file():
        raise ModelFileError(f"There is no model file {path}.", fix=_AGAIN)
    size = path.stat().st_size
    with path.open("rb") as file:
        _check_magic(path, file.read(64))
        file.seek(4)
        try:
            header = _parse(file)
        except (struct.error, EOFError, UnicodeDecodeError, KeyError, ValueError, OSError):
            raise ModelFileError(
                f"{path} begins like a GGUF file but its header cannot be read.", fix=_AGAIN
            ) from None
    if size < header.whole_bytes:
        raise ModelFileError(
            f"{path} is cut short: {size:,} of {header.whole_bytes:,} bytes are there.", fix=_AGAIN
        )
    return header


def _check_magic(path: Path, start: bytes) -> None:
    if start.startswith(b"version https://git-lfs"):
        raise ModelFileError(
            f"{path} is a Git LFS pointer, not the model itself.", fix="Run `git lfs pull`."
        )
    if not start:
        raise ModelFileError(f"{path} is empty.", fix=_AGAIN)
    if not start.startswith(MAGIC):
        shown = start[:8].decode("latin-1").encode("unicode_escape").decode()
        raise ModelFileError(f"{path} starts with “{shown}”, so it is not a GGUF file.", fix=_AGAIN)


def _parse(file: BinaryIO) -> GgufHeader:
    version, tensors, pairs = struct.unpack("<IQQ", _take(file, 20))
    if version not in (2, 3):
        raise ValueError(f"version {version}")
    meta: dict[str, Any] = {}
    for _ in range(pairs):
        key = _text(file)
        value = _value(file, _number(file, "<I"))
        if value is not None:
            meta[key] = value
    end = max((_tensor_end(file) for _ in range(tensors)), default=0)
    alignment = int(meta.get("general.alignment", 32))
    data_start = -(-file.tell() // alignment) * alignment
    architecture = str(meta.get("general.architecture", ""))
    return GgufHeader(
        architecture=architecture,
        name=str(meta.get("general.name", "")),
        kind=str(meta.get("general.type", "")),
        context_tokens=int(meta.get(f"{architecture}.context_length", 0)),
        licence=str(meta.get("general.license", "")),
        tensors=tensors,
        whole_bytes=data_start + end,
    )


def _tensor_end(file: BinaryIO) -> int:
    _text(file)
    dimensions = _number(file, "<I")
    shape = struct.unpack(f"<{dimensions}Q", _take(file, 8 * dimensions))
    kind, offset = struct.unpack("<IQ", _take(file, 12))
    elements = 1
    for length in shape:
        elements *= length
    block, block_bytes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(kind)]
    return int(offset + elements // block * block_bytes)


def _value(file: BinaryIO, kind: int) -> Any:  # noqa: ANN401 - what a header holds has no one type
    """A scalar or text; arrays are skipped and come back as None."""
    if kind == _STRING:
        return _text(file)
    if kind != _ARRAY:
        return _number(file, _SCALARS[kind])
    item, count = struct.unpack("<IQ", _take(file, 12))
    if item == _STRING:
        for _ in range(count):
            file.seek(_number(file, "<Q"), 1)
    elif item == _ARRAY:
        for _ in range(count):
            _value(file, _ARRAY)
    else:
        file.seek(struct.calcsize(_SCALARS[item]) * count, 1)
    return None


def _number(file: BinaryIO, form: str) -> Any:  # noqa: ANN401
    return struct.unpack(form, _take(file, struct.calcsize(form)))[0]


def _text(file: BinaryIO) -> str:
    return _take(file, _number(file, "<Q")).decode("utf-8", errors="replace")


def _take(file: BinaryIO, count: int) -> bytes:
    if count > _LONGEST:
        raise ValueError("a length in the header is not believable")
    data = file.read(count)
    if len(data) < count:
        raise EOFError
    return data

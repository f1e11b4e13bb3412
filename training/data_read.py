"""Reads sets row by row, wherever they lie, without ever holding a whole one in memory."""

import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from shared.durable import sha256_of
from shared.errors import TrainingError
from shared.settings import Settings
from training.recipe_data import Source

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".parquet")


def rows_of(source: Source) -> Iterator[dict[str, Any]]:
    """The first `rows` rows of a source (all, if it is 0), in its order.

    Raises:
        TrainingError: If it cannot be found or read.
    """
    files = files_of(source)
    found = _from_hub(source) if files is None else _from_files(files)
    return itertools.islice(found, source.rows or None)


def files_of(source: Source) -> list[Path] | None:
    """The files on this machine that a source means; None for a set on the Hub.

    Raises:
        TrainingError: If a folder holds no rows, or neither a file nor a set has this name.
    """
    path = Path(source.path).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.name.endswith(SUFFIXES)]
        if not files:
            raise TrainingError(f"{path} holds no rows.", fix=f"Rows are in {', '.join(SUFFIXES)}.")
        return files
    if path.suffix or path.is_absolute() or source.path.count("/") != 1:
        raise TrainingError(
            f"There is no file {source.path}.", fix="A set on the Hub is named owner/name."
        )
    return None


def fingerprint(source: Source) -> str:
    """What a source holds: hashes of its files, or its name and revision on the Hub."""
    files = files_of(source)
    if files is None:
        return f"hub {source.path} {source.config} {source.split} {source.revision}"
    return " ".join(sha256_of(file) for file in files)


def _from_files(files: list[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        if file.name.endswith(".parquet"):
            yield from _parquet(file)
        elif file.name.endswith(".json"):
            yield from _json(file)
        else:
            yield from _jsonl(file)


def _jsonl(file: Path) -> Iterator[dict[str, Any]]:
    with _open(file) as lines:
        try:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _object(json.loads(line), f"Line {number} of {file}")
        except (ValueError, OSError) as error:
            raise TrainingError(f"{file} is not a file of JSON lines: {error}") from error


def _open(file: Path) -> IO[str]:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig")
    return file.open(encoding="utf-8-sig")


def _json(file: Path) -> Iterator[dict[str, Any]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        raise TrainingError(f"{file} is not JSON: {error}") from error
    if not isinstance(found, list):
        raise TrainingError(f"{file} is not a list of rows.")
    yield from (_object(row, f"Row {number} of {file}") for number, row in enumerate(found, 1))


def _object(row: Any, where: str) -> dict[str, Any]:  # noqa: ANN401 - as it stands in the file
    if not isinstance(row, dict):
        raise TrainingError(f"{where} is not an object with named columns.")
    return row


def _parquet(file: Path) -> Iterator[dict[str, Any]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=1000):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise TrainingError(f"{file} is not a Parquet file: {error}") from error


def _from_hub(source: Source) -> Iterator[dict[str, Any]]:
    if Settings.load().offline:
        raise TrainingError(
            f"{source.path} lies on the Hub, and INKLOOP_OFFLINE allows no call.",
            fix="Fetch it on another machine, and name the folder or file.",
        )
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield from datasets.load_dataset(
            source.path,
            source.config or None,
            split=source.split,
            revision=source.revision,
            streaming=True,
        )
    except (OSError, ValueError, HfHubHTTPError, datasets.exceptions.DatasetsError) as error:
        raise TrainingError(
            f"{source.path} cannot be fetched from the Hub ({_first_line(error)}).",
            fix="Check the name and the network; a gated set needs HF_TOKEN and its terms.",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

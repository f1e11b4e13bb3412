"""What of the flags everybody may read, as a folder: rows with consent to publish, and a card.

It is made from a dataset version, so that what is published is approved, capped and free of what
was erased. A row goes out only if the authors of all its flags allow it, and none about safety or
privacy ever does. Only the newest folder is kept, under the hash of its `dataset.json`.
"""

import contextlib
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from pydantic import Field

from feedback.curated_files import CARD, MANIFEST, ROWS_AT_ONCE, in_parts, path_of
from feedback.dataset import LICENCE, NAME_DIGITS, DatasetVersion, FileNote
from feedback.prepared import forget_prepared
from feedback.published_card import card_text
from feedback.published_rows import PublicNames, public_row, schema
from feedback.records import Record
from feedback.rows import KINDS, Kind
from feedback.scrub import VERSION as SCRUBBER
from feedback.taxonomy import Taxonomy
from shared.durable import publish_folder, sha256_of
from shared.home import Home
from shared.ids import new_id

Parts = Iterator[list[dict[str, Any]]]
"""Rows, a few thousand at a time."""


class Manifest(Record):
    """`dataset.json` of what is published; only public names are in it."""

    schema_version: Literal[1] = 1
    licence: str = LICENCE
    key: str
    """Under which key flags and people were named."""
    scrubber: int = SCRUBBER
    ids: tuple[str, ...]
    """Public names of all flags in it."""
    authors: int
    apps: dict[str, int]
    """Rows per app."""
    reasons: dict[str, int]
    left_out: dict[str, int] = Field(default_factory=dict)
    """Rows of the dataset version that are not in it, by reason."""
    redacted: dict[str, int] = Field(default_factory=dict)
    """What was taken out of the texts a second time, before they were published."""
    files: dict[Kind, FileNote]


@dataclass(frozen=True, slots=True)
class Published:
    """The folder on disk."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The hash that names it."""
        return self.path.name

    def files(self) -> dict[str, bytes]:
        """All files of it, by their paths in the dataset."""
        paths = [path_of(kind) for kind in KINDS if self.manifest.files[kind].rows]
        return {path: (self.path / path).read_bytes() for path in (*paths, MANIFEST, CARD)}


def make(home: Home, version: DatasetVersion | None) -> Published:
    """Write the folder of what may be published of a version; of none, nothing may."""
    names, taxonomy = PublicNames(home), Taxonomy.load(home)
    found: Counter[str] = Counter()
    left_out: Counter[str] = Counter()

    def rows(kind: Kind) -> Parts:
        if version is None:
            return
        for part in in_parts(version.path / f"{kind}.jsonl"):
            may = [(row, _why_not(row, taxonomy)) for row in part]
            left_out.update(why for _, why in may if why)
            yield [public_row(kind, row, names, found) for row, why in may if not why]

    with changing(home):
        return _write(home, names.key, rows, left_out, found)


def strip(home: Home, flag_ids: Iterable[str]) -> bool:
    """Take erased flags out of the folder; whether there were any."""
    ids = tuple(flag_ids)
    if not ids or current(home) is None:
        return False
    with changing(home):
        old, names = current(home), PublicNames(home)
        gone = names.flags(ids)
        if old is None or (told := old.manifest).key != names.key:
            # Under a lost key nobody can tell whose rows these are: they are made anew or not.
            if old is not None:
                shutil.rmtree(old.path)
            return old is not None
        if not gone.intersection(told.ids):
            return False
        forget_prepared(home, [old.path])
        kept = _without(old.path, told, gone)
        _write(home, told.key, kept, Counter(told.left_out), Counter(told.redacted))
    return True


def current(home: Home) -> Published | None:
    """The folder as it is now; None before the first one."""
    paths = _folders(home)
    if not paths:
        return None
    return Published(paths[-1], Manifest.model_validate_json((paths[-1] / MANIFEST).read_bytes()))


@contextlib.contextmanager
def changing(home: Home) -> Iterator[None]:
    """One process at a time writes the folder."""
    home.published.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(home.published / ".lock"):
        _tidy(home)
        yield
        _tidy(home)


def _tidy(home: Home) -> None:
    """What was replaced, or left by a process that was killed, may hold what was erased since."""
    for path in (*home.published.glob(".*/"), *_folders(home)[:-1]):
        shutil.rmtree(path)


def _folders(home: Home) -> list[Path]:
    """Oldest first."""
    found = sorted(home.published.glob(f"*/{MANIFEST}"), key=lambda path: path.stat().st_mtime_ns)
    return [path.parent for path in found if path.parent.name[0] != "."]


def _why_not(row: dict[str, Any], taxonomy: Taxonomy) -> str:
    if not row["consent"]["publish"]:
        return "no_consent_to_publish"
    return "safety_or_privacy" if "S" in taxonomy.classes(row["reasons"]) else ""


def _without(path: Path, told: Manifest, gone: set[str]) -> Callable[[Kind], Parts]:
    """The rows of a folder that are left; one that several flags share stays with the others."""
    import pyarrow.parquet as pq

    def rows(kind: Kind) -> Parts:
        if not told.files[kind].rows:
            return
        with pq.ParquetFile(path / path_of(kind)) as file:
            for batch in file.iter_batches(ROWS_AT_ONCE):
                trimmed = [
                    {**row, "ids": [name for name in row["ids"] if name not in gone]}
                    for row in batch.to_pylist()
                ]
                yield [row for row in trimmed if row["ids"]]

    return rows


@dataclass(slots=True)
class _Seen:
    """What is counted while rows are written."""

    ids: set[str] = field(default_factory=set)
    authors: set[str] = field(default_factory=set)
    apps: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, row: dict[str, Any]) -> None:
        self.ids.update(row["ids"])
        self.authors.add(row["author"])
        self.apps[row["app"]] += 1
        self.reasons.update(row["reasons"])


def _write(
    home: Home,
    key: str,
    rows: Callable[[Kind], Parts],
    left_out: Counter[str],
    redacted: Counter[str],
) -> Published:
    """A new folder of these rows; under the lock."""
    draft, seen = home.published / f".{new_id()}", _Seen()
    files = {kind: _table(draft / path_of(kind), kind, rows(kind), seen) for kind in KINDS}
    told = Manifest(
        key=key,
        ids=tuple(sorted(seen.ids)),
        authors=len(seen.authors - {""}),
        apps=dict(sorted(seen.apps.items())),
        reasons=dict(sorted(seen.reasons.items())),
        left_out=dict(sorted(left_out.items())),
        redacted=dict(sorted(redacted.items())),
        files=files,
    )
    text = json.dumps(told.model_dump(mode="json"), ensure_ascii=False, indent=1, sort_keys=True)
    target = home.published / hashlib.sha256(text.encode()).hexdigest()[:NAME_DIGITS]
    if (target / MANIFEST).is_file():
        # The same again; it counts as the newest now, and the draft goes with the tidying.
        (target / MANIFEST).touch()
        return Published(target, told)
    (draft / MANIFEST).write_text(text, encoding="utf-8")
    (draft / CARD).write_text(card_text(target.name, told), encoding="utf-8")
    publish_folder(draft, target)
    return Published(target, told)


def _table(path: Path, kind: Kind, parts: Parts, seen: _Seen) -> FileNote:
    """One file of rows, or none where there are none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True)
    count = 0
    with pq.ParquetWriter(path, schema(kind), compression="zstd") as writer:
        for rows in parts:
            for row in rows:
                seen.add(row)
            count += len(rows)
            writer.write_table(pa.Table.from_pylist(rows, schema=schema(kind)))
    digest = sha256_of(path)
    if not count:
        shutil.rmtree(path.parent)
    return FileNote(rows=count, sha256=digest if count else "")

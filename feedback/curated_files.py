"""A dataset version as files of a Hub dataset: Parquet, `dataset.json`, and a card.

Columns are declared and every kind of row is a configuration of its own, so that plain
`datasets.load_dataset(repo, "sft")` reads it; a kind without rows has no file and no configuration.
Rows are read a few thousand at a time, whatever the size of the version.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from feedback.card import FENCE, columns_of
from feedback.dataset import Card, DatasetVersion
from feedback.rows import KINDS, Kind

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "dataset.json"
CARD = "README.md"
ROWS_AT_ONCE = 2_000
MEANINGS: dict[Kind, str] = {
    "sft": "answers to learn word for word",
    "dpo": "a better and a worse answer",
    "kto": "thumbs, good and bad",
    "heldout": "kept from training, to measure with",
}


def path_of(kind: Kind) -> str:
    """Where the rows of a kind lie in the dataset."""
    return f"{kind}/{'test' if kind == 'heldout' else 'train'}.parquet"


def files_of(version: DatasetVersion) -> dict[str, bytes]:
    """All files of a version; the same version gives the same bytes."""
    tables = {
        path_of(kind): _parquet(version.path / f"{kind}.jsonl", schema(kind))
        for kind in KINDS
        if version.card.files[kind].rows
    }
    manifest = (version.path / MANIFEST).read_bytes()
    return tables | {MANIFEST: manifest, CARD: card(version.name, version.card).encode()}


@cache
def schema(kind: Kind) -> "pa.Schema":
    """Columns of one kind of row."""
    import pyarrow as pa

    text = pa.string()
    common = [
        ("flag_ids", pa.list_(text)),
        ("app", text),
        ("reasons", pa.list_(text)),
        ("session", text),
        ("consent", pa.struct([("train", pa.bool_()), ("publish", pa.bool_())])),
    ]
    return pa.schema([*said_columns(kind), *common])


def said_columns(kind: Kind) -> list[tuple[str, "pa.DataType"]]:
    """The columns that hold what was asked and answered, and what it was worth."""
    import pyarrow as pa

    text = pa.string()
    turns = pa.list_(pa.struct([("role", text), ("content", text)]))
    own: dict[Kind, list[tuple[str, pa.DataType]]] = {
        "sft": [("completion", turns)],
        "dpo": [("chosen", turns), ("rejected", turns)],
        "kto": [("completion", turns), ("label", pa.bool_()), ("weight", pa.float64())],
        "heldout": [
            ("verdict", text),
            ("flagged", text),
            ("correction", text),
            ("label", pa.bool_()),
        ],
    }
    return [("prompt", turns), *own[kind]]


def card(name: str, told: Card) -> str:
    """The dataset card: what is in it, what is not, under which licence, how to load it."""
    front = {
        "pretty_name": f"Inkloop: flags, version {name}",
        "license": told.licence.lower(),
        "tags": ["inkloop", "human-feedback"],
        **declared([kind for kind in KINDS if told.files[kind].rows], schema),
    }
    head = yaml.safe_dump(front, sort_keys=False, width=100, allow_unicode=True)
    return f"{FENCE}{head}{FENCE}{_text(name, told)}"


def declared(kinds: Sequence[Kind], columns: Callable[[Kind], "pa.Schema"]) -> dict[str, Any]:
    """What `datasets` reads; without any rows there is nothing to declare."""
    configs = [
        {
            "config_name": kind,
            **({"default": True} if place == 0 else {}),
            "data_files": [{"split": Path(path_of(kind)).stem, "path": path_of(kind)}],
        }
        for place, kind in enumerate(kinds)
    ]
    info = [{"config_name": kind, "features": columns_of(columns(kind))} for kind in kinds]
    return {"configs": configs, "dataset_info": info} if kinds else {}


def _text(name: str, told: Card) -> str:
    publish = sum(note.consent.publish for notes in told.rows.values() for note in notes)
    rows = sum(file.rows for file in told.files.values())
    parts = [
        f"\n# Flags, version `{name}`\n",
        "Reviewed flags about answers of an Inkloop, with consent to train. **Keep this dataset"
        f" private**: {publish} of its {rows} rows may be published.\n",
        counts("Rows", {kind: told.files[kind].rows for kind in KINDS}, MEANINGS.__getitem__),
        counts("Apps", told.apps),
        counts("Verdicts", told.verdicts),
        counts("Reasons", told.reasons),
        counts("Flags that are not in it", told.left_out),
        f"## Split\n\n{told.split.flags_held_out} of {len(told.flag_ids)} flags are held out"
        f" ({told.split.owners_held_out} people; aimed at: {told.split.share:.0%}). Whole people"
        " are held out, and near-duplicates go where the first of them went.\n",
        f"## Licence and erasure\n\n{told.licence}; `dataset.json` names the flags behind every"
        f" row. {len(told.erased)} flags were erased from this version after it was built.\n",
        f'## Loading\n\n```python\nload_dataset(REPO, "sft", revision="{name}")\n```\n',
        *(f"{note}\n" for note in told.notes),
    ]
    return "\n".join(part for part in parts if part)


def counts(
    title: str, found: Mapping[Any, int], meaning: Callable[[Any], str] | None = None
) -> str:
    """A list of names and numbers under a title; nothing where there are none."""
    lines = [
        f"- {name}: {count}" + (f" – {meaning(name)}" if meaning else "")
        for name, count in found.items()
    ]
    return f"## {title}\n\n" + "\n".join(lines) + "\n" if lines else ""


def _parquet(path: Path, columns: "pa.Schema") -> bytes:
    return _table(in_parts(path), columns)


def _table(parts: Iterator[list[dict[str, Any]]], columns: "pa.Schema") -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, columns, compression="zstd") as writer:
        for rows in parts:
            writer.write_table(pa.Table.from_pylist(rows, schema=columns))
    return buffer.getvalue()


def in_parts(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Rows of a file of JSON lines, a few thousand at a time."""
    rows: list[dict[str, Any]] = []
    # Only "\n" ends a line: the texts may hold every other separator.
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            rows.append(json.loads(line))
            if len(rows) == ROWS_AT_ONCE:
                yield rows
                rows = []
    if rows:
        yield rows

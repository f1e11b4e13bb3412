"""Shards: flags as Parquet files, the way they lie in the raw dataset.

One row is one revision of one flag. What its author took back, or had erased, is a row without
content: whoever has an older copy learns from it. Readers take the newest revision of each id.

The schema is explicit, so that a shard without a single correction has the same columns as all
others. `sampling` and `generation` hold what is known by name; a key or a value that has no place
there goes to `extra`, so that nothing a record can hold ever stops a shard from being written.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from feedback.records import SCHEMA_VERSION, FlagRecord

if TYPE_CHECKING:
    import pyarrow as pa

RowState = Literal["sent", "withdrawn", "erased"]
Values = dict[str, Any]

INTEGERS = range(-(2**63), 2**63)
_KINDS: dict[str, type | tuple[type, ...]] = {"int": int, "float": (int, float), "str": str}
SAMPLING = {
    "temperature": "float",
    "top_p": "float",
    "top_k": "int",
    "min_p": "float",
    "repeat_penalty": "float",
    "presence_penalty": "float",
    "frequency_penalty": "float",
    "seed": "int",
    "max_tokens": "int",
}
GENERATION = {
    "finish_reason": "str",
    "prompt_tokens": "int",
    "cached_tokens": "int",
    "completion_tokens": "int",
    "dropped_turns": "int",
    "queue_seconds": "float",
    "first_token_seconds": "float",
    "tokens_per_second": "float",
    "seed": "int",
}


@cache
def schema() -> "pa.Schema":
    """Columns and types of every shard (schema version 1)."""
    import pyarrow as pa

    text, whole, moment = pa.string(), pa.int32(), pa.timestamp("ms", tz="UTC")
    kinds = {"int": pa.int64(), "float": pa.float64(), "str": text}
    columns: list[tuple[str, pa.DataType]] = [
        ("id", text),
        ("revision", whole),
        ("state", text),
        ("schema_version", whole),
        ("created_at", moment),
        ("app", text),
        ("app_version", text),
        ("system_sha256", text),
        ("model", _struct(name=text, file_sha256=text, adapter=text, template_sha256=text)),
        ("messages", pa.list_(_struct(role=text, content=text))),
        ("rated_index", whole),
        ("alternative", text),
        (
            "sampling",
            _struct(**{name: kinds[kind] for name, kind in SAMPLING.items()}, stop=pa.list_(text)),
        ),
        ("generation", _struct(**{name: kinds[kind] for name, kind in GENERATION.items()})),
        ("schema_name", text),
        ("verdict", text),
        ("categories", pa.list_(text)),
        ("severity", text),
        ("comment", text),
        ("correction", text),
        ("consent", _struct(train=pa.bool_(), publish=pa.bool_(), version=whole, at=moment)),
        ("session", text),
        ("prompt_sha256", text),
        ("redaction", _struct(version=whole, counts=text)),
        ("extra", text),
    ]
    return pa.schema(columns)


def record_row(record: FlagRecord, revision: int) -> Values:
    """What a person said, as a row.

    Raises:
        ValueError: If the person does not allow training: such a flag never leaves the machine.
    """
    if not record.consent.train:
        raise ValueError(f"Flag {record.id} has no consent to train.")
    values = record.model_dump()
    sampling, more_sampling = _sampling(record.sampling)
    generation, more_generation = _known(record.generation, GENERATION)
    extra: Values = {"sampling": more_sampling, "generation": more_generation}
    # No column of its own: older readers and shards know none.
    extra["origin"] = values.pop("origin")
    return values | {
        "revision": revision,
        "state": "sent",
        "sampling": sampling,
        "generation": generation,
        "redaction": {
            "version": record.redaction.version,
            "counts": _json(record.redaction.counts),
        },
        "extra": _json({name: found for name, found in extra.items() if found}),
    }


def empty_row(
    flag_id: str, app: str, revision: int, at: datetime | None, state: RowState
) -> Values:
    """A row that says that nothing is left of a flag."""
    return {
        "id": flag_id,
        "revision": revision,
        "state": state,
        "schema_version": SCHEMA_VERSION,
        "created_at": at,
        "app": app,
    }


def row_record(row: Mapping[str, Any]) -> FlagRecord:
    """The record that `record_row` made a row of; values that were None are left out."""
    extra = json.loads(row["extra"] or "{}")
    values = {
        name: row[name] for name in FlagRecord.model_fields if name in row and row[name] is not None
    }
    for name in ("sampling", "generation"):
        named = {key: value for key, value in (row[name] or {}).items() if value is not None}
        values[name] = named | extra.get(name, {})
    values["origin"] = extra.get("origin", "")
    values["redaction"] = {
        "version": row["redaction"]["version"],
        "counts": json.loads(row["redaction"]["counts"] or "{}"),
    }
    return FlagRecord.model_validate(values)


def to_bytes(rows: Sequence[Values]) -> bytes:
    """A Parquet file with these rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    table = pa.Table.from_pylist(list(rows), schema=schema())
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def from_bytes(data: bytes) -> list[Values]:
    """The rows of a shard, times as aware datetimes."""
    import pyarrow.parquet as pq

    rows: list[Values] = pq.read_table(io.BytesIO(data)).to_pylist()
    return rows


def shard_path(app: str, replica: str, seqs: Sequence[int], data: bytes) -> str:
    """Where a shard lies in the dataset: unique per outbox, rows and content.

    Args:
        app: The app that all rows are about.
        replica: Name of the outbox.
        seqs: Numbers of the rows in it, ascending.
        data: The shard.
    """
    digest = hashlib.sha256(data).hexdigest()[:8]
    return f"data/{app}/{replica}-{seqs[0]:09d}-{seqs[-1]:09d}-{digest}.parquet"


def replica_of(path: str) -> str:
    """Name of the outbox that a shard came from."""
    return path.rsplit("/", 1)[-1].split("-", 1)[0]


def without(data: bytes, flag_ids: Iterable[str]) -> tuple[bytes | None, bool]:
    """Empty the rows of erased flags.

    Returns:
        The new shard, or None when there was nothing to empty; and whether the shard names any of
        the flags, emptied or not.
    """
    gone = set(flag_ids)
    rows = from_bytes(data)
    if not any(row["id"] in gone for row in rows):
        return None, False
    kept = [_emptied(row) if row["id"] in gone and row["state"] == "sent" else row for row in rows]
    changed = any(one is not other for one, other in zip(kept, rows, strict=True))
    return (to_bytes(kept) if changed else None), True


def _emptied(row: Values) -> Values:
    return empty_row(row["id"], row["app"], row["revision"], row["created_at"], "erased")


def _sampling(values: Mapping[str, Any]) -> tuple[Values, Values]:
    known, more = _known(values, SAMPLING)
    stop = more.get("stop")
    if isinstance(stop, (list, tuple)) and all(isinstance(text, str) for text in stop):
        known["stop"] = list(more.pop("stop"))
    return known, more


def _known(values: Mapping[str, Any], kinds: Mapping[str, str]) -> tuple[Values, Values]:
    """Values that fit their column, and the others."""
    known = {key: value for key, value in values.items() if _fits(value, kinds.get(key, ""))}
    more = {key: value for key, value in values.items() if key not in known}
    return known, {key: value for key, value in more.items() if value is not None}


def _fits(value: Any, kind: str) -> bool:  # noqa: ANN401 - anything that JSON can hold
    if kind not in _KINDS or isinstance(value, bool) or not isinstance(value, _KINDS[kind]):
        return False
    return not isinstance(value, int) or value in INTEGERS


def _struct(**fields: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    return pa.struct(list(fields.items()))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)

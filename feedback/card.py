"""The dataset card of the raw dataset: which files are which configuration, and their columns.

Both are said explicitly. Left to guess, `datasets` takes splits from file names, types from the
first file, and fails on a column that only newer shards have. What people write into the card by
hand, text and other keys, is kept.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import yaml

from feedback.shards import schema

if TYPE_CHECKING:
    import pyarrow as pa

FENCE = "---\n"
TEXT = """
# Raw flags

What users of an Inkloop said about answers of its models, with consent to train. **Keep this
dataset private**: it is unreviewed, and people may have what they said erased.

A row is one revision of a flag. The newest revision of an `id` counts; where its `state` is
`withdrawn` or `erased`, nothing may be used. Shards are written once and never merged; rows are
emptied when their author asks for it. `inkloop flags pull` brings the flags to another machine for
review.
"""


def write_card(old: str, apps: Iterable[str]) -> str:
    """The card for shards of these apps; equal to `old` when nothing has to change.

    Args:
        old: The card as it is, or nothing.
        apps: Apps that have a shard; a configuration without files would not load.
    """
    front, text = _parts(old)
    wanted = _declared(sorted(apps))
    if all(front.get(key) == value for key, value in wanted.items()):
        return old
    return f"{FENCE}{yaml.safe_dump(front | wanted, sort_keys=False, width=100)}{FENCE}{text}"


def _parts(card: str) -> tuple[dict[str, Any], str]:
    if not card.startswith(FENCE):
        return {"pretty_name": "Inkloop: raw flags"}, card or TEXT
    front, _, text = card.removeprefix(FENCE).partition(f"\n{FENCE}")
    found = yaml.safe_load(front)
    return (found if isinstance(found, dict) else {}), text


def _declared(apps: list[str]) -> dict[str, Any]:
    columns = columns_of(schema())
    every = {"config_name": "all", "default": True, "data_files": "data/*/*.parquet"}
    one_each = [{"config_name": app, "data_files": f"data/{app}/*.parquet"} for app in apps]
    configs: list[dict[str, Any]] = [every, *one_each]
    info = [{"config_name": row["config_name"], "features": columns} for row in configs]
    return {"configs": configs, "dataset_info": info}


def columns_of(table: "pa.Schema") -> list[dict[str, Any]]:
    """The columns of a table in the notation of dataset cards."""
    return [_column(field) for field in table]


def _column(field: "pa.Field") -> dict[str, Any]:
    return {"name": field.name, **_type(field.type)}


def _type(kind: "pa.DataType") -> dict[str, Any]:
    """A type in the notation of dataset cards."""
    import pyarrow.types as types

    if types.is_struct(kind):
        return {"struct": [_column(field) for field in kind]}
    if types.is_list(kind):
        inner = _type(kind.value_type)
        return {"list": inner.get("struct") or inner["dtype"]}
    return {"dtype": {"double": "float64"}.get(str(kind), str(kind))}

"""A row that everybody may read: what was said, under names that lead to nobody.

Only listed columns go out. Flags and people get names of their own, an HMAC under a key that never
leaves this machine, so that rows of one person can still be told to be one person's, and nobody who
has another of Inkloop's datasets can join the two. All text goes through the scrubber again: its
rules may know more than when the flag was sent.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from feedback.curated_files import said_columns
from feedback.rows import Kind
from feedback.scrub import scrub
from feedback.session import secret_key
from shared.home import Home

if TYPE_CHECKING:
    import pyarrow as pa

KEY_FILE = "publish.key"
HEX_DIGITS = 24
WORDS = ("prompt", "completion", "chosen", "rejected", "flagged", "correction")
"""Columns with what people and models wrote."""


class PublicNames:
    """Names flags and people for the public, under the key of one home."""

    def __init__(self, home: Home) -> None:
        self._key = secret_key(home.feedback / KEY_FILE)

    @property
    def key(self) -> str:
        """Tells whether names were given under another key; says nothing about the key."""
        return self._name("key", "")[:8]

    def flag(self, flag_id: str) -> str:
        """The public name of a flag."""
        return self._name("flag", flag_id)

    def flags(self, flag_ids: Iterable[str]) -> set[str]:
        """The public names of flags."""
        return {self.flag(flag_id) for flag_id in flag_ids}

    def author(self, session: str) -> str:
        """The public name of a person; nothing for who had none."""
        return self._name("author", session) if session else ""

    def _name(self, what: str, name: str) -> str:
        # What is named is part of it: a flag and a person never share a name.
        text = f"{what}\n{name}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:HEX_DIGITS]


@cache
def schema(kind: Kind) -> "pa.Schema":
    """All columns that are published of one kind of row."""
    import pyarrow as pa

    text = pa.string()
    about = [
        ("ids", pa.list_(text)),
        ("author", text),
        ("app", text),
        ("reasons", pa.list_(text)),
    ]
    return pa.schema([*said_columns(kind), *about])


def public_row(
    kind: Kind, row: Mapping[str, Any], names: PublicNames, found: Counter[str]
) -> dict[str, Any]:
    """A row of a dataset version as it is published.

    Args:
        kind: Of the row.
        row: As it lies in the version.
        names: Gives it other names.
        found: What the scrubber takes out is added to this.
    """
    said = {
        column: _clean(row[column], found) if column in WORDS else row[column]
        for column, _ in said_columns(kind)
    }
    return said | {
        "ids": [names.flag(flag_id) for flag_id in row["flag_ids"]],
        "author": names.author(row["session"]),
        "app": row["app"],
        "reasons": row["reasons"],
    }


def _clean(value: Any, found: Counter[str]) -> Any:  # noqa: ANN401 - a text or turns
    if isinstance(value, list):
        return [{**turn, "content": _clean(turn["content"], found)} for turn in value]
    done = scrub(value)
    found.update(done.counts)
    return done.text

"""Adds up how long what a JSON schema describes can get, in characters.

Written so that definitions which refer to each other cost no more than their text: each is measured
once, and a circle is infinite.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any

Schema = Mapping[str, Any]
Leaf = Callable[[Schema, object], float]
"""Size of a value that is neither object nor array: its schema and its type (None: any)."""

ONE = ("not", "if", "then", "else", "additionalProperties", "items", "contains", "propertyNames")
MANY = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
NAMED = ("properties", "patternProperties", "$defs", "definitions")
"""Keywords that hold one schema, a list of them, and schemas by name."""


def children(schema: Schema) -> Iterator[Schema]:
    """The schemas directly inside a schema."""
    for key in ONE:
        if isinstance(schema.get(key), Mapping):
            yield schema[key]
    for key in MANY:
        if isinstance(schema.get(key), list):
            yield from (child for child in schema[key] if isinstance(child, Mapping))
    for key in NAMED:
        if isinstance(schema.get(key), Mapping):
            yield from (child for child in schema[key].values() if isinstance(child, Mapping))


def kinds(node: Schema) -> list[Any]:
    """The types that a schema names."""
    named = node.get("type", [])
    return named if isinstance(named, list) else [named]


def written(value: object) -> int:
    """Bytes of a JSON value."""
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def literals(node: Schema) -> list[Any] | None:
    """The values that an enumeration or constant allows; None where there is neither."""
    if isinstance(node.get("enum"), list):
        return list(node["enum"])
    return [node["const"]] if "const" in node else None


def longest_literal(schema: Schema) -> int:
    """Bytes of the longest key or constant anywhere in a schema."""
    own = [*(literals(schema) or ()), *schema.get("properties", ())]
    inside = (longest_literal(child) for child in children(schema))
    return max(max(map(written, own), default=0), max(inside, default=0))


class Walk:
    """Sizes of values. What may be left out counts as there, and all alternatives are added up."""

    def __init__(self, root: Schema, leaf: Leaf, repeats: Callable[[Schema], int]) -> None:
        self._root = root
        self._leaf = leaf
        self._repeats = repeats
        self._known: dict[tuple[str, bool], float] = {}

    def size(self, node: object) -> float:
        """Of the whole value."""
        return self._measured(node, optional=False)

    def optional(self, node: object) -> float:
        """Of those parts of the value that need not be there."""
        return self._measured(node, optional=True)

    def _measured(self, node: object, *, optional: bool) -> float:
        if not isinstance(node, Mapping):
            return 0.0 if node is False else inf
        values = literals(node)
        if values is not None:
            return 0.0 if optional else max(map(written, values), default=inf)
        if "$ref" in node:
            return self._referred(str(node["$ref"]), optional=optional)
        # Which alternative is taken is open, so each counts as a part that need not be there.
        branches = [b for key in ("anyOf", "oneOf", "allOf") for b in node.get(key, ())]
        total = sum(self.size(branch) for branch in branches)
        for kind in kinds(node) or ([] if branches else [None]):
            total += self._of_kind(node, kind, optional=optional)
        return total

    def _of_kind(self, node: Schema, kind: object, *, optional: bool) -> float:
        if kind == "object":
            return self._object(node, optional=optional)
        if kind == "array":
            return self._array(node, optional=optional)
        shaped = "pattern" in node or kind is None
        return 0.0 if optional and not shaped else self._leaf(node, kind)

    def _object(self, node: Schema, *, optional: bool) -> float:
        if node.get("additionalProperties", True) is not False or "patternProperties" in node:
            return inf
        must = node.get("required", ()) if optional else ()
        total = 0.0 if optional else 2.0
        for key, value in node.get("properties", {}).items():
            total += self.optional(value) if key in must else written(key) + 2 + self.size(value)
        return total

    def _array(self, node: Schema, *, optional: bool) -> float:
        first = node.get("prefixItems", [])
        more = self._repeats(node) - len(first)
        item = node.get("items", True)
        rest = 0.0 if item is False or more <= 0 else 1 + self.size(item)
        if not optional:
            return 2 + sum(1 + self.size(one) for one in first) + max(more, 0) * rest
        fixed = node.get("maxItems", inf) <= node.get("minItems", 0)
        inside = self.optional(item) if rest else 0.0
        return sum(self.optional(one) for one in first) + (inside if fixed else rest)

    def _referred(self, reference: str, *, optional: bool) -> float:
        key = reference, optional
        if key not in self._known:
            self._known[key] = inf
            self._known[key] = self._measured(self._resolve(reference), optional=optional)
        return self._known[key]

    def _resolve(self, reference: str) -> object:
        node: Any = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            node = node.get(step) if isinstance(node, Mapping) else None
        return node

"""How long what a schema or a pattern binds can get, so that it ends before the tokens do.

`shrink` keeps one long string from eating the room of the fields after it. `reach` bounds the way
to the end from any place in an answer; far from that bound nothing needs to be checked.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any

Schema = Mapping[str, Any]

CHARACTERS_PER_TOKEN = 4
"""English prose in a vocabulary of 128k; a smaller vocabulary or another script writes fewer."""
SHORTEST_CAP = 16
"""No string is capped below this many characters."""

_ONE = ("not", "if", "then", "else", "additionalProperties", "items", "contains", "propertyNames")
_MANY = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_NAMED = ("properties", "patternProperties", "$defs", "definitions")


def shrink(schema: Schema, budget: int) -> Schema:
    """The schema with its strings capped so that the longest answer fits in about `budget` tokens.

    All strings get the same cap, the highest that fits; those that are short anyway keep theirs.
    """
    room = budget * CHARACTERS_PER_TOKEN
    if _longest(schema, inf) <= room:
        return schema
    low, high = SHORTEST_CAP, max(room, SHORTEST_CAP)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _longest(schema, middle) <= room else (low, middle - 1)
    return _capped(schema, low)


def reach(schema: Schema) -> float:
    """No fewer bytes than the shortest way to the end takes from any place in any answer.

    Infinite where that has no bound (a schema that refers to itself, or binds nothing).
    """
    return _Walk(schema, _reach_of_leaf, _widest_array).size(schema) + 16


def reach_of_pattern(pattern: str) -> float:
    """The same for a regular expression: all its characters once, counted repeats as often."""
    plain = pattern.isascii() and not re.search(r"\\[pPxuU]", pattern)
    return _pattern_weight(pattern) * (1 if plain else 4) + 4


def _children(schema: Schema) -> Iterator[Schema]:
    for key in _ONE:
        if isinstance(schema.get(key), Mapping):
            yield schema[key]
    for key in _MANY:
        if isinstance(schema.get(key), list):
            yield from (child for child in schema[key] if isinstance(child, Mapping))
    for key in _NAMED:
        if isinstance(schema.get(key), Mapping):
            yield from (child for child in schema[key].values() if isinstance(child, Mapping))


def has_shaped_strings(schema: Schema) -> bool:
    """Whether what stands in a string can change how far the end is.

    So it is with a pattern or format, and where a free key decides what its value must be.
    """
    shaped = any(key in schema for key in ("pattern", "format", "patternProperties"))
    if "properties" in schema or "object" in _kinds(schema):
        shaped = shaped or schema.get("additionalProperties", True) is not False
    return shaped or any(has_shaped_strings(child) for child in _children(schema))


def _longest(schema: Schema, cap: float) -> float:
    """Characters of the longest answer if strings are capped; open arrays count as their least."""

    def leaf(node: Schema, kind: object) -> float:
        if kind == "string" and _is_free(node):
            most = min(node.get("maxLength", inf), max(cap, node.get("minLength", 0)))
            return float(most) + 2
        return _reach_of_leaf(node, kind)

    return _Walk(schema, leaf, _longest_array).size(schema)


def _kinds(node: Schema) -> list[Any]:
    kinds = node.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def _is_free(node: Schema) -> bool:
    return not any(key in node for key in ("pattern", "format", "enum", "const"))


def _reach_of_leaf(node: Schema, kind: object) -> float:
    if kind == "string":
        if "pattern" in node:
            return reach_of_pattern(str(node["pattern"])) + 2
        # An escape or a character may be half written: up to 12 bytes to its end.
        return 64 if "format" in node else float(node.get("minLength", 0)) + 14
    return {"null": 4, "boolean": 5, "integer": 24, "number": 32}.get(str(kind), inf)


def _widest_array(node: Schema) -> int:
    return int(node.get("minItems", 0)) + 1


def _longest_array(node: Schema) -> int:
    return int(node.get("maxItems", max(int(node.get("minItems", 0)), 1)))


class _Walk:
    """Adds up a schema's sizes; each definition is measured once, a circle is infinite."""

    def __init__(
        self,
        root: Schema,
        leaf: Callable[[Schema, object], float],
        repeats: Callable[[Schema], int],
    ) -> None:
        self._root = root
        self._leaf = leaf
        self._repeats = repeats
        self._known: dict[str, float] = {}

    def size(self, node: object) -> float:
        """Characters of `node`'s value, everything optional included, all branches added up."""
        if not isinstance(node, Mapping):
            return 0.0 if node is False else inf
        if "const" in node or "enum" in node:
            values = node["enum"] if isinstance(node.get("enum"), list) else [node.get("const")]
            return max((_written(value) for value in values), default=inf)
        if "$ref" in node:
            return self._referred(str(node["$ref"]))
        branches = [b for key in ("anyOf", "oneOf", "allOf") for b in node.get(key, ())]
        kinds = _kinds(node) or ([] if branches else [None])
        sizes = [self._kind(node, kind) for kind in kinds]
        return sum(sizes) + sum(self.size(branch) for branch in branches)

    def _kind(self, node: Schema, kind: object) -> float:
        if kind == "object":
            return self._object(node)
        return self._array(node) if kind == "array" else self._leaf(node, kind)

    def _object(self, node: Schema) -> float:
        named = node.get("properties", {})
        total = 2.0 + sum(_written(key) + 2 + self.size(value) for key, value in named.items())
        if node.get("additionalProperties", True) is False and "patternProperties" not in node:
            return total
        return inf

    def _array(self, node: Schema) -> float:
        first = node.get("prefixItems", [])
        total = 2.0 + sum(1 + self.size(item) for item in first)
        more = self._repeats(node) - len(first)
        if node.get("items") is False or more <= 0:
            return total
        return total + more * (1 + self.size(node.get("items", True)))

    def _referred(self, reference: str) -> float:
        if reference not in self._known:
            self._known[reference] = inf
            self._known[reference] = self.size(self._resolve(reference))
        return self._known[reference]

    def _resolve(self, reference: str) -> object:
        node: Any = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            node = node.get(step) if isinstance(node, Mapping) else None
        return node


def _capped(schema: Schema, cap: int) -> Schema:
    made: dict[str, Any] = dict(schema)
    if "string" in _kinds(schema) and _is_free(schema):
        most = max(cap, schema.get("minLength", 0))
        made["maxLength"] = min(schema.get("maxLength", most), most)
    for key in _ONE:
        if isinstance(schema.get(key), Mapping):
            made[key] = _capped(schema[key], cap)
    for key in _MANY:
        if isinstance(schema.get(key), list):
            made[key] = [_capped(c, cap) if isinstance(c, Mapping) else c for c in schema[key]]
    for key in _NAMED:
        if isinstance(schema.get(key), Mapping):
            made[key] = {
                name: _capped(child, cap) if isinstance(child, Mapping) else child
                for name, child in schema[key].items()
            }
    return made


def _written(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


_PATTERN_PART = re.compile(r"\\.|\[(?:\^?\])?(?:\\.|[^\]\\])*\]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)


def _pattern_weight(pattern: str) -> int:
    """Sum of all atoms, each as often as its repeats demand (once where they demand none)."""
    totals, last = [0], [0]
    for part in _PATTERN_PART.finditer(pattern):
        text = part[0]
        if text == "(":
            totals.append(0)
            last.append(0)
        elif text == ")" and len(totals) > 1:
            group = totals.pop()
            last.pop()
            totals[-1] += group
            last[-1] = group
        elif part[1] is not None:
            totals[-1] += last[-1] * (max(int(part[1]), 1) - 1)
        elif text not in "*+?|":
            totals[-1] += 1
            last[-1] = 1
    return sum(totals)

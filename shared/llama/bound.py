"""How long what a schema or a pattern binds can get, so that it ends before the tokens do.

`shrink` keeps one long string from eating the room of the fields after it. `reach` and `leap` bound
the way to the end: far from those bounds nothing needs to be checked.
"""

import re
from collections.abc import Mapping
from math import inf
from typing import Any

from shared.llama.sizes import (
    MANY,
    NAMED,
    ONE,
    Schema,
    Walk,
    children,
    kinds,
    longest_literal,
)

CHARACTERS_PER_TOKEN = 4
"""English prose in a vocabulary of 128k; a smaller vocabulary or another script writes fewer."""
SHORTEST_CAP = 16
"""No string is capped below this many characters."""
HALF_WRITTEN = 16
"""Tokens that an escape, a character or a number may still take when it is half written."""


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
    """No fewer tokens than the shortest way to the end takes from any place in any answer.

    Infinite where that has no bound (a schema that refers to itself, or binds nothing).
    """
    return Walk(schema, _least_of_leaf, _one_more).size(schema) + HALF_WRITTEN


def leap(schema: Schema) -> float:
    """No fewer tokens than one token can move the end further away.

    It can begin something that need not be there (once at each place), or spoil the short way of
    writing a key or constant.
    """
    begun = Walk(schema, _least_of_leaf, _one_more).optional(schema)
    return begun + longest_literal(schema) + HALF_WRITTEN


def reach_of_pattern(pattern: str) -> float:
    """The same for a regular expression: all its characters once, counted repeats as often."""
    plain = pattern.isascii() and not re.search(r"\\[pPxuU]", pattern)
    return _pattern_weight(pattern) * (1 if plain else 4) + 4


def has_shaped_strings(schema: Schema) -> bool:
    """Whether what stands in a string can change how far the end is.

    So it is with a pattern or format, and where a free key decides what its value must be.
    """
    shaped = any(key in schema for key in ("pattern", "format", "patternProperties"))
    if schema.get("properties"):
        shaped = shaped or schema.get("additionalProperties", True) is not False
    return shaped or any(has_shaped_strings(child) for child in children(schema))


def _longest(schema: Schema, cap: float) -> float:
    """Characters of the longest answer if strings are capped; open arrays count as their least."""

    def leaf(node: Schema, kind: object) -> float:
        if kind == "string" and _is_free(node):
            most = min(node.get("maxLength", inf), max(cap, node.get("minLength", 0)))
            return float(most) + 2
        return _least_of_leaf(node, kind)

    return Walk(schema, leaf, _longest_array).size(schema)


def _is_free(node: Schema) -> bool:
    return not any(key in node for key in ("pattern", "format", "enum", "const"))


def _least_of_leaf(node: Schema, kind: object) -> float:
    if kind == "string":
        if "pattern" in node:
            return reach_of_pattern(str(node["pattern"])) + 2
        # An escape or a character may be half written: up to 12 bytes to its end.
        return 64 if "format" in node else float(node.get("minLength", 0)) + 14
    return {"null": 4, "boolean": 5, "integer": 24, "number": 32}.get(str(kind), inf)


def _one_more(node: Schema) -> int:
    return int(node.get("minItems", 0)) + 1


def _longest_array(node: Schema) -> int:
    return int(node.get("maxItems", max(int(node.get("minItems", 0)), 1)))


def _capped(schema: Schema, cap: int) -> Schema:
    made: dict[str, Any] = dict(schema)
    if "string" in kinds(schema) and _is_free(schema):
        most = max(cap, schema.get("minLength", 0))
        made["maxLength"] = min(schema.get("maxLength", most), most)
    for key in ONE:
        if isinstance(schema.get(key), Mapping):
            made[key] = _capped(schema[key], cap)
    for key in MANY:
        if isinstance(schema.get(key), list):
            made[key] = [_capped(c, cap) if isinstance(c, Mapping) else c for c in schema[key]]
    for key in NAMED:
        if isinstance(schema.get(key), Mapping):
            made[key] = {
                name: _capped(child, cap) if isinstance(child, Mapping) else child
                for name, child in schema[key].items()
            }
    return made


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

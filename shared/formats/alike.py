"""When two short texts say the same: what is done against a model that repeats itself."""

import re

NEAR_DUPLICATE = 0.8
"""Jaccard similarity of the word sets above which two texts count as the same."""


def words(text: str) -> frozenset[str]:
    """The words of a text, regardless of case, order and punctuation."""
    return frozenset(re.findall(r"\w+", text.casefold()))


def alike(one: str, other: str) -> bool:
    """Whether two texts are equal but for case, or share more than four fifths of their words."""
    if one.casefold().strip() == other.casefold().strip():
        return True
    left, right = words(one), words(other)
    both = left | right
    return bool(both) and len(left & right) / len(both) > NEAR_DUPLICATE

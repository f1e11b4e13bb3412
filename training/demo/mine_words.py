"""Nouns mined from public-domain texts: how `words/mined.txt` was made.

A word that often stands after an article and before a full stop, a comma or a preposition is
nearly always a noun; what is none, or no singular, was then struck out by hand. The list is
committed, so this runs only when it is to be made anew.
"""

import re
from collections import Counter
from collections.abc import Iterable

FOUND = re.compile(
    r"\b(?:the|an?|his|her|their|my|your) ([a-z]{3,14})"
    r"(?=[,.;!?]| (?:of|in|on|at|was|is|had|and|with|to|from|that|who|which|for)\b)"
)
NOT_NOUNS = frozenset(
    "same other first last next most best only one two three very more least whole rest own poor"
    " old young great little good bad sad dead former latter second third few many such like being"
    " way end kind sort right left thing lot bit fact case matter top bottom middle side part piece"
    " following above below living sick rich wicked brave fair true wise eldest youngest oldest"
    " smallest largest biggest former usual past present chief less latter sake".split()
)


def mined_nouns(texts: Iterable[str], known: set[str], at_least: int = 3) -> list[str]:
    """Nouns that occur `at_least` so often and are not `known` already, most frequent first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(FOUND.findall(text))
    return [
        word
        for word, count in counts.most_common()
        if count >= at_least
        and word not in known
        and word not in NOT_NOUNS
        and not word.endswith(("ly", "ing", "est"))
        and not (word.endswith("s") and word[:-1] in counts)
    ]

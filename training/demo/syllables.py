"""Counting syllables and hearing which letters a poem spells: rules and a short list of exceptions.

English spelling does not decide the count, so this is an estimate; the exceptions are the words of
the poem lists on which the rules fail.
"""

import re

_EXCEPTIONS = {
    "quiet": 2, "lion": 2, "poem": 2, "science": 2, "violin": 3, "piano": 3, "fire": 1, "hour": 1,
    "choir": 1, "higher": 2, "desire": 2, "every": 2, "evening": 2, "chocolate": 2, "bouquet": 2,
    "ballet": 2, "area": 3, "idea": 3, "museum": 3, "volcano": 3, "people": 2, "little": 2,
    "being": 2, "going": 2, "create": 2, "diary": 3, "giant": 2, "radio": 3, "video": 3,
    "studio": 3, "moonlight": 2, "lighthouse": 2, "something": 2, "somewhere": 2, "someone": 2,
    "homework": 2, "fireplace": 2, "hundred": 2, "theater": 3, "naked": 2, "wicked": 2,
    "hiccuped": 2, "orange": 2, "camera": 3, "favorite": 3, "hours": 1, "sometimes": 2,
    "nameless": 2, "homeless": 2, "whistled": 2, "stumbled": 2, "tumbled": 2, "rattled": 2,
    "giggled": 2, "trembled": 2, "tired": 2, "bees": 1, "wheat": 1, "gentle": 2,
    "june": 1, "alone": 2, "lemonade": 3, "moved": 1, "evermore": 3, "forever": 3,
    "hippopotamus": 5,
}  # fmt: skip


def count(text: str) -> int:
    """Syllables of a line, estimated."""
    return sum(_word(word) for word in re.findall(r"[a-z']+", text.lower().replace("-", " ")))


def _word(word: str) -> int:
    word = word.strip("'").removesuffix("'s")
    if word in _EXCEPTIONS:
        return _EXCEPTIONS[word]
    groups = re.findall(r"[aeiouy]+", word)
    found = len(groups)
    found += len(re.findall(r"(?:ia|io(?!n)|eo|iu|ua(?!r))", word)) if len(word) > 4 else 0
    found -= len(re.findall(r"(?:cia|tia|gia|qua|sio|tio|geo|ceo|gua)", word))
    return max(1, found - _silent_ending(word))


def _silent_ending(word: str) -> bool:
    """Whether the last e is written and not spoken: stone, danced, lakes."""
    if word.endswith("le"):
        return word[-3:-2] in tuple("aeiouy")
    if word.endswith("e"):
        return not word.endswith(("ee", "ie", "ye"))
    if word.endswith("ed"):
        return len(word) > 3 and word[-3] not in "td"
    spoken = ("ses", "xes", "zes", "ches", "shes", "ges", "ces", "ies", "oes")
    return word.endswith("es") and not word.endswith(spoken)

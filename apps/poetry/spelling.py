"""Counting syllables and comparing endings by spelling: for words that no dictionary knows.

Rules for English with their usual exceptions. The result is a guess and is shown as one.
"""

import re

_GROUP = re.compile(r"[aeiouyáéíóúàèìòùâêîôûäëïöüæœøå]+")
# Vowels that stand together and are spoken apart: li-on, tri-umph, cre-ate, po-em, be-ing, qui-et.
_APART = re.compile(
    r"[^aeioustcg]ia(?!ge)|[^stcxg]io|iu|[^gq]ua(?!r)|eo(?!u|p)|[^aeiou]oe(?=[mt])|creat(?!u)"
    r"|eum|[aeiouy]ing$|uou|uel$|iet|ao|ui(?=d|n$)|iest$"
)
# An e that is written and not spoken: at the end of a stem, before what was added to it.
_SILENT_STEM = re.compile(
    r"(?:(?<=[aeiouy][^aeiouy])|(?<=[aeiouy][^aeiouy][^aeiouy]))e(?=(?:ly|ful|fully|less|ness|ments?|some|body|thing|where|side|light|times?"
    r"|by|forth|heads?|foot|wives|hood|work|stones?)$)"
)
_SILENT_END = (
    re.compile(r"[^aeiouytd]ed$"),
    re.compile(r"(?:[^aeiouy][^aeiouylr]?|[aeiouy]l)e$"),
    re.compile(r"[^aeiouyszxcgh]es$|[^cs]hes$"),
    re.compile(r"[gq]ues?$"),
)
_SPOKEN_END = re.compile(r"[^aeiouylr]l(?:e|es)$|[^aeiou][lr]ed$")
# rhythm, prism: a syllable without a vowel letter; fire, hire: one that is half there.
_EXTRA = re.compile(r"thms?$|sms?$|[^aeiou]ires?d?$")


def syllables(word: str) -> int:
    """How many syllables a word probably has; 0 without letters and digits."""
    letters = re.sub(r"[\W_]", "", word.casefold())
    if not letters or letters.isdigit():
        return len(letters)
    letters = _SILENT_STEM.sub("", letters)
    groups = len(_GROUP.findall(letters)) + len(_APART.findall(letters))
    groups += bool(_EXTRA.search(letters))
    if not _SPOKEN_END.search(letters):
        groups -= any(rule.search(letters) for rule in _SILENT_END)
    return max(1, groups)


def ending(word: str) -> str:
    """From the last spoken vowel letters to the end: what words that rhyme would share."""
    letters = re.sub(r"[\W_]", "", word.casefold())
    spoken = letters[:-1] if re.search(r"[aeiouy][^aeiouy]+e$", letters) else letters
    groups = list(_GROUP.finditer(spoken))
    return letters[groups[-1].start() :] if groups else letters

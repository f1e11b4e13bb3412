"""Patterns that bind one line of a poem: what stands before it, and the word it is to rhyme on.

Rhyming words are proposed from the dictionary, those that verse uses first.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from apps.poetry import lexicon
from apps.poetry.poem import Poem
from apps.poetry.sounds import Own, sounds, words_in
from shared.formats import poetry as form
from shared.formats import verse
from shared.formats.verse import begun, literal

MOST_WORDS = 40
"""Rhyming words that a pattern offers."""
_LETTERS = (2, 6)
"""Characters that a syllable may take, fewest and most: a line of the right size is likelier."""


@cache
def _verse_words() -> frozenset[str]:
    listed = files("apps.poetry").joinpath("data", "verse_words.txt").read_text(encoding="utf-8")
    return frozenset(listed.split())


def free(poem: Poem, index: int) -> str:
    """The lines before one, then a line of its size."""
    return _around(poem, index, _free(poem, index))


def rhymed(poem: Poem, index: int, own: Mapping[str, Own], lines: Sequence[str]) -> str | None:
    """The lines before one, then one of `lines` with another last word, which makes it fit.

    The words are those of the dictionary that rhyme in this place and leave nothing amiss; which of
    them the sentence takes is left to the model. None where there are no such words.
    """
    ends = _offered(poem, index, own)
    choices = []
    for kept in _openings(lines):
        fitting = [
            word for word in ends if _fits(poem.with_line(index, f"{kept} {word}"), index, own)
        ]
        if fitting:
            choices.append(f"{literal([kept])} (?:{'|'.join(fitting)})")
    return _around(poem, index, f"(?:{'|'.join(choices)})[.,;:!?]?") if choices else None


def _around(poem: Poem, index: int, line: str) -> str:
    before = literal(poem.lines[:index]) + ("\\n" if index else "")
    # A line that is not the last is ended by what ends lines; the model need not stop for it.
    return before + line + ("\\n" if index + 1 < len(poem.lines) else "")


def _openings(lines: Sequence[str]) -> list[str]:
    """The lines without their last word, and without their last two."""
    words = [line.split() for line in lines]
    cut = [" ".join(some[:-less]) for less in (1, 2) for some in words if len(some) > less + 1]
    return list(dict.fromkeys(cut))


def _fits(poem: Poem, index: int, own: Mapping[str, Own]) -> bool:
    return not poem.report(own).lines[index].problems


def rhyming_words(poem: Poem, index: int, own: Mapping[str, Own]) -> list[str]:
    """Words that would rhyme in this place and end no other line; those of verse first."""
    others = _partners(poem, index)
    if not others:
        return []
    last = [words_in(poem.lines[at])[-1:] for at in others]
    ends = [word for words in last for word in words]
    heard = sounds(ends, own)
    found = (
        word for end in ends for tail in heard[end].endings for word in lexicon.ending_in(tail)
    )
    taken = set(ends)
    words = [word for word in dict.fromkeys(found) if word not in taken and len(word) > 1]
    known = _verse_words()
    return sorted(words, key=lambda word: (word not in known, len(word), word))


def _offered(poem: Poem, index: int, own: Mapping[str, Own]) -> list[str]:
    words = rhyming_words(poem, index, own)
    known = [word for word in words if word in _verse_words()]
    return (known if len(known) > 2 else words)[:MOST_WORDS]


def _partners(poem: Poem, index: int) -> list[int]:
    rhyme = poem.kind.rhyme[: len(poem.lines)]
    if index >= len(rhyme) or rhyme[index] == "x":
        return []
    return [at for at, letter in enumerate(rhyme) if letter == rhyme[index] and at != index]


def with_refrains(poem: Poem) -> Poem:
    """With every returning line written as it stood first."""
    lines = verse.with_refrains(poem.kind, poem.lines)
    return poem.model_copy(update={"lines": tuple(lines)})


def _free(poem: Poem, index: int) -> str:
    letters = poem.initials()
    if index < len(letters):
        return begun(letters[index])
    span = poem.kind.span(index)
    if span is None:
        return form.LINE
    return f"{form.CHARACTER}{{{span[0] * _LETTERS[0]},{min(90, span[1] * _LETTERS[1])}}}"

"""How words are spoken: by the person's own word, from the dictionary, else guessed from spelling.

What the dictionary lacks is built from what it has where that is certain (the moon's, wander'st,
dimm'd); else it is put together (moonlit) or counted by its letters, and marked as uncertain.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from apps.poetry import lexicon, phones, spelling
from apps.poetry.phones import Beats

_OPENED = frozenset(
    "every everything everyone everywhere different difference chocolate family favorite favourite"
    " interest interesting separate several evening camera memory history mystery business"
    " temperature vegetable comfortable general natural".split()
)
"""Spoken with a syllable more by some; the dictionary may have the short way alone."""
_SPOKEN = {
    "o'er": "AO1 R", "e'er": "EH1 R", "ne'er": "N EH1 R", "heav'n": "HH EH1 V N", "i'": "IH0",
    "ev'ry": "EH1 V R IY0", "th'": "DH", "pow'r": "P AW1 R",
    "flow'r": "F L AW1 R", "ow'st": "OW1 S T",
    "thy": "DH AY1", "thee": "DH IY1", "thine": "DH AY1 N", "hath": "HH AE1 TH", "doth": "D AH1 TH",
    "dost": "D AH1 S T", "hast": "HH AE1 S T", "wilt": "W IH1 L T", "shalt": "SH AE1 L T",
    "art": "AA1 R T", "prithee": "P R IH1 DH IY0", "wert": "W ER1 T", "ere": "EH1 R",
}  # fmt: skip
"""Words of poems that the dictionary lacks or knows otherwise."""
_LIGHT = frozenset(
    "a an the and but or nor for of to in on at by as if is am are was were be been it its he she"
    " his her him my me we us our you your they them their i that this with from than so"
    " thy ye hath doth shall will can may do did had has have which whose o oh th' i' into"
    " upon".split()
)
"""Words that a line usually passes over without stress."""
_EITHER = frozenset(
    "this that thee thou he she him her me we us they them not when who what where how all such"
    " some then yet there here our my one so now these those".split()
)
"""Words of one syllable that take a stress or leave it."""
WORD = re.compile(r"['’]?[^\W_]+(?:['’][^\W_]+)*['’]?")
_ENDINGS = {
    "'s": "", "'d": "", "'st": " S T", "est": " AH0 S T", "eth": " AH0 TH", "ed": "", "es": "",
    "s": "", "ing": " IH0 NG", "er": " ER0", "ly": " L IY0", "less": " L AH0 S",
    "ness": " N AH0 S", "ful": " F AH0 L",
}  # fmt: skip
"""What is regularly added to a word, and how it sounds where that does not depend on the word."""
_JOINING = frozenset({"ing", "er"})
_SIBILANT = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})
_VOICELESS = frozenset({"P", "T", "K", "F", "TH"})


class Own(BaseModel):
    """How somebody says a word."""

    model_config = ConfigDict(frozen=True)

    stress: str = Field(pattern="^[x/]{1,8}$")
    """x and / per syllable."""
    rhymes: str = ""
    """A word that it rhymes with; empty leaves the rhyme as it was."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How one word is spoken."""

    word: str
    fewest: int
    usual: int
    most: int
    """Syllables: between fewest and most, all are right."""
    endings: frozenset[str]
    """What must be shared to rhyme: sounds from a stressed vowel on, or letters after a hyphen."""
    onsets: frozenset[str]
    """The consonants before them."""
    beats: tuple[Beats, ...]
    """Ways to stress it, usual first; empty when it is not known."""
    in_verse: tuple[Beats, ...]
    """Further ways that only verse takes: heav'n, fixèd."""
    certain: bool
    """Whether it comes from the dictionary or the person."""
    own: bool = False
    """Whether the person said how it is spoken."""

    @property
    def light(self) -> bool:
        """Whether a line may pass over it without stress."""
        return self.word in _LIGHT

    @property
    def either(self) -> bool:
        """Whether a line may stress it or not, both with ease."""
        return self.word in _EITHER

    @property
    def stress(self) -> str:
        """A stroke for each stressed syllable and an x for others; empty when it is not known."""
        if not self.beats:
            return ""
        if len(self.beats[0]) == 1 and not self.own:
            return "x" if self.light else "/"
        return "".join("/" if beat else "x" for beat in self.beats[0])


def words_in(line: str) -> list[str]:
    """The words of a line, in lower case; what is joined by hyphens is several words."""
    return [found[0].casefold().replace("’", "'") for found in WORD.finditer(line)]


def sounds(words: Iterable[str], own: Mapping[str, Own] | None = None) -> dict[str, Sound]:
    """How all these words are spoken; what `own` says goes before the dictionary."""
    said = own or {}
    return {word: _owned(word, said[word]) if word in said else _sound(word) for word in set(words)}


def rhyme(one: Sound, other: Sound) -> bool:
    """Whether two words end alike; the same word does not count as a rhyme."""
    return kinship(one, other) in ("perfect", "identical") and one.word != other.word


def kinship(one: Sound, other: Sound) -> str:
    """perfect, identical (night and tonight, or the same word), slant, or empty for no rhyme."""
    if one.word == other.word:
        return "identical"
    if one.endings & other.endings:
        return "identical" if one.onsets & other.onsets else "perfect"
    near = any(phones.slant(a, b) for a in one.endings for b in other.endings)
    return "slant" if near else ""


@lru_cache(maxsize=8192)
def _sound(word: str) -> Sound:
    if word in _SPOKEN:
        return _spoken(word, [_SPOKEN[word]])
    if ways := _known(word):
        return _spoken(word, ways)
    if ways := _joined(word.strip("'")):
        return _spoken(word, ways, certain=False)
    count = spelling.syllables(word)
    tail = lexicon.guessed_tail(word.strip("'")) or f"-{spelling.ending(word)}"
    return Sound(word, count, count, count, frozenset({tail}), frozenset(), (), (), certain=False)


def _known(word: str) -> list[str]:
    """From the dictionary, also what is regularly made from a word of it."""
    for stem in (word, word.strip("'")):
        if ways := lexicon.ways_of(stem):
            return ways
    for stem, added in _stems(word.strip("'"), word):
        if ways := _known(stem) if added == "un" else lexicon.ways_of(stem):
            return [_inflected(way, added) for way in ways]
    return []


def _stems(bare: str, word: str) -> list[tuple[str, str]]:
    """Under which words to look, each with what to add: the moon's, singin', dimm'd, viewest."""
    found: list[tuple[str, str]] = []
    if word.endswith("in'"):
        found.append((bare + "g", ""))
    for ending in _ENDINGS:
        if bare.endswith(ending) and len(bare) > len(ending) + 1:
            stem = bare.removesuffix(ending)
            forms = (stem, stem + "e", _single(stem), _with_y(stem))
            found += [(form, ending) for form in dict.fromkeys(forms)]
    if bare.startswith("un") and len(bare) > 4:
        found.append((bare[2:], "un"))
    return found


def _single(stem: str) -> str:
    return stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem


def _with_y(stem: str) -> str:
    return f"{stem[:-1]}y" if stem.endswith("i") else stem


def _inflected(way: str, added: str) -> str:
    last = way.split()[-1]
    if added == "un":
        return f"AH0 N {way}"
    if added in {"'s", "s", "es"}:
        if last in _SIBILANT:
            return f"{way} AH0 Z"
        return f"{way} {'S' if last in _VOICELESS else 'Z'}"
    if added in {"'d", "ed"}:
        if last in {"T", "D"}:
            return way if added == "'d" else f"{way} AH0 D"
        return f"{way} {'T' if last in _VOICELESS | {'S', 'SH', 'CH'} else 'D'}"
    if added in _JOINING:
        # fiddle, fiddler: the weak vowel before l goes.
        way = re.sub(r"AH0 L$", "L", way) if len(phones.beats(way)) > 1 else way
    return way + _ENDINGS[added]


def _joined(word: str) -> list[str]:
    """Two known words in one: moonlit. The second keeps half of its stress."""
    for cut in range(len(word) - 3, 2, -1):
        first, second = lexicon.ways_of(word[:cut]), lexicon.ways_of(word[cut:])
        if first and second:
            return [f"{first[0]} {second[0].replace('1', '2')}"]
    return []


def _spoken(word: str, ways: list[str], *, certain: bool = True) -> Sound:
    beats = tuple(dict.fromkeys(phones.beats(way) for way in ways))
    lengths = {len(one) for one in beats}
    fewest = min(len(phones.beats(way)) - phones.slurred(way) for way in ways)
    endings = frozenset(tail for way in ways for tail in phones.tails(way))
    verse = dict.fromkeys(one for way in ways for one in phones.in_verse(word, way))
    return Sound(
        word,
        fewest,
        len(beats[0]),
        max(lengths) + (len(lengths) == 1 and word in _OPENED),
        endings,
        frozenset(phones.onset(way) for way in ways),
        beats,
        tuple(one for one in verse if one not in beats),
        certain=certain,
    )


def _owned(word: str, own: Own) -> Sound:
    count = len(own.stress)
    like = _sound(own.rhymes or word)
    # What only rhymes with another word has an onset of its own.
    onsets = frozenset[str]() if own.rhymes else like.onsets
    beats = tuple(1 if mark == "/" else 0 for mark in own.stress)
    return Sound(
        word, count, count, count, like.endings, onsets, (beats,), (), certain=True, own=True
    )

"""How words are spoken: from a dictionary, else guessed from their spelling.

The dictionary is the English word list of `gruut-lang-en` (MIT licence, 125,000 words, made from
the BSD-licensed CMU dictionary); only its data file is read. What it does not know is counted by
`apps.poetry.spelling` and marked as uncertain.
"""

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import as_file, files

from apps.poetry import spelling

_VOWELS = frozenset("aɑæəɚɛeɪiɔoʊuʌ")
# Spoken as one syllable or two: fire, hour; and inside a word: whispering, different, every.
_SLURRED = re.compile(r"(?:aɪ|aʊ) ɚ|ɚ (?:ɪ|ə|i)\b|ə ɹ (?:ɪ|ə|i)\b|i (?:ə|ʌ)|ə l i\b")
_OPENED = frozenset(
    "every everything everyone everywhere different difference chocolate family favorite favourite"
    " interest interesting separate several evening camera memory history mystery business"
    " temperature vegetable comfortable general natural".split()
)
"""Spoken with a syllable more by some; the dictionary has the short way."""
_SPOKEN = {"'tis": "t ˈɪ z", "'twas": "t w ˈʌ z", "o'er": "ˈɔ ɹ", "heav'n": "h ˈɛ v n"}
"""Words of poems that the dictionary lacks or knows in one way only."""
_LIGHT = frozenset(
    "a an the and but or nor for of to in on at by as if is am are was were be been it its he she"
    " his her him my me we us our you your they them their i that this with from than so".split()
)
"""Words of one syllable that a line passes over without stress."""
_WORD = re.compile(r"['’]?[^\W_]+(?:['’][^\W_]+)*['’]?")
_AT_ONCE = 500
"""How many words one question to the dictionary may name."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How one word is spoken."""

    word: str
    fewest: int
    usual: int
    most: int
    """Syllables: between fewest and most, all are right."""
    endings: frozenset[str]
    """What must be shared to rhyme: sounds from a stressed vowel on, or letters."""
    stress: str
    """A stroke for each stressed syllable and an x for others; empty when it is not known."""
    certain: bool
    """Whether it comes from the dictionary."""


def words_in(line: str) -> list[str]:
    """The words of a line, in lower case; what is joined by hyphens is several words."""
    return [found[0].casefold().replace("’", "'") for found in _WORD.finditer(line)]


def sounds(words: Iterable[str]) -> dict[str, Sound]:
    """How all these words are spoken, asked for at once: the file has no index."""
    wanted = set(words)
    stems = {stem for word in wanted for stem, _ in _stems(word)}
    known = _look_up(stems)
    return {word: _sound(word, known) for word in wanted}


def rhyme(one: Sound, other: Sound) -> bool:
    """Whether two words end alike; the same word does not count as a rhyme."""
    return one.word != other.word and bool(one.endings & other.endings)


def _look_up(words: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    ordered = sorted(words)
    with as_file(files("gruut_lang_en") / "lexicon.db") as path:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            for start in range(0, len(ordered), _AT_ONCE):
                some = ordered[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = db.execute(
                    "SELECT word, phonemes FROM word_phonemes"  # noqa: S608 - only question marks
                    f" WHERE word IN ({marks}) ORDER BY word, pron_order",
                    some,
                )
                for word, phonemes in rows:
                    found.setdefault(word, []).append(phonemes)
        finally:
            db.close()
    return found


def _stems(word: str) -> list[tuple[str, str]]:
    """Under which words to look, each with the sound to add: the moon's, singin'."""
    bare = word.strip("'")
    stems = [(word, ""), (bare, "")]
    if bare.endswith("'s"):
        stems.append((bare[:-2], "z"))
    if word.endswith("in'"):
        stems.append((bare + "g", ""))
    return stems


def _sound(word: str, known: dict[str, list[str]]) -> Sound:
    if word in _SPOKEN:
        return _spoken(word, [_SPOKEN[word]])
    for stem, added in _stems(word):
        if stem in known:
            return _spoken(word, [_inflected(p, added) for p in known[stem]])
    count = spelling.syllables(word)
    letters = frozenset({f"-{spelling.ending(word)}"})
    return Sound(word, count, count, count, letters, "", certain=False)


def _inflected(phonemes: str, added: str) -> str:
    if not added:
        return phonemes
    last = phonemes.split()[-1]
    if last in {"s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ"}:
        return f"{phonemes} ə z"
    return f"{phonemes} {'s' if last in {'p', 't', 'k', 'f', 'θ'} else 'z'}"


def _spoken(word: str, ways: list[str]) -> Sound:
    counts = [len(_beats(way)) for way in ways]
    slurred = min(
        max(1, count - len(_SLURRED.findall(_plain(way))))
        for way, count in zip(ways, counts, strict=True)
    )
    usual = counts[0]
    endings = {ending for way in ways for ending in _endings(way)}
    most = max(counts) + (word in _OPENED)
    return Sound(
        word, slurred, usual, most, frozenset(endings), _stress(word, ways[0]), certain=True
    )


def _plain(way: str) -> str:
    return re.sub("[ˈˌ]", "", way)


def _beats(way: str) -> list[str]:
    return [sound for sound in way.split() if sound.lstrip("ˈˌ")[0] in _VOWELS]


def _endings(way: str) -> set[str]:
    """From the last stressed vowel on; in a long word also from its last vowel (memory, sea)."""
    heard = way.split()
    vowels = [i for i, sound in enumerate(heard) if sound.lstrip("ˈˌ")[0] in _VOWELS]
    stressed = [i for i in vowels if heard[i][0] in "ˈˌ"]
    starts = set(stressed[-1:] or vowels[-1:])
    if len(vowels) >= 3:
        starts.add(vowels[-1])
    return {_merged(" ".join(heard[start:])) for start in starts}


def _merged(tail: str) -> str:
    # "gone" and "on" rhyme, for many speakers "dawn" and "on" too; before r the two stay apart.
    return re.sub(r"ɔ(?! ɹ)", "ɑ", _plain(tail))


def _stress(word: str, way: str) -> str:
    beats = _beats(way)
    if len(beats) == 1:
        return "x" if word in _LIGHT else "/"
    return "".join("/" if beat[0] in "ˈˌ" else "x" for beat in beats)

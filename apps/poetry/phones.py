"""One way to speak a word, in the ARPABET of the CMU dictionary: beats, rhyming part, variants.

A vowel carries its stress as a digit: AE1 stressed, AE2 half stressed, AE0 not. What verse may do
to a word (heav'n, fixèd) is kept apart from what everybody does (fire in one beat or in two).
"""

import re

Beats = tuple[int, ...]
"""The stress of each syllable: 1 full, 2 half, 0 none."""

# A written syllable that many leave out: fire, hour; whispering, every; glorious; family, national.
_SLURRED = re.compile(
    r"(?:AY|AW|OY)\d ER0|ER0 (?=[A-Z]{2}0)|IY0 (?:AH|ER)0"
    r"|AH0 (?=L IY0|[NL] (?:AH|IH|ER)0)"
)
# What only verse leaves out: heaven, over; being, poem; spirit.
_ELIDED = re.compile(
    r"(?<=V )(?:AH|IH)0 (?=N)|(?<=[A-Z]{2}1 V )ER0|(?:[A-Z]{2})1 (?:AH|IH)0(?= |$)"
    r"|(?<=R )(?:AH|IH)0 (?=T)"
)
_CONSONANTS_ALIKE = (
    {"M", "N", "NG"}, {"T", "D"}, {"P", "B"}, {"K", "G"}, {"S", "Z"}, {"F", "V"}, {"TH", "DH"},
    {"SH", "ZH"}, {"CH", "JH"}, {"L", "R"},
)  # fmt: skip


def beats(way: str) -> Beats:
    """The stress of each syllable."""
    return tuple(int(sound[-1]) for sound in way.split() if sound[-1].isdigit())


def slurred(way: str) -> int:
    """How many syllables everyday speech may leave out."""
    return min(len(_SLURRED.findall(way)), len(beats(way)) - 1) if beats(way) else 0


def in_verse(word: str, way: str) -> list[Beats]:
    """Beats that only verse gives the word; empty for most words."""
    whole = beats(way)
    shorter = [_without(whole, way, gap.end()) for gap in _gaps(way) if len(whole) > 1]
    opened = re.search(r"[^aeiou]ed$", word) and re.search(r"[A-Z12] [TD]$", way)
    return [*shorter, (*whole, 0)] if opened else shorter


def _gaps(way: str) -> list[re.Match[str]]:
    return [*_SLURRED.finditer(way), *_ELIDED.finditer(way)]


def _without(whole: Beats, way: str, end: int) -> Beats:
    """Without the last syllable that begins before `end`, a place in the way."""
    at = len(re.findall(r"\d", way[:end])) - 1
    return whole[:at] + whole[at + 1 :] if not whole[at] else whole


def tails(way: str) -> list[str]:
    """What must be shared to rhyme: from the last stressed vowel on.

    In a long word also from its last vowel on, since verse stresses it (memory, sea).
    """
    heard = way.split()
    vowels = [i for i, sound in enumerate(heard) if sound[-1].isdigit()]
    stressed = [i for i in vowels if heard[i][-1] != "0"]
    starts = dict.fromkeys(stressed[-1:] or vowels[-1:] or [0])
    if len(vowels) >= 3:
        starts[vowels[-1]] = None
    return [_plain(heard[start:]) for start in starts]


def onset(way: str) -> str:
    """The consonants right before the last stressed vowel: night and tonight share theirs."""
    heard = way.split()
    vowels = [i for i, sound in enumerate(heard) if sound[-1].isdigit()]
    stressed = [i for i in vowels if heard[i][-1] != "0"] or vowels
    start = end = stressed[-1] if stressed else 0
    while start and not heard[start - 1][-1].isdigit():
        start -= 1
    return " ".join(heard[start:end])


def slant(one: str, other: str) -> bool:
    """Whether two endings nearly rhyme: the last consonants, or the vowel with kindred ones."""
    left, right = one.split(), other.split()
    if not left or not right:
        return False
    vowel, coda = _last_syllable(left)
    other_vowel, other_coda = _last_syllable(right)
    if coda and coda == other_coda:
        return True
    kin = len(coda) == len(other_coda) and all(map(_kindred, coda, other_coda))
    return bool(coda) and vowel == other_vowel and kin


def _last_syllable(tail: list[str]) -> tuple[str, list[str]]:
    at = max((i for i, sound in enumerate(tail) if sound[0] in "AEIOU"), default=0)
    vowel = tail[at]
    # "bird" and "word" end in the vowel's own r.
    return vowel, [*(["R"] if vowel == "ER" else []), *tail[at + 1 :]]


def _kindred(one: str, other: str) -> bool:
    return one == other or any(one in kin and other in kin for kin in _CONSONANTS_ALIKE)


def _plain(sounds: list[str]) -> str:
    bare = " ".join(sound.rstrip("012") for sound in sounds)
    # For many speakers "dawn" and "on" rhyme; before r the two vowels stay apart.
    return re.sub(r"AO(?! R)", "AA", bare).replace("IH NG", "IY NG")

"""Which words a conversation is about, and which are kept from training.

A seventh of all names, nouns and topics, chosen by a hash of the word, never opens a training
conversation: with those the report measures whether the model copies or merely remembers.
"""

import zlib
from functools import cache

from training.demo.phrases import Pen, article, plural, read_lines, read_words

KEPT_BACK = 7
"""One word in so many is unseen."""
NEW_NOUNS, NEW_NAMES = 0.25, 0.35
"""Shares of training's nouns and names that no list holds: who cannot know them must copy."""

ONSETS = (
    "b br bl c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p pl pr qu r s sc sh sk sl sm sn sp"
    " st str sw t th tr tw v w wh y z"
).split()
VOWELS = "a e i o u ai ea ee oo ou ie oa y".split()
NOUN_LISTS = ("things.txt", "animals.txt", "mined.txt")
CODAS = ["", "", "", *"b ck d f g k l ll m n nd ng nk p r rd rk rn s ss st t th x zz".split()]


def is_unseen(word: str) -> bool:
    """Whether the word is kept from training."""
    return zlib.crc32(word.lower().encode()) % KEPT_BACK == 0


@cache
def _split(words: tuple[str, ...], unseen: bool) -> list[str]:
    return [word for word in words if is_unseen(word) == unseen]


@cache
def _listed(name: str) -> tuple[str, ...]:
    return tuple(read_words(name))


@cache
def _names() -> dict[str, str]:
    """Each name to its pronoun."""
    found = {}
    for line in read_lines("names.txt"):
        pronoun, *names = line.split()
        found.update(dict.fromkeys(names, pronoun))
    return found


def invented(pen: Pen, syllables: int = 0) -> str:
    """A word that no list holds, two to four syllables long; always of the seen side."""
    count = syllables or pen.pick((1, 2, 2, 2, 3, 3, 4))
    while True:
        word = "".join(
            pen.pick(ONSETS) + pen.pick(VOWELS) + (pen.pick(CODAS) if pen.chance(0.5) else "")
            for _ in range(count)
        )
        if not is_unseen(word) and len(word) > 2:
            return word


def compound(pen: Pen) -> str:
    """Two short nouns in one word that no list holds, “lampfox”; always of the seen side."""
    while True:
        word = pen.pick(_short_nouns()) + pen.pick(_short_nouns())
        if not is_unseen(word):
            return word


class Lexicon:
    """Draws words of the seen or of the unseen side; its pen keeps a note of all of them."""

    def __init__(self, pen: Pen, *, unseen: bool = False) -> None:
        self.pen = pen
        self.unseen = unseen

    def _from(self, name: str) -> str:
        return self.pen.pick(_split(_listed(name), self.unseen))

    def noun(self) -> str:
        """A thing, an animal or another noun, in the singular; for training often a new word."""
        noun = self._noun()
        self.pen.nouns.add(noun)
        return noun

    def _noun(self) -> str:
        if not self.unseen and self.pen.chance(NEW_NOUNS):
            return compound(self.pen) if self.pen.chance(0.5) else invented(self.pen)
        roll = self.pen.random.random()
        if roll < 0.58:
            return self._from("things.txt")
        return self._from("animals.txt" if roll < 0.72 else "mined.txt")

    def animal(self) -> str:
        """An animal, in the singular."""
        noun = self._from("animals.txt")
        self.pen.nouns.add(noun)
        return noun

    def adjective(self) -> str:
        """Adjectives are common words: all of them are seen."""
        return self.pen.pick(_listed("adjectives.txt"))

    def person(self) -> tuple[str, str]:
        """A name and its pronoun."""
        if not self.unseen and self.pen.chance(NEW_NAMES):
            word = invented(self.pen, self.pen.pick((2, 2, 3)))
            name, pronoun = word.capitalize(), "she" if word[-1] in "aeiy" else "he"
        else:
            name = self.pen.pick(_split(tuple(_names()), self.unseen))
            pronoun = _names()[name]
        self.pen.names.add(name)
        return name, pronoun

    def name(self) -> str:
        """A name alone."""
        return self.person()[0]

    def town(self) -> str:
        """The name of a town."""
        town = self._from("towns.txt")
        self.pen.names.add(town)
        return town

    def place(self) -> str:
        """Where a story plays: “village by the sea”."""
        return self.pen.pick("|".join(read_lines_cached("places.txt")).split("|"))

    def thing(self) -> str:
        """A noun, often with an adjective: “clockwork penguin”."""
        noun = self.noun()
        return f"{self.adjective()} {noun}" if self.pen.chance(0.5) else noun

    def topic(self) -> str:
        """What people brainstorm or write about: words, not a sentence."""
        pen = self.pen
        kind = pen.number(0, 11)
        if kind <= 1:
            listed = tuple(read_lines_cached("topics.txt"))
            topic = pen.pick(_split(listed, self.unseen))
            pen.nouns.update(word for word in topic.split() if len(word) > 3)
            return topic
        if kind <= 3:
            return article(self.thing())
        if kind <= 5:
            tail = pen.pick(_listed("ventures.txt"))
            return article(f"{self.noun()} {tail}") if pen.chance(0.6) else f"{self.noun()} {tail}s"
        if kind == 6:
            return f"{plural(self.noun())} and {plural(self.noun())}"
        if kind == 7:
            return f"{pen.pick(_listed('doings.txt'))} {plural(self.noun())}"
        if kind == 8:
            return f"a birthday party for {article(self.noun())}"
        if kind == 9:
            return plural(self.thing())
        return pen.pick((self.noun(), self.thing(), f"a new {self.noun()}", f"my {self.noun()}"))


@cache
def _short_nouns() -> list[str]:
    nouns = (word for name in NOUN_LISTS[:2] for word in _listed(name))
    return [noun for noun in nouns if 3 <= len(noun) <= 6 and not is_unseen(noun)]


@cache
def read_lines_cached(name: str) -> tuple[str, ...]:
    """`read_lines`, read once."""
    return tuple(read_lines(name))


@cache
def topic_words() -> frozenset[str]:
    """Every noun and name that can be drawn, in small letters."""
    nouns = (word for name in NOUN_LISTS for word in _listed(name))
    return frozenset(word.lower() for word in (*nouns, *_names(), *_listed("towns.txt")))

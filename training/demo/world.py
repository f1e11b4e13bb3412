"""The world of one story: its title, its hero and everything that its sentences name."""

from dataclasses import dataclass, field
from functools import cache

from training.demo.lexicon import Lexicon
from training.demo.phrases import Pen, article, capital, plural, read_sections

TRAITS = (
    "brave curious clever patient kind stubborn cheerful shy careful hopeful gentle proud restless"
    " lonely honest dreamy"
).split()
PRONOUNS = {
    "she": ("she", "her", "her", "herself"),
    "he": ("he", "him", "his", "himself"),
    "it": ("it", "it", "its", "itself"),
}


@dataclass(frozen=True, slots=True)
class World:
    """What a story's templates are filled with."""

    title: str
    genre: str
    slots: dict[str, str] = field(default_factory=dict)
    hero_is_topic: bool = False
    """The title is about somebody, "The Penguin Who …": the hero is the topic."""
    second_topic: bool = False
    """The title names another thing, under `o2`."""

    def having(self, **slots: str) -> dict[str, str]:
        """The slots with some added."""
        return {**self.slots, **slots}


@cache
def genres() -> dict[str, dict[str, list[str]]]:
    """Genre to who, foe, aid and set to their words."""
    return {
        genre: {key: words.split("|") for key, words in (line.split(": ", 1) for line in lines)}
        for genre, lines in read_sections("genres.txt").items()
    }


TITLES = (
    "The {A} {O}", "The {A} {O}", "The {O}", "{N} and the {O}", "{N} and the {A} {O}",
    "The {O} of {town}", "The {A} {O} of {town}", "How {N} Found the {O}", "The Last {O}",
    "A {A} {O}", "The Secret of the {O}", "{N}'s {O}", "The Day the {O} Disappeared", "{A} {O}",
    "The Mystery of the {A} {O}", "A {O} for {N}", "{N} Looks for the {O}", "The Lost {O}",
    "My {A} {O}", "Where Is the {O}?", "The Night of the {O}", "{O}", "The Great {O} Adventure",
)  # fmt: skip
TWO_TOPICS = (
    "The {O} and the {O2}", "The {O} in the {O2}", "A {O} and a {O2}", "{N}, the {O} and the {O2}",
    "The {O} under the {O2}", "The {O} behind the {O2}", "{O} and {O2}",
)  # fmt: skip
HERO_TOPICS = (
    "The {O} Who Could Not {verb}", "The {A} {O}", "The {A} {O} of {town}", "{A} {O}",
    "The {O} Who Wanted to {verb}", "The Little {O}", "A {O} in {town}", "The {O} Goes to School",
    "My Friend the {O}",
)  # fmt: skip
LITTLE_VERBS = "Sleep Sing Fly Dance Swim Read Whistle Laugh Cook Jump Count Travel".split()


def new_world(words: Lexicon) -> World:
    """Draw a title and everything that follows from it."""
    pen = words.pen
    genre = pen.pick(list(genres()))
    cast = {key: pen.pick(options) for key, options in genres()[genre].items()}
    if pen.chance(0.2):
        return _about_somebody(words, genre, cast)
    name, pronoun = words.person()
    noun, second, adjective = words.noun(), words.noun(), words.adjective()
    two = pen.chance(0.2)
    template = pen.pick(TWO_TOPICS if two else TITLES)
    town = words.town()
    title = _titled(pen, template, O=noun, O2=second, A=adjective, N=name, town=town)
    thing = f"{adjective} {noun}" if "{A}" in template else noun
    slots = _slots(words, cast, name, pronoun)
    slots |= {"o": noun, "ao": thing, "O": noun, "os": plural(noun), "o2": second, "town": town}
    slots["loc"] = town if pen.chance(0.4) or "{town}" in template else _place(words)
    return World(title, genre, slots, second_topic=two)


def _about_somebody(words: Lexicon, genre: str, cast: dict[str, str]) -> World:
    pen = words.pen
    noun = words.animal() if pen.chance(0.6) else words.noun()
    adjective, town = words.adjective(), words.town()
    template = pen.pick(HERO_TOPICS)
    title = _titled(pen, template, O=noun, A=adjective, town=town)
    hero = f"{adjective} {noun}" if "{A}" in template else noun
    if "Little" in template:
        hero = f"little {noun}"
    slots = _slots(words, cast, f"the {hero}", pen.pick(("it", "he", "she")))
    slots |= {"o": noun, "ao": cast["set"], "O": noun, "os": plural(noun), "o2": words.noun()}
    slots |= {"an": article(hero), "m2": words.name(), "town": town}
    slots["loc"] = town if "{town}" in template else _place(words)
    return World(title, genre, slots, hero_is_topic=True)


def _place(words: Lexicon) -> str:
    return words.pen.pick(("a ", "the ")) + words.place()


def _slots(words: Lexicon, cast: dict[str, str], name: str, pronoun: str) -> dict[str, str]:
    pen = words.pen
    he, him, his, himself = PRONOUNS[pronoun]
    friend, friend_pronoun = words.person()
    slots = {"n": name, "he": he, "him": him, "his": his, "himself": himself, **cast}
    slots |= {"He": capital(he), "Him": capital(him), "His": capital(his)}
    slots |= {"m": friend, "mhis": PRONOUNS[friend_pronoun][2], "trait": pen.pick(TRAITS)}
    slots |= {"p": plural(words.noun()), "a2": words.animal() if pen.chance(0.5) else cast["aid"]}
    return slots


def _titled(pen: Pen, template: str, **words: str) -> str:
    """Fill a title, mostly with capitals, sometimes the way people type."""
    filled = pen.phrase(
        template.replace("A {", "A(n) {").replace("a {", "a(n) {"),
        verb=pen.pick(LITTLE_VERBS),
        **{slot: capital(word) for slot, word in words.items()},
    )
    return filled.lower() if pen.chance(0.12) else capital(filled)

"""“Surprise me”: a title, a genre and a tone, put together from lists."""

import random
from dataclasses import dataclass

from shared.formats.story import GENRES, TONES
from shared.texts import later, say

HEROES = (
    later("lighthouse"), later("clockmaker"), later("fox"), later("cartographer"), later("snail"),
    later("night train"), later("ferry"), later("librarian"), later("orchard"),
    later("weather vane"), later("postman"), later("umbrella"), later("violin"), later("baker"),
    later("comet"), later("lantern"),
)  # fmt: skip
DEEDS = (
    later("that walked"), later("who forgot the sea"), later("at the end of the tram line"),
    later("that nobody wound up"), later("who collected echoes"), later("under the frozen lake"),
    later("that would not end"), later("with two shadows"), later("who swallowed the moon"),
    later("in the thirteenth room"), later("that answered back"), later("of the salt islands"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader might have typed."""

    title: str
    genre: str
    tone: str


def surprise(chance: random.Random | None = None) -> Wish:
    """A new wish; about 7,000 are possible."""
    pick = (chance or random.SystemRandom()).choice
    title = say("The {hero} {deed}", hero=say(pick(HEROES)), deed=say(pick(DEEDS)))
    return Wish(title, pick(GENRES), pick(TONES))

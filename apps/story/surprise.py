"""“Surprise me”: a title, a genre and a tone, put together from lists."""

import random
from dataclasses import dataclass

from shared.formats.story import GENRES, TONES

HEROES = (
    "lighthouse", "clockmaker", "fox", "cartographer", "snail", "night train", "ferry", "librarian",
    "orchard", "weather vane", "postman", "umbrella", "violin", "baker", "comet", "lantern",
)  # fmt: skip
DEEDS = (
    "that walked", "who forgot the sea", "at the end of the tram line", "that nobody wound up",
    "who collected echoes", "under the frozen lake", "that would not end", "with two shadows",
    "who swallowed the moon", "in the thirteenth room", "that answered back", "of the salt islands",
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
    return Wish(f"The {pick(HEROES)} {pick(DEEDS)}", pick(GENRES), pick(TONES))

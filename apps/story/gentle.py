"""The filter behind “safe for children”: best effort, and said to be no more.

A model is first asked for a gentle story; this catches what slips through, by words alone. It knows
English only and does not understand: a knife may butter bread. So a sentence with such a word is
asked for again, and left out when it comes again.
"""

import re

from apps.story.tale import sentences

STEMS = (
    "asshole bastard behead bitch bleed blood bloody bullet cigarette cocaine corpse cunt damn"
    " decapitat drunk erotic execut fuck gore grenade gun heroin kill massacre meth molest murder"
    " mutilat naked noose nude opium pistol porn rape rapist rifle sex sexual sexy shit shotgun"
    " slaughter slut stab strangl suicid tortur vodka whiskey whore"
).split()
_WORDS = re.compile(
    rf"(?<!\w)(?:{'|'.join(STEMS)})(?:b?ed|b?ing|d|e|al|er|ers|es|ing|ion|ions|ment|s|y)?(?!\w)",
    re.IGNORECASE,
)


def harsh(text: str) -> bool:
    """Whether a word of the text does not belong into a story for children."""
    return _WORDS.search(text) is not None


def softened(text: str) -> str:
    """The text without its harsh sentences; empty when nothing else is left."""
    return "".join(part for part in sentences(text) if not harsh(part)).strip()

"""Which choices a reader is offered: all different, and never fewer than two.

A small model likes to repeat itself. Near-duplicates are dropped and the model is asked again (by
`apps.story.telling`); what is still missing then comes from a list that fits the genre, and is
marked as such.
"""

import itertools
from collections.abc import Iterable, Sequence

from apps.story.book import Book
from apps.story.tale import Choice, Passage
from shared.formats.alike import alike
from shared.texts import later, say

FEWEST, MOST = 2, 4

STOCK: dict[str, tuple[str, ...]] = {
    "fairy tale": (
        later("Follow the light between the trees"),
        later("Knock on the nearest door"),
        later("Ask the oldest creature for advice"),
        later("Share your bread with a stranger"),
    ),
    "adventure": (
        later("Take the steep path"),
        later("Look at the map once more"),
        later("Hide and watch"),
        later("Call out to whoever is there"),
    ),
    "mystery": (
        later("Look for a clue"),
        later("Question the nearest witness"),
        later("Go back to where it began"),
        later("Follow the footprints"),
    ),
    "science fiction": (
        later("Scan the surroundings"),
        later("Send a message home"),
        later("Open the hatch"),
        later("Ask the ship what it knows"),
    ),
    "animal": (
        later("Follow the scent"),
        later("Ask the other animals"),
        later("Climb up and look around"),
        later("Wait quietly in the grass"),
    ),
    "spooky": (
        later("Open the creaking door"),
        later("Light a candle"),
        later("Listen at the wall"),
        later("Turn round very slowly"),
    ),
    "": (
        later("Look around carefully"),
        later("Go on"),
        later("Turn back"),
        later("Speak to whoever is near"),
    ),
}
"""Genre to what one can nearly always do in it; the empty genre serves all others."""
_STOCK_TEXTS = frozenset(itertools.chain.from_iterable(STOCK.values()))


def read(choice: Choice) -> str:
    """A choice as the reader reads it: Inkloop's own ones in the language of the site."""
    return say(choice.text) if choice.stock else choice.text


def said(passage: Passage) -> str:
    """What the reader did, as `read` showed it to them; empty where they only began or ended."""
    stock = passage.step == "choice" and passage.said in _STOCK_TEXTS
    return say(passage.said) if stock else passage.said


def distinct(texts: Iterable[str]) -> list[str]:
    """The texts without near-duplicates of earlier ones, four at most."""
    kept: list[str] = []
    for text in texts:
        if not any(alike(text, earlier) for earlier in kept):
            kept.append(text)
    return kept[:MOST]


def filled(texts: Sequence[str], genre: str, taken: Sequence[str] = ()) -> tuple[Choice, ...]:
    """The model's choices, and stock ones until there are two.

    Args:
        texts: Distinct choices of the model, possibly none.
        genre: Chooses the list.
        taken: What the reader has done already; a stock choice does not repeat it if it can.
    """
    choices = [Choice(text) for text in distinct(texts)]
    stock = STOCK.get(genre.casefold(), STOCK[""]) + STOCK[""]
    fresh = [text for text in stock if not any(alike(text, earlier) for earlier in taken)]
    for text in [*fresh, *stock]:
        if len(choices) >= FEWEST:
            break
        if not any(alike(text, choice.text) for choice in choices):
            choices.append(Choice(text, stock=True))
    return tuple(choices)


def told(offered: Sequence[Choice], book: Book, passage: Passage) -> tuple[Choice, ...]:
    """The ways with the passages that they led to, and the reader's own links after them."""
    children = [each for each in book.passages if each.parent_id == passage.id]
    newest = {each.said: each.id for each in children if each.step == "choice"}
    links = {link.said: link.target_id for link in book.links if link.passage_id == passage.id}
    found = [
        Choice(
            choice.text,
            choice.stock,
            links.get(choice.text) or newest.get(choice.text, ""),
            choice.text in links,
        )
        for choice in offered
    ]
    texts = {choice.text for choice in offered}
    found += [Choice(said, told=at, link=True) for said, at in links.items() if said not in texts]
    return tuple(found)

"""Two small pieces of editing work: a text in a prompt, and what an editor made of it.

The first keeps most of its words, as polishing does; the second says the same in other words.
"""

from typing import Final

_TEXT: Final = (
    "The old ferry leaves the harbour at six in the morning, when the market is still dark. Two"
    " women with baskets of eggs stand at the rail and talk about the weather. The captain drinks"
    " his tea and does not hurry. Behind the lighthouse the water gets rough, and the younger woman"
    " holds on to her basket. Nobody has ever lost an egg on this ferry, the captain says, and he"
    " has been saying so for thirty years. On the other side the teacher is already waiting with"
    " her bicycle, because the school begins at seven and the children like their eggs warm."
)
_LIGHT: Final = (
    "The old ferry leaves the harbour at six in the morning, while the market is still dark. Two"
    " women with baskets of eggs stand at the rail and talk about the weather. The captain drinks"
    " his tea without any hurry. Behind the lighthouse the water gets rough, and the younger woman"
    " clings to her basket. Nobody has ever lost an egg on this ferry, the captain says, and he"
    " has been saying so for thirty years. On the far side the teacher is already waiting with"
    " her bicycle, because school begins at seven and the children like their eggs warm."
)
_HEAVY: Final = (
    "At six, before the stalls are lit, a worn little boat sets out. A pair of egg sellers lean"
    " over the side, guessing at rain, while the man at the wheel sips from his cup as if the day"
    " were his. Past the light the swell rises; one of them grips what she carries. In three"
    " decades, he likes to tell them, not a shell has cracked on board. Across the bay somebody"
    " stands beside a bike: lessons start in an hour, and breakfast should not be cold."
)


def _asked(wish: str) -> str:
    return f"{wish}\n\n{_TEXT}\n\nThe text:\n\n"


LIGHT: Final = (_asked("Polish this text and change as little as you can."), _LIGHT)
"""Prompt and answer."""
HEAVY: Final = (_asked("Say this in your own words."), _HEAVY)

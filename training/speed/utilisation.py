"""Which share of a card's arithmetic a LoRA run uses: what the model needs, over what there was.

Per token a frozen weight costs 4 operations (forward, and the gradient passed through it) and a
weight of the adapter 6. The head is frozen too; the table of embeddings is only looked up.
Attention adds its two products per layer, forward and twice backward, over half of the square.
What is computed again for gradient checkpointing is not counted: it is no progress.
"""

from dataclasses import dataclass

PEAKS = {
    "T4": 65e12,
    "L4": 121e12,
    "A10G": 70e12,
    "L40S": 362e12,
    "RTX 4090": 165e12,
    "A100": 312e12,
    "H100": 989e12,
    "H200": 989e12,
}
"""Dense operations per second at 16 bits, without sparsity, from the makers' data sheets."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the arithmetic of one token."""

    frozen: int
    """Weights of the layers that are multiplied with, head and embeddings not among them."""
    adapter: int
    """Weights of the adapter."""
    hidden: int
    layers: int
    vocabulary: int

    def operations(self, *, tokens: int, length: float) -> float:
        """For `tokens` in rows of `length` tokens each, on average."""
        dense = 4 * self.frozen + 6 * self.adapter
        attention = 6 * self.layers * self.hidden * length
        head = 4 * self.hidden * self.vocabulary
        return tokens * (dense + attention + head)


def peak_of(card: str) -> float | None:
    """Operations per second of a card; None for one that is not in the table."""
    names = sorted(PEAKS, key=len, reverse=True)
    found = next((name for name in names if name in card), None)
    return None if found is None else PEAKS[found]


def utilisation(
    shape: Shape, *, tokens: int, seconds: float, length: float, card: str
) -> float | None:
    """Between 0 and 1; None where the card's peak is not known."""
    peak = peak_of(card)
    if peak is None or seconds <= 0:
        return None
    return shape.operations(tokens=tokens, length=length) / seconds / peak

"""The number formats that a file may have, and how far each may move the model.

A file is compared twice. First as F16, where only rounding is allowed: a wrong layout, a lost
tensor or another rotary embedding shows there as several nats. Then in the format that ships, where
the limit is what that format costs.
"""

from shared.errors import BadRequest

LAYOUT = "f16"
"""The format in which the layout is compared."""
LIMITS = {
    "f32": 0.05,
    "f16": 0.05,
    "bf16": 0.1,
    "q8_0": 0.15,
    "q6_k": 0.25,
    "q5_k_m": 0.5,
    "q4_k_m": 0.9,
    "q4_0": 1.2,
    "q3_k_m": 1.6,
}
"""Mean absolute difference of a token's log-probability, in nats.

Each is two to four times the worst that was measured, so that no sound file is refused, and far
below what a wrong layout shows (several nats even as F16). Small models move most: on conversations
foreign to it the demo model differed by 0.005 (F16), 0.074 (Q8_0) and 0.42 to 0.46 (Q4_K_M), on its
own by 0.0001 (F16) and 0.016 (Q4_K_M); a random model by 0.012 (F16). Types between were not
measured.
"""


def check_kind(kind: str) -> str:
    """The kind itself.

    Raises:
        BadRequest: If there is no such kind.
    """
    if kind == "adapter":
        raise BadRequest(
            "The adapter is no file type of the model.",
            fix="Every export of a run writes it beside the model, as NAME-adapter.gguf.",
        )
    if kind not in LIMITS:
        raise BadRequest(f"There is no file type {kind!r}.", fix=f"Types: {', '.join(LIMITS)}.")
    return kind

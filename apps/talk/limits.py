"""What a person may set, and the sentence they read when it is too much.

Sliders keep a browser within the limits; a program that calls the API has only these checks.
"""

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from apps.checks import storable
from shared.engine.types import Sampling
from shared.errors import BadRequest
from shared.texts import say

MESSAGE_CHARACTERS = 100_000
SYSTEM_CHARACTERS = 20_000
TEMPERATURE = (0.0, 1.5)
SLIDER_TOKENS = (32, 2048)
"""Of the pages' slider; the API takes 1 to the window."""
SEED = (0, 2**32 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a person wants to be answered."""

    system: str = ""
    """Their own system prompt; empty is the app's."""
    temperature: float = 0.7
    max_tokens: int = 256
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None

    @classmethod
    def of(cls, usual: Sampling, *, max_tokens: int) -> "Wishes":
        """As an app draws by itself."""
        return cls(
            temperature=usual.temperature,
            max_tokens=max_tokens,
            top_p=usual.top_p,
            min_p=usual.min_p,
            repeat_penalty=usual.repeat_penalty,
        )

    def sampling(self) -> Sampling:
        """As the engine takes it."""
        return Sampling(
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            top_p=self.top_p,
            min_p=self.min_p,
            repeat_penalty=self.repeat_penalty,
            seed=self.seed,
        )

    def to_json(self) -> str:
        """For the store."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read_wishes(text: str) -> Wishes:
    """Read `to_json`'s text; settings that this version does not know are left out."""
    known = {field.name for field in fields(Wishes)}
    raw: dict[str, Any] = json.loads(text) if text else {}
    return Wishes(**{name: value for name, value in raw.items() if name in known})


def seed_text(seed: int | None) -> str:
    """A seed as the page's field has it."""
    return "" if seed is None else str(seed)


def read_seed(text: str) -> int | None:
    """What the field says: nothing, or a number.

    Raises:
        BadRequest: If it is something else.
    """
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError:
        low, high = SEED
        raise BadRequest(
            say("The seed is “{text}”.", text=text.strip()[:40]),
            fix=say(
                "Leave it empty, or write a whole number from {low} to {high}.", low=low, high=high
            ),
        ) from None


def check_message(text: object) -> str:
    """The message without surrounding blank lines.

    Raises:
        BadRequest: If it is no text, empty or too long.
    """
    if not isinstance(text, str):
        raise BadRequest(say("The message is not a text."), fix=say("Send a string."))
    if not text.strip():
        raise BadRequest(
            say("The message is empty."),
            fix=say("Write 1 to {most} characters.", most=f"{MESSAGE_CHARACTERS:,}"),
        )
    if len(text) > MESSAGE_CHARACTERS:
        raise BadRequest(
            say("The message has {count} characters.", count=f"{len(text):,}"),
            fix=say("The limit is {limit}; send it in parts.", limit=f"{MESSAGE_CHARACTERS:,}"),
        )
    return storable(text).strip("\r\n")


def check_wishes(wishes: Wishes, *, window_tokens: int) -> Wishes:
    """The same wishes with a text that can be stored, if all are within the limits.

    Raises:
        BadRequest: Naming the first limit that is passed.
    """
    if not isinstance(wishes.system, str):
        raise BadRequest(say("The system prompt is not a text."), fix=say("Send a string."))
    if len(wishes.system) > SYSTEM_CHARACTERS:
        raise BadRequest(
            say("The system prompt has {count} characters.", count=f"{len(wishes.system):,}"),
            fix=say("The limit is {limit}.", limit=f"{SYSTEM_CHARACTERS:,}"),
        )
    _within("temperature", wishes.temperature, TEMPERATURE)
    _within("max_tokens", wishes.max_tokens, (1, window_tokens), whole=True)
    _within("top_p", wishes.top_p, (0.0, 1.0))
    _within("min_p", wishes.min_p, (0.0, 1.0))
    _within("repeat_penalty", wishes.repeat_penalty, (0.5, 2.0))
    if wishes.seed is not None:
        _within("seed", wishes.seed, SEED, whole=True)
    return replace(wishes, system=storable(wishes.system))


def _within(name: str, value: object, limits: tuple[float, float], *, whole: bool = False) -> None:
    low, high = limits
    kinds = int if whole else int | float
    if isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high:
        return
    least, most = f"{low:g}", f"{high:.10g}"
    raise BadRequest(
        say("{name} is {value}.", name=name, value=f"{value!r:.40}"),
        fix=say("Send a whole number from {low} to {high}.", low=least, high=most)
        if whole
        else say("Send a number from {low} to {high}.", low=least, high=most),
    )

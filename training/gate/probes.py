"""Fixed questions about flattery and safety, each with a right and a wrong answer.

Which of two given answers a model finds likelier can be asked of any model and needs no judge. A
model that does not get most of them right by itself cannot show a loss, so it is said to be not
measurable: never safe.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from shared.formats import chat
from shared.messages import Message

FILE = Path(__file__).resolve().parent / "probes.yaml"


@dataclass(frozen=True, slots=True)
class Probe:
    """One question."""

    kind: str
    """`flattery` or `safety`."""
    prompt: tuple[Message, ...]
    right: str
    wrong: str


@cache
def probes() -> tuple[Probe, ...]:
    """All of them, asked under the chat app's own prompt."""
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(
        Probe(kind, (Message("system", chat.SYSTEM), Message("user", asked)), right, wrong)
        for kind, rows in raw.items()
        for asked, right, wrong in rows
    )

"""What is written down about an answer and about a flag.

An answer's record holds everything needed to write it again: the exact messages, the sampling with
its seed, the model file, the app's prompt version. A flag refers to an answer by id; the browser's
idea of what was said is never trusted. Field names follow record schema v1 (README, "A flag").
"""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.ids import new_id

SCHEMA_VERSION = 1
App = Literal["chat", "code", "story", "brainstorm", "poetry", "api"]
Verdict = Literal["up", "down", "prefer"]

MAX_COMMENT = 4_000
MAX_CORRECTION = 20_000


def now() -> datetime:
    """The present, in UTC, to the millisecond that is stored."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Record(BaseModel):
    """Base of everything that is stored: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(Record):
    """One message as it is stored."""

    role: str
    content: str


class ModelRef(Record):
    """Which file wrote an answer."""

    name: str
    """Release or model name, as shown on the page."""
    sha256: str = ""
    adapter: str | None = None
    template_sha256: str = ""


class AnswerRecord(Record):
    """One generated reply with its id, in its owner's hands only."""

    id: str = Field(default_factory=new_id)
    created_at: datetime = Field(default_factory=now)
    app: App
    owner: str = ""
    """Hash of the owner's cookie; empty for API callers, whose capability is the answer id."""
    messages: tuple[Turn, ...]
    """The whole prompt, system message included, the answer not."""
    text: str
    """The answer; partial when it was stopped."""
    sampling: dict[str, Any] = Field(default_factory=dict)
    """As asked, with the seed that was used."""
    numbers: dict[str, Any] = Field(default_factory=dict)
    """`shared.engine.types.Numbers` as a dict."""
    model: ModelRef
    prompt_version: str = ""
    prompt_sha256: str = ""
    """Of the app's own system prompt: a better prompt is not a better model."""
    schema_name: str = ""
    """Name of the schema or pattern that bound the answer; empty for free text."""


class Consent(Record):
    """What the person allows; both off unless they say otherwise."""

    train: bool = False
    publish: bool = False


class FlagDraft(Record):
    """What a person says about an answer, before it is stored."""

    answer_id: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    """Stable keys of the taxonomy."""
    severity: str = ""
    comment: str = Field("", max_length=MAX_COMMENT)
    correction: str = Field("", max_length=MAX_CORRECTION)
    consent: Consent = Consent()

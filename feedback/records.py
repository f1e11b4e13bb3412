"""What is written down about an answer and about a flag.

An answer's record holds everything needed to write it again: the exact messages, the sampling with
its seed, the model file, the app's prompt version. A flag refers to an answer by id; the browser's
idea of what was said is never trusted. Field names follow record schema v1 (README, "A flag").
"""

import hashlib
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


def owner_hash(owner: str) -> str:
    """How an owner is stored: SHA-256 of the cookie, or nothing.

    Stand-ins for callers without a cookie contain a colon (`apps.ui.owner`). They own nothing:
    whoever knows the id of such an answer may flag it.
    """
    return hashlib.sha256(owner.encode()).hexdigest() if owner and ":" not in owner else ""


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
    """What a person says about an answer, before it is stored (`feedback.drafts` makes one)."""

    answer_id: str
    verdict: Verdict
    over: str = ""
    """With `prefer`: id of the answer that this one is better than."""
    reasons: tuple[str, ...] = ()
    """Stable keys of the taxonomy."""
    severity: str = ""
    comment: str = Field("", max_length=MAX_COMMENT)
    correction: str = Field("", max_length=MAX_CORRECTION)
    consent: Consent = Consent()


class FlagModel(Record):
    """The file behind a flagged answer; a release manifest with this hash tells the rest."""

    name: str
    file_sha256: str = ""
    adapter: str | None = None
    template_sha256: str = ""


class Redaction(Record):
    """What the scrubber took out before anything was stored."""

    version: int
    counts: dict[str, int] = Field(default_factory=dict)
    """Placeholder to how often it was put in."""


class FlagConsent(Consent):
    """What was allowed, under which wording, and when."""

    version: int = 1
    at: datetime


class FlagRecord(Record):
    """Schema v1: one flag as it is stored. A row never changes; a change is a new revision.

    Text in here has been scrubbed. Review, dataset and release are not in here: they are facts
    about the flag that come later, and are kept by its id (`feedback.reviews`).
    """

    id: str
    schema_version: int = SCHEMA_VERSION
    created_at: datetime
    """When this revision was sent."""
    app: App
    app_version: str = ""
    """Version of the app's prompt and format (`shared.formats`)."""
    system_sha256: str = ""
    """Of the app's system prompt: a better prompt is not a better model."""
    model: FlagModel
    messages: tuple[Turn, ...]
    """The conversation; `messages[rated_index]` is the answer that was rated."""
    rated_index: int
    alternative: str = ""
    """With `prefer`: the answer that lost."""
    sampling: dict[str, Any] = Field(default_factory=dict)
    generation: dict[str, Any] = Field(default_factory=dict)
    """Finish reason, token counts and times."""
    schema_name: str = ""
    """What bound the answer's form; empty for free text."""
    verdict: Verdict
    categories: tuple[str, ...] = ()
    """Reasons, by their keys in the taxonomy."""
    severity: str = ""
    comment: str = ""
    correction: str = ""
    consent: FlagConsent
    session: str = ""
    """HMAC of the owner under a key of this machine, 16 hex digits; empty for API callers."""
    prompt_sha256: str = ""
    """Of the normalised messages before the answer: equal for equal questions."""
    redaction: Redaction
    origin: str = ""
    """Where a flag comes from that was not given here; empty for all others."""

    @property
    def prompt(self) -> tuple[Turn, ...]:
        """Everything that the model had read when it answered."""
        return self.messages[: self.rated_index]

    @property
    def answer(self) -> str:
        """The text that was rated."""
        return self.messages[self.rated_index].content


class Receipt(Record):
    """What the person gets: the state, and the secret that lets them change or erase the flag."""

    flag_id: str
    receipt: str
    """Only its SHA-256 is stored; every submission gives a new one and the older ones stay good."""
    state: str

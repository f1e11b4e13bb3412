"""Makes the record of a flag out of what the server knows and what the person said.

Everything that anybody typed or a model wrote goes through the scrubber here, before it is stored
or shown in the preview.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedback.records import (
    AnswerRecord,
    FlagConsent,
    FlagDraft,
    FlagModel,
    FlagRecord,
    Redaction,
    Turn,
    now,
)
from feedback.scrub import scrub_all

CONSENT_VERSION = 1
"""Raised when the wording at the ticks changes."""


def build_record(
    draft: FlagDraft,
    answer: AnswerRecord,
    *,
    flag_id: str,
    session: str,
    alternative: str = "",
) -> FlagRecord:
    """One revision of a flag, scrubbed and complete.

    Args:
        draft: What the person says.
        answer: The answer as the server recorded it.
        flag_id: Id of the flag; empty in a preview of a new one.
        session: The person's name in storage.
        alternative: With `prefer`, the answer that lost.
    """
    said, redaction = _scrubbed(draft, answer, alternative)
    at = now()
    return FlagRecord(
        id=flag_id,
        created_at=at,
        app=answer.app,
        app_version=answer.prompt_version,
        system_sha256=answer.prompt_sha256,
        model=_model(answer),
        messages=(*said.prompt, Turn(role="assistant", content=said.answer)),
        rated_index=len(said.prompt),
        alternative=said.alternative,
        sampling=answer.sampling,
        generation=answer.numbers,
        schema_name=answer.schema_name,
        verdict=draft.verdict,
        categories=draft.reasons,
        severity=draft.severity,
        comment=said.comment,
        correction=said.correction,
        consent=FlagConsent(**draft.consent.model_dump(), version=CONSENT_VERSION, at=at),
        session=session,
        prompt_sha256=prompt_sha256(said.prompt),
        redaction=redaction,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """All texts of a flag, scrubbed."""

    prompt: tuple[Turn, ...]
    answer: str
    alternative: str
    comment: str
    correction: str


def _scrubbed(draft: FlagDraft, answer: AnswerRecord, alternative: str) -> tuple[_Said, Redaction]:
    # A page may send the answer itself, put there to be edited and left as it was.
    correction = "" if draft.correction.strip() == answer.text.strip() else draft.correction
    texts = [answer.text, alternative, draft.comment, correction]
    (text, other, comment, better, *contents), redaction = scrub_all(
        [*texts, *(turn.content for turn in answer.messages)]
    )
    prompt = tuple(
        Turn(role=turn.role, content=content)
        for turn, content in zip(answer.messages, contents, strict=True)
    )
    return _Said(prompt, text, other, comment, better), redaction


def prompt_sha256(prompt: Sequence[Turn]) -> str:
    """Hash of what was asked; equal for texts that differ in case, spaces and Unicode form only."""
    lines = [f"{turn.role}\n{normalised(turn.content)}" for turn in prompt]
    return hashlib.sha256("\0".join(lines).encode()).hexdigest()


def normalised(text: str) -> str:
    """Case, white space and Unicode form taken out."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def says_the_same(one: FlagRecord, other: FlagRecord) -> bool:
    """Whether two revisions differ in nothing but their time."""
    return _without_time(one) == _without_time(other)


def _without_time(record: FlagRecord) -> dict[str, Any]:
    values = record.model_dump(exclude={"created_at"})
    del values["consent"]["at"]
    return values


def _model(answer: AnswerRecord) -> FlagModel:
    return FlagModel(
        name=answer.model.name,
        file_sha256=answer.model.sha256,
        adapter=answer.model.adapter,
        template_sha256=answer.model.template_sha256,
    )

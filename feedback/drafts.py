"""Reads what somebody sent as a flag, and says in words what is wrong with it.

The one door for pages, the API and commands: behind it, a `FlagDraft` is well formed, bounded and
can be stored as UTF-8. Whether its answer exists and its reasons fit is decided by
`feedback.flags`.
"""

from collections.abc import Iterable

from feedback.records import MAX_COMMENT, MAX_CORRECTION, Consent, FlagDraft, Verdict
from feedback.taxonomy import SEVERITIES
from shared.errors import BadRequest

VERDICTS: tuple[Verdict, ...] = ("up", "down", "prefer")
MAX_REASONS = 20


def make_draft(  # noqa: PLR0913 - the fields of a flag, as the API names them
    answer_id: str,
    verdict: str,
    *,
    over: str = "",
    reasons: Iterable[str] | None = (),
    severity: str | None = "",
    comment: str | None = "",
    correction: str | None = "",
    consent_train: bool = False,
    consent_publish: bool = False,
) -> FlagDraft:
    """A flag from what a page or a program sent.

    Raises:
        BadRequest: Naming the field, and the limit or the choices it has.
    """
    if verdict not in VERDICTS:
        raise BadRequest(f"{str(verdict)[:40]!r} is not a verdict.", fix="Use “up” or “down”.")
    if (severity or "") not in SEVERITIES:
        choices = ", ".join(key for key in SEVERITIES if key)
        raise BadRequest(f"{str(severity)[:40]!r} is not a severity.", fix=f"Use one of {choices}.")
    if bool(over) != (verdict == "prefer"):
        raise BadRequest(
            "“prefer” compares two answers.", fix="Name the other answer in `over`, only with it."
        )
    return FlagDraft(
        answer_id=_text("answer_id", answer_id, 100),
        verdict=verdict,
        over=_text("over", over, 100),
        reasons=_reasons(reasons),
        severity=severity or "",
        comment=_text("comment", comment, MAX_COMMENT),
        correction=_text("correction", correction, MAX_CORRECTION),
        consent=Consent(train=_switch(consent_train), publish=_switch(consent_publish)),
    )


def storable(text: str) -> str:
    """The text as it can be kept: lone surrogates and NUL become “�”, nothing else changes.

    Both break what comes later (UTF-8, C strings in other tools); a browser or a JSON client may
    send them by accident, and the rest of the text is still worth having.
    """
    return text.replace("\0", "�").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _reasons(keys: Iterable[str] | None) -> tuple[str, ...]:
    if isinstance(keys, str):
        raise BadRequest("`reasons` is a list of keys.", fix=f"Send [{keys[:40]!r}].")
    found = tuple(dict.fromkeys(_text("reasons", key, 100) for key in keys or ()))
    if len(found) > MAX_REASONS:
        raise BadRequest(f"{len(found)} reasons are too many.", fix=f"Choose up to {MAX_REASONS}.")
    return found


def _text(field: str, value: object, limit: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRequest(f"`{field}` is not a text.", fix="Send a string.")
    if len(value) > limit:
        raise BadRequest(
            f"`{field}` has {len(value):,} characters; the limit is {limit:,}.", fix="Shorten it."
        )
    return storable(value)


def _switch(value: object) -> bool:
    # Consent is never read out of something that only looks true, such as the text "false".
    if not isinstance(value, bool):
        raise BadRequest("Consent is true or false.", fix="Send a boolean.")
    return value

"""Reads what somebody sent as a flag, and says in words what is wrong with it.

The one door for pages, the API and commands: behind it, a `FlagDraft` is well formed, bounded and
can be stored as UTF-8. Whether its answer exists and its reasons fit is decided by
`feedback.flags`.
"""

from collections.abc import Iterable

from feedback.records import MAX_COMMENT, MAX_CORRECTION, Consent, FlagDraft, Verdict
from feedback.taxonomy import SEVERITIES
from shared.errors import BadRequest
from shared.texts import say

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
        raise BadRequest(
            say("{verdict} is not a verdict.", verdict=repr(str(verdict)[:40])),
            fix=say("Use “up” or “down”."),
        )
    if (severity or "") not in SEVERITIES:
        choices = ", ".join(key for key in SEVERITIES if key)
        raise BadRequest(
            say("{severity} is not a severity.", severity=repr(str(severity)[:40])),
            fix=say("Use one of {choices}.", choices=choices),
        )
    if bool(over) != (verdict == "prefer"):
        raise BadRequest(
            say("“prefer” compares two answers."),
            fix=say("Name the other answer in `over`, only with it."),
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
        raise BadRequest(
            say("`reasons` is a list of keys."), fix=say("Send {example}.", example=[keys[:40]])
        )
    found = tuple(dict.fromkeys(_text("reasons", key, 100) for key in keys or ()))
    if len(found) > MAX_REASONS:
        raise BadRequest(
            say("{count} reasons are too many.", count=len(found)),
            fix=say("Choose up to {most}.", most=MAX_REASONS),
        )
    return found


def _text(field: str, value: object, limit: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRequest(say("`{field}` is not a text.", field=field), fix=say("Send a string."))
    if len(value) > limit:
        raise BadRequest(
            say(
                "`{field}` has {count} characters; the limit is {limit}.",
                field=field,
                count=f"{len(value):,}",
                limit=f"{limit:,}",
            ),
            fix=say("Shorten it."),
        )
    return storable(value)


def _switch(value: object) -> bool:
    # Consent is never read out of something that only looks true, such as the text "false".
    if not isinstance(value, bool):
        raise BadRequest(say("Consent is true or false."), fix=say("Send a boolean."))
    return value

"""What a flag panel knows and says, without a page: its state, its words, what it will send."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from feedback.drafts import make_draft
from feedback.records import Consent, FlagDraft, Receipt
from shared.texts import later, say

CHOICES = ((later("Good"), "up"), (later("Bad"), "down"))
STORED = {"up": later("Good"), "down": later("Bad"), "prefer": later("Better than the other")}
NOT_YET = later("Nothing is stored until you choose Good or Bad.")
CONSENT = later("""\
Without these ticks your flag **stays on this machine**, visible to you and its reviewers, and is
deleted after a while. With them it leaves as a contribution under **CC BY 4.0**: the conversation
up to this answer, and what you write here. A model trained on it may be published. A correction
must be **your own words**. You can take it back with the receipt.
""")
TRAIN = later("You may train models on this")
PUBLISH = later("You may publish this in an open dataset")
TEMPORARY = later(
    '<p class="flag-temporary"><strong>This chat is temporary.</strong> A flag writes down this'
    " answer with the conversation before it; nothing else of the chat is kept.</p>"
)
REMEMBER = later("Remember both ticks in this browser, for every flag")
RECEIPT = later("Flag {flag_id}\nReceipt {receipt}")
"""As a person keeps it, and as `/flags` reads it when it is pasted there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagging:
    """The answer that a panel is open for, and what has been stored about it from here."""

    answer_id: str = ""
    remembered: Consent = field(default_factory=Consent)
    """What this browser was asked to remember; counts until something was sent."""
    sent: FlagDraft | None = None
    receipt: Receipt | None = None

    def stored(self, draft: FlagDraft, receipt: Receipt) -> "Flagging":
        """After a submission; every receipt stays good, so the first one is kept."""
        return replace(self, sent=draft, receipt=self.receipt or receipt)

    def shown_receipt(self) -> str:
        """What the person is to keep; empty before anything was stored."""
        if self.receipt is None:
            return ""
        return say(RECEIPT, flag_id=self.receipt.flag_id, receipt=self.receipt.receipt)


@dataclass(frozen=True, slots=True)
class Form:
    """The panel's fields, in the order in which the page sends them."""

    verdict: str = ""
    reasons: list[str] = field(default_factory=list)
    severity: str = ""
    comment: str = ""
    correction: str = ""
    train: bool = False
    publish: bool = False

    @classmethod
    def read(cls, values: Sequence[object]) -> "Form":
        """The form from what a page sent; what is not of the right kind counts as left out."""
        verdict, reasons, severity, comment, correction, train, publish = values
        return cls(
            _text(verdict),
            [key for key in reasons if isinstance(key, str)] if isinstance(reasons, list) else [],
            _text(severity),
            _text(comment),
            _text(correction),
            train=train is True,
            publish=publish is True,
        )

    @classmethod
    def of(cls, said: FlagDraft | None, remembered: Consent | None = None) -> "Form":
        """The form as it shows what has been said before, or else the ticks that are remembered."""
        if said is None:
            ticks = remembered or Consent()
            return cls(train=ticks.train, publish=ticks.publish)
        return cls(
            said.verdict,
            list(said.reasons),
            said.severity,
            said.comment,
            said.correction,
            train=said.consent.train,
            publish=said.consent.publish,
        )

    def values(self) -> tuple[Any, ...]:
        """The fields in the order of the page; no verdict is None there."""
        return (
            self.verdict or None,
            self.reasons,
            self.severity,
            self.comment,
            self.correction,
            self.train,
            self.publish,
        )

    def has_verdict(self, flagging: Flagging) -> bool:
        """Whether there is a verdict: here, or in a comparison that was sent before."""
        return bool(self.verdict) or _is_comparison(flagging.sent)

    def draft(self, flagging: Flagging) -> FlagDraft:
        """Everything that the form says.

        Raises:
            BadRequest: Naming the field and its limit.
        """
        sent = flagging.sent
        keeps = sent if not self.verdict and _is_comparison(sent) else None
        return make_draft(
            flagging.answer_id,
            keeps.verdict if keeps else self.verdict,
            over=keeps.over if keeps else "",
            reasons=self.reasons,
            severity=self.severity,
            comment=self.comment,
            correction=self.correction,
            consent_train=self.train,
            consent_publish=self.publish,
        )

    def has_words_beyond(self, flagging: Flagging) -> bool:
        """Whether something was typed or ticked that was not sent yet."""
        sent = flagging.sent
        return sent is not None and self.values()[2:] != Form.of(sent).values()[2:]

    def clicked(self, flagging: Flagging) -> FlagDraft:
        """Only what a click says: unfinished words and ticks wait for “Send”."""
        sent = flagging.sent
        if sent is None:
            return make_draft(
                flagging.answer_id,
                self.verdict,
                reasons=self.reasons,
                consent_train=flagging.remembered.train,
                consent_publish=flagging.remembered.publish,
            )
        return sent.model_copy(
            update={
                "verdict": self.verdict or sent.verdict,
                "over": "" if self.verdict else sent.over,
                "reasons": tuple(self.reasons),
            }
        )


def read_remembered(text: object) -> Consent:
    """What a browser remembers: the words `train` and `publish`, or one, or none."""
    words = text.split() if isinstance(text, str) else []
    return Consent(train="train" in words, publish="publish" in words)


def preview(record: dict[str, Any]) -> str:
    """The record as it will lie on disk, as HTML."""
    return _boxed(json.dumps(record, ensure_ascii=False, indent=2, default=str))


def told(draft: FlagDraft, flag_id: str, *, sent: bool = False) -> str:
    """What has been stored, what may follow, and where its life can be watched, as HTML."""
    link = f'<a href="/flags?id={quote(flag_id)}" target="_blank">{say("What becomes of it?")}</a>'
    if sent:
        return f'<p role="status">{say("✓ Sent. It is stored as shown below.")} {link}</p>'
    more = (
        say("You can add to it below.")
        if draft.reasons
        else say("A reason says more than a thumb.")
    )
    if draft.consent.train or draft.consent.publish:
        more += " " + say("It carries your consent below.")
    stored = say("✓ Stored as “{verdict}”.", verdict=say(STORED[draft.verdict]))
    return f'<p role="status">{stored} {more} {link}</p>'


def nothing_stored() -> str:
    """The preview before there is anything to store."""
    return f"<p>{html.escape(say(NOT_YET))}</p>"


def quoted(answer: str) -> str:
    """The answer that the panel is about, as HTML."""
    return _boxed(answer)


def _is_comparison(draft: FlagDraft | None) -> bool:
    return draft is not None and draft.verdict == "prefer"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _boxed(text: str) -> str:
    return f'<pre tabindex="0">{html.escape(text)}</pre>'

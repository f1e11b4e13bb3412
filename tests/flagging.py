"""Flags as people send them and reviewers approve them, without a server."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.answers import AnswerStore
from feedback.drafts import make_draft
from feedback.flags import FlagService
from feedback.records import AnswerRecord, ModelRef, Receipt, Turn, owner_hash
from feedback.reviews import Decision, Reviews
from shared.formats import chat
from shared.home import Home
from shared.settings import Settings


@dataclass(frozen=True)
class Complaint:
    """Somebody was told something wrong and says what is right."""

    owner: str
    question: str
    told: str
    right: str
    system: str = chat.SYSTEM


def send(home: Home, complaints: Sequence[Complaint]) -> list[Receipt]:
    """Store the answers and the flags about them, with consent to train."""
    answers = AnswerStore(home.history)
    flags = FlagService(home, answers, Settings(home=home.root))
    try:
        return [_send(answers, flags, complaint) for complaint in complaints]
    finally:
        flags.close()
        answers.close()


def _send(answers: AnswerStore, flags: FlagService, complaint: Complaint) -> Receipt:
    answer = AnswerRecord(
        app="chat",
        owner=owner_hash(complaint.owner),
        messages=(
            *([Turn(role="system", content=complaint.system)] if complaint.system else []),
            Turn(role="user", content=complaint.question),
        ),
        text=complaint.told,
        numbers={"finish_reason": "stop"},
        model=ModelRef(name="demo"),
    )
    answers.record(answer)
    draft = make_draft(
        answer.id,
        "down",
        reasons=["incorrect"],
        correction=complaint.right,
        consent_train=True,
    )
    return flags.submit(draft, owner=complaint.owner)


def approve(home: Home, receipts: Sequence[Receipt]) -> None:
    """Let a reviewer approve the first revision of each flag."""
    Reviews(home).decide(
        Decision(flag_id=receipt.flag_id, revision=1, decision="approve", by="reviewer")
        for receipt in receipts
    )

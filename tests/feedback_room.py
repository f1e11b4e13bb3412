"""A home with its stores open, and people who ask and flag in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from feedback.answers import AnswerStore
from feedback.drafts import make_draft
from feedback.flags import FlagService
from feedback.ledger import Flag, Ledger
from feedback.records import AnswerRecord, ModelRef, Receipt, Turn, owner_hash
from feedback.reviews import Decision, Reviews
from shared.home import Home
from shared.settings import Settings


class Room:
    """One serving process, without pages and models."""

    def __init__(
        self, root: Path, *, keep_days: int = 90, flags_repo: str = "", **more: str
    ) -> None:
        self.home = Home(root).prepare()
        self.answers = AnswerStore(self.home.history, keep_days=keep_days)
        settings = Settings(home=root, keep_days=keep_days, flags_repo=flags_repo, **more)
        self.flags = FlagService(self.home, self.answers, settings)
        self.ledger = Ledger(self.home)

    @classmethod
    @contextmanager
    def opened(cls, root: Path, **settings: Any) -> Iterator["Room"]:
        room = cls(root, **settings)
        try:
            yield room
        finally:
            room.close()

    def close(self) -> None:
        self.flags.close()
        self.answers.close()

    def answer(self, owner="ada", question="What is a quokka?", text="A kind of cheese.", **more):
        """Somebody was answered."""
        temporary = more.pop("temporary", False)
        answer = AnswerRecord(
            app=more.pop("app", "chat"),
            owner=owner_hash(owner),
            messages=(Turn(role="user", content=question),),
            text=text,
            model=ModelRef(name="demo", sha256="f" * 64),
            **more,
        )
        self.answers.record(answer, temporary=temporary)
        return answer

    def draft(self, answer: AnswerRecord, verdict="down", **more):
        """What somebody is about to say; with consent to train unless said otherwise."""
        more.setdefault("consent_train", True)
        return make_draft(answer.id, verdict, **more)

    def flag(self, answer: AnswerRecord, verdict="down", *, owner="ada", **more) -> Receipt:
        """Somebody flags; with consent to train unless said otherwise."""
        return self.flags.submit(self.draft(answer, verdict, **more), owner=owner)

    def complain(
        self, owner: str, question: str, correction="A small marsupial.", **more
    ) -> Receipt:
        """Ask, be told something wrong, and say what is right."""
        answer = self.answer(owner, question, text=more.pop("text", "A kind of cheese."))
        more.setdefault("reasons", ["misunderstood"])
        return self.flag(answer, owner=owner, correction=correction, **more)

    def decide(self, decision: str, *receipts: Receipt, by="reviewer", **more: str) -> None:
        """A reviewer decides about what the flags say now."""
        Reviews(self.home).decide(
            Decision(
                flag_id=receipt.flag_id,
                revision=self.newest(receipt).rows[-1].revision,
                decision=decision,
                by=by,
                **more,
            )
            for receipt in receipts
        )

    def approve(self, *receipts: Receipt) -> None:
        self.decide("approve", *receipts)

    def newest(self, receipt: Receipt) -> Flag:
        return self.ledger.get(receipt.flag_id)

    def state(self, receipt: Receipt) -> str:
        return self.flags.status(receipt.flag_id)["state"]

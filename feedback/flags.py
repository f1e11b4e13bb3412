"""Takes flags in: the one service behind pages, the API and commands.

A flag is acknowledged only once it is on disk (`feedback.outbox`). One person has one flag per
answer: sending again and withdrawing are revisions of it. Who may flag an answer: the person it was
written for, and a caller without a cookie who knows its id. Who may change or erase a flag: whoever
holds its receipt.
"""

import logging
import secrets
import threading
from datetime import timedelta
from typing import Any

from feedback import published
from feedback.answers import AnswerStore
from feedback.at_risk import at_risk
from feedback.build_record import build_record
from feedback.dataset import strip_versions
from feedback.drafts import storable
from feedback.ledger import Ledger
from feedback.outbox import Outbox, answers_of, left_with
from feedback.pulled import scrub_pulled
from feedback.pusher import Pusher, PushState
from feedback.rate import RateLimit
from feedback.receipts import check_receipt, secret_sha256
from feedback.records import AnswerRecord, Consent, FlagDraft, FlagRecord, Receipt, now, owner_hash
from feedback.register import Register
from feedback.reviews import Reviews, stamp
from feedback.revise import add_revision, add_withdrawal
from feedback.session import Sessions
from feedback.taxonomy import Taxonomy
from shared import metrics
from shared.errors import BadRequest, NotFound, StoreError
from shared.home import Home
from shared.settings import Settings
from shared.texts import say

log = logging.getLogger(__name__)

FLAGS_PER_MINUTE = 60
SWEEP_SECONDS = 60.0


class FlagService:
    """Flags of one serving process; safe from any thread."""

    def __init__(self, home: Home, answers: AnswerStore, settings: Settings) -> None:
        """Take up an outbox, and catch up with what was erased or has expired."""
        self._home = home
        self._answers = answers
        self._keep = timedelta(days=settings.keep_days)
        self.taxonomy = Taxonomy.load(home)
        self._sessions = Sessions(home.feedback)
        self._rate = RateLimit(times=FLAGS_PER_MINUTE, seconds=60)
        self._outbox = Outbox.claim(home.feedback)
        self._ledger = Ledger(home)
        self._reviews = Reviews(home)
        self._reviews.prepare()
        self._pusher = Pusher.wanted(home, self._outbox, settings)
        if home.passes:
            log.warning("%s", at_risk(settings, home).as_text())
        self.sweep()
        # An erasure that was cut short may have left rows in dataset versions.
        if buried := self._reviews.tombstones():
            strip_versions(home, buried)
            published.strip(home, buried)
        metrics.flags_unpushed.set_function(self.unpushed)
        self._closing = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep_often, name="flag sweeper", daemon=True)
        self._sweeper.start()

    def submit(self, draft: FlagDraft, *, owner: str) -> Receipt:
        """Store a flag, or the next revision of it; returns once it is on disk.

        Args:
            draft: What the person says (`feedback.drafts.make_draft`).
            owner: As in `Request.owner`; empty or with a colon for a caller without a cookie.

        Raises:
            BadRequest: If a reason does not fit the app or the verdict.
            NotFound: If there is no such answer, or it is somebody else's.
            RateLimited: After 60 in a minute.
            StoreError: If it could not be stored; then nothing was.
        """
        self._rate.take(owner_hash(owner) or draft.answer_id)
        answer = self._answer(draft.answer_id, owner)
        person = owner_hash(owner) or answer.owner
        record = self._record(draft, answer, person, flag_id="")
        last = self._ledger.newest(person, answer.id)
        if last is not None and self._reviews.tombstones([last.flag_id]):
            raise NotFound(say("This flag was erased, and its answer goes with it."))
        self._answers.keep(answer.id)
        secret = secrets.token_urlsafe(18)
        flag_id, is_new = self._outbox.writer.run(
            lambda db: add_revision(db, record, answer.id, person, last, secret_sha256(secret))
        )
        if is_new:
            metrics.flags.labels(record.app, record.verdict).inc()
        self._tell_pusher(urgent=record.consent.train and bool(record.correction))
        # Nobody can have decided about it yet; looking that up would take longer than all the rest.
        state = "received" if is_new else self._ledger.get(flag_id).state
        return Receipt(flag_id=flag_id, receipt=secret, state=state)

    def revise(self, flag_id: str, receipt: str, draft: FlagDraft) -> dict[str, Any]:
        """Change what a flag says, from wherever its receipt is held; gives what `status` gives.

        With `prefer`, the answer that lost stays the one that was named first.

        Raises:
            NotFound: If the receipt is not this flag's, or its answer is no longer kept.
            BadRequest: If a reason does not fit the app or the verdict.
            RateLimited: After 60 in a minute.
        """
        check_receipt(self._home, flag_id, receipt)
        self._rate.take(flag_id)
        flag = self._ledger.get(flag_id)
        last = flag.newest
        answer = None if last is None else self._answers.get(last.answer_id)
        if last is None or answer is None or flag.state == "erased":
            raise NotFound(
                say(
                    "The answer of this flag is no longer on this machine, so it cannot be changed."
                ),
                fix=say("Taking it back and erasing it are still possible."),
            )
        self.taxonomy.check(answer.app, draft.verdict, draft.reasons)
        kept = flag.record.alternative if flag.record and draft.verdict == "prefer" else ""
        record = build_record(
            draft,
            answer,
            flag_id=flag_id,
            session=self._sessions.name(last.owner),
            alternative=kept,
        )
        self._outbox.writer.run(
            lambda db: add_revision(
                db, record, last.answer_id, last.owner, last, secret_sha256(receipt)
            )
        )
        self._tell_pusher(urgent=record.consent.train and bool(record.correction))
        return self.status(flag_id)

    def preview(self, draft: FlagDraft, *, owner: str) -> dict[str, Any]:
        """Exactly what `submit` would store, as JSON values; the id is given when it is sent.

        Raises what `submit` raises, except RateLimited and StoreError.
        """
        answer = self._answer(draft.answer_id, owner)
        person = owner_hash(owner) or answer.owner
        known = self._ledger.newest(person, answer.id)
        flag_id = known.flag_id if known else ""
        return self._record(draft, answer, person, flag_id=flag_id).model_dump(mode="json")

    def said(self, answer_id: str, *, owner: str) -> FlagDraft | None:
        """The flag that this owner has on the answer now, as it is stored (scrubbed).

        Raises:
            NotFound: If there is no such answer, or it is somebody else's.
        """
        answer = self._answer(answer_id, owner)
        last = self._ledger.newest(owner_hash(owner) or answer.owner, answer.id)
        if last is None or last.payload is None:
            return None
        record = FlagRecord.model_validate_json(last.payload)
        return FlagDraft(
            answer_id=answer_id,
            verdict=record.verdict,
            reasons=record.categories,
            severity=record.severity,
            comment=record.comment,
            correction=record.correction,
            consent=Consent(train=record.consent.train, publish=record.consent.publish),
        )

    def status(self, flag_id: str) -> dict[str, Any]:
        """State and history by id, for anybody who knows the id; no text of the flag.

        Raises:
            NotFound: If there is no such flag.
        """
        flag = self._ledger.get(flag_id)
        history = [event.as_dict() for event in flag.history]
        return {"flag_id": flag.id, "state": flag.state, "history": history}

    def withdraw(self, flag_id: str, receipt: str) -> dict[str, Any]:
        """Take a flag back; it is no longer used, and can be sent again.

        Raises:
            NotFound: If the receipt is not this flag's.
        """
        check_receipt(self._home, flag_id, receipt)
        flag = self._ledger.get(flag_id)
        if flag.newest is not None and flag.state not in ("withdrawn", "erased"):
            last = flag.newest
            self._outbox.writer.run(lambda db: add_withdrawal(db, last))
            self._tell_pusher(urgent=False)
        return self.status(flag_id)

    def erase(self, flag_id: str, receipt: str) -> dict[str, Any]:
        """Erase a flag and its answer here and now, and in every later build.

        Raises:
            NotFound: If the receipt is not this flag's.
        """
        if not self._reviews.tombstones([storable(flag_id)]):
            check_receipt(self._home, flag_id, receipt)
            self._reviews.bury([flag_id], by="owner")
        self.sweep()
        strip_versions(self._home, [flag_id])
        published.strip(self._home, [flag_id])
        return self.status(flag_id)

    def sweep(self) -> None:
        """Empty what was erased (here or by a command) and drop what expired without consent."""
        tombstones = self._reviews.tombstones()
        with left_with(self._home.feedback, self._outbox.path, tombstones) as others:
            boxes = [self._outbox, *others]
            # The answers first: once an outbox is empty, nobody knows any more which they were.
            for answer_id in answers_of([box.path for box in boxes], tombstones):
                self._answers.erase(answer_id)
            emptied = [one for box in boxes for one in box.scrub(tombstones)]
        if emptied:
            self._tell_pusher(urgent=True)
        scrub_pulled(self._home, tombstones)
        if expired := self._outbox.expire(stamp(now() - self._keep)):
            self._reviews.forget(expired)
            Register(self._home).forget(expired)

    def unpushed(self) -> int:
        """How many flags of this process wait with consent to be pushed."""
        return self._outbox.waiting()

    @property
    def pushing(self) -> PushState | None:
        """How pushing to the Hub goes; None where no dataset is configured."""
        return None if self._pusher is None else self._pusher.state

    def close(self) -> None:
        """Finish what is being written, push what waits if it takes no time, let the file go."""
        metrics.flags_unpushed.set_function(lambda: 0)
        self._closing.set()
        self._sweeper.join()
        if self._pusher is not None:
            self._pusher.close()
        self._outbox.close()

    def _tell_pusher(self, *, urgent: bool) -> None:
        if self._pusher is not None:
            self._pusher.tell(urgent=urgent)

    def _sweep_often(self) -> None:
        while not self._closing.wait(SWEEP_SECONDS):
            try:
                self.sweep()
            except StoreError as error:
                log.error("Erased and expired flags wait for the next sweep: %s", error)

    def _answer(self, answer_id: str, owner: str) -> AnswerRecord:
        answer = self._answers.get(answer_id)
        who = owner_hash(owner)
        # The same words for both: whoever may not flag an answer learns nothing about it.
        if answer is None or (answer.owner and who != answer.owner):
            raise NotFound(
                say("There is no answer {answer_id} to flag.", answer_id=repr(answer_id[:60])),
                fix=say(
                    "Answers can be flagged by who asked, for {days} days.", days=self._keep.days
                ),
            )
        return answer

    def _record(
        self, draft: FlagDraft, answer: AnswerRecord, person: str, *, flag_id: str
    ) -> FlagRecord:
        self.taxonomy.check(answer.app, draft.verdict, draft.reasons)
        return build_record(
            draft,
            answer,
            flag_id=flag_id,
            session=self._sessions.name(person),
            alternative=self._loser(draft, answer),
        )

    def _loser(self, draft: FlagDraft, answer: AnswerRecord) -> str:
        if draft.verdict != "prefer":
            return ""
        other = self._answers.get(draft.over)
        if other is None or other.owner != answer.owner:
            raise NotFound(
                say(
                    "There is no answer {answer_id} to compare with.",
                    answer_id=repr(draft.over[:60]),
                )
            )
        if other.id == answer.id or other.messages != answer.messages:
            raise BadRequest(
                say("Only two answers to the same question can be compared."),
                fix=say("Write the answer again, then say which one is better."),
            )
        return other.text

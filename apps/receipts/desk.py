"""What a person can see and do about flags: by id, by receipt, by the browser they were sent from.

By id alone the state is told and nothing that was said. The words of a flag, changing it and asking
its question again need the receipt, or (for reading only) the browser that sent it.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from apps.checks import an_id
from apps.context import Context
from apps.receipts import words
from apps.receipts.again import ask_again
from apps.receipts.words import Life
from apps.ui.stream import Progress, growing
from feedback.ledger import Flag
from feedback.receipts import Reach, opened, own_flags, reach
from feedback.records import FlagDraft, FlagRecord
from shared.errors import BadRequest, NotFound
from shared.texts import say

MOST_OWN = 50


@dataclass(frozen=True, slots=True)
class OwnFlag:
    """A line of the list of what was sent from this browser."""

    id: str
    app: str
    verdict: str
    """Empty once the flag was withdrawn or erased."""
    day: str
    state: str
    about: str
    """The beginning of the question; empty like the verdict."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A flag in its author's hands."""

    record: FlagRecord | None
    """None once it was withdrawn or erased."""
    reach: Reach
    pushed_to: str
    """The Hub dataset that may hold a copy; empty where none can."""


class Desk:
    """The flags of one running Inkloop, as the people who sent them may see them."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def look_up(self, flag_id: str) -> Life:
        """What became of a flag.

        Raises:
            BadRequest: If no id is given.
            NotFound: If there is no such flag.
        """
        if not flag_id:
            raise BadRequest(
                say("The flag's id is missing."),
                fix=say("Paste it as it was shown when you sent the flag."),
            )
        return words.life(self._ctx.flags.status(_known(flag_id)))

    def own(self, owner: str) -> list[OwnFlag]:
        """What was sent from this browser, newest first."""
        return [_own(flag) for flag in own_flags(self._ctx.home, owner, most=MOST_OWN)]

    def open(self, flag_id: str, receipt: str) -> Opened:
        """Everything that is stored of a flag.

        Raises:
            NotFound: If the receipt is not this flag's.
        """
        flag = opened(self._ctx.home, _known(flag_id), receipt)
        may_leave = any(row.consent for row in flag.rows)
        return Opened(flag.record, reach(flag), self._ctx.settings.flags_repo if may_leave else "")

    def written(self, flag_id: str, receipt: str) -> FlagRecord:
        """What a flag says.

        Raises:
            NotFound: If the receipt is not this flag's, or nothing is left of what was said.
        """
        record = self.open(flag_id, receipt).record
        if record is None:
            raise NotFound(
                say("Nothing of this flag is left."), fix=say("Flag the answer again in its app.")
            )
        return record

    def change(self, flag_id: str, receipt: str, draft: FlagDraft) -> Life:
        """Let a flag say something else from now on.

        Raises:
            NotFound: If the receipt is not this flag's, or its answer is no longer kept.
            BadRequest: If a field does not fit.
        """
        return words.life(self._ctx.flags.revise(_known(flag_id), receipt, draft))

    def withdraw(self, flag_id: str, receipt: str) -> Life:
        """Take a flag back.

        Raises:
            NotFound: If the receipt is not this flag's.
        """
        return words.life(self._ctx.flags.withdraw(_known(flag_id), receipt))

    def erase(self, flag_id: str, receipt: str) -> Life:
        """Erase a flag and its answer for good.

        Raises:
            NotFound: If the receipt is not this flag's.
        """
        return words.life(self._ctx.flags.erase(_known(flag_id), receipt))

    async def again(self, owner: str, flag_id: str, receipt: str) -> AsyncGenerator[Progress, None]:
        """Answer the flagged question with the model that serves now.

        Raises:
            NotFound: If the receipt is not this flag's, or nothing of it is left.
            BadRequest: If the form of the answer is not known any more.
        """
        flag = opened(self._ctx.home, _known(flag_id), receipt)
        if flag.record is None or flag.newest is None:
            raise NotFound(say("Nothing of this flag is left to ask again."))
        answer = self._ctx.answers.get(flag.newest.answer_id)
        ask = ask_again(flag.record, answer, owner=owner)
        async with aclosing(growing(self._ctx.answer(ask))) as steps:
            async for step in steps:
                yield step


def _known(flag_id: str) -> str:
    return an_id(flag_id, name=say("The flag's id"))


def _own(flag: Flag) -> OwnFlag:
    record, row = flag.record, flag.newest
    return OwnFlag(
        id=flag.id,
        app=row.app if row else "",
        verdict=record.verdict if record else "",
        day=flag.history[0].at.strftime("%Y-%m-%d") if flag.history else "",
        state=flag.state,
        about=_question(record) if record else "",
    )


def _question(record: FlagRecord) -> str:
    asked = [turn.content for turn in record.prompt if turn.role != "system"]
    return " ".join(asked[-1][:300].split())[:120] if asked else ""

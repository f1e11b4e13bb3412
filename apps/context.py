"""What every app is given: settings, the engines by role, and the one way to get an answer.

`Context.answer` is the only door to a model: it mints the answer's id, streams it, and records it
(also when it was stopped half-way), so that every answer anywhere can be flagged and reproduced.
"""

import dataclasses
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

from feedback.pusher import PushState
from feedback.records import AnswerRecord, App, FlagDraft, ModelRef, Receipt, Turn, owner_hash
from feedback.signals import Signal
from shared.engine.types import Done, Engine, EngineInfo, Event, Numbers, Piece, Request
from shared.errors import EngineClosed
from shared.home import Home
from shared.ids import new_id
from shared.settings import Settings


class Answers(Protocol):
    """Where answers are written down (`feedback.answers.AnswerStore`)."""

    def record(self, answer: AnswerRecord, *, temporary: bool = False) -> None:
        """Store one answer; quick, and safe from any thread. A temporary one stays in memory."""
        ...

    def get(self, answer_id: str) -> AnswerRecord | None:
        """The answer, or None if it is unknown or has expired."""
        ...

    def forget_temporary(self, answer_ids: Iterable[str]) -> None:
        """Forget temporary answers; flagged ones stay."""
        ...

    def note(self, kind: Signal, answer_id: str, *, owner: str) -> bool:
        """Count what somebody did with their answer; it trains nothing."""
        ...


class Flags(Protocol):
    """Where flags are taken (`feedback.flags.FlagService`). All methods raise InkloopErrors."""

    def submit(self, draft: FlagDraft, *, owner: str) -> Receipt:
        """Store a flag, or revise the one that this owner has on the answer."""
        ...

    def preview(self, draft: FlagDraft, *, owner: str) -> dict[str, Any]:
        """Exactly what `submit` would store."""
        ...

    def status(self, flag_id: str) -> dict[str, Any]:
        """What became of a flag: `{flag_id, state, history}`."""
        ...

    def said(self, answer_id: str, *, owner: str) -> FlagDraft | None:
        """The flag that this owner has on the answer now; None if there is none."""
        ...

    def revise(self, flag_id: str, receipt: str, draft: FlagDraft) -> dict[str, Any]:
        """Change what a flag says; gives what `status` gives."""
        ...

    def withdraw(self, flag_id: str, receipt: str) -> dict[str, Any]:
        """Take a flag back; gives what `status` gives."""
        ...

    def erase(self, flag_id: str, receipt: str) -> dict[str, Any]:
        """Erase a flag and its answer for good; gives what `status` gives."""
        ...

    @property
    def pushing(self) -> PushState | None:
        """How pushing to the Hub goes; None where no dataset is configured."""
        ...

    def unpushed(self) -> int:
        """How many flags of this process wait to be pushed."""
        ...


@dataclass(frozen=True, slots=True)
class Started:
    """First event of every answer: its id, minted here."""

    answer_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Last event of every answer that did not raise."""

    answer_id: str
    text: str
    numbers: Numbers


AnswerEvent = Started | Event | Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question of one person to one app."""

    app: App
    request: Request
    role: str = ""
    """Which role answers; empty is the role named like the app."""
    prompt_version: str = ""
    schema_name: str = ""
    draft: bool = False
    """One of several tries that nobody is shown: it is not written down."""
    temporary: bool = False
    """Kept in memory only, unless somebody flags it."""


@dataclass(frozen=True)
class Context:
    """One running Inkloop as the apps see it."""

    settings: Settings
    home: Home
    engine_for: Callable[[str], Engine]
    """Role to engine; roles without a setting of their own share the main one."""
    answers: Answers
    flags: Flags
    sweeps: list[Callable[[], None]] = field(default_factory=list)
    """Called once an hour, in a thread: how the apps' stores forget what is too old."""

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        """Stream one answer and write it down; raises what `Engine.generate` raises.

        A reader that goes away (Stop, closed tab) cancels the engine within one step; what had
        been written until then is recorded as cancelled.
        """
        engine = self.engine_for(ask.role or ask.app)
        before = engine.info()
        answer_id = new_id()
        yield Started(answer_id)
        pieces: list[str] = []
        numbers: Numbers | None = None
        try:
            async with aclosing(engine.generate(ask.request)) as events:
                async for event in events:
                    if isinstance(event, Piece):
                        pieces.append(event.text)
                    elif isinstance(event, Done):
                        numbers = event.numbers
                    yield event
        finally:
            if (pieces or numbers is not None) and not ask.draft:
                wrote = _wrote(before, engine.info(), numbers)
                record = self._record(ask, wrote, answer_id, "".join(pieces), numbers)
                self.answers.record(record, temporary=ask.temporary)
        if numbers is not None:
            yield Finished(answer_id, "".join(pieces), numbers)

    async def whole_answer(self, ask: Ask) -> Finished:
        """Wait for the whole answer."""
        async with aclosing(self.answer(ask)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event
        raise EngineClosed("The answer ended without a last word.", fix="Ask again.")

    def _record(
        self, ask: Ask, info: EngineInfo, answer_id: str, text: str, numbers: Numbers | None
    ) -> AnswerRecord:
        request = ask.request
        turns = tuple(Turn(role=m.role, content=m.content) for m in request.messages)
        system = turns[0].content if turns and turns[0].role == "system" else ""
        sampling = dataclasses.asdict(request.sampling)
        if numbers is not None:
            sampling["seed"] = numbers.seed
        return AnswerRecord(
            id=answer_id,
            app=ask.app,
            owner=owner_hash(request.owner),
            messages=turns or (Turn(role="prompt", content=request.prompt or ""),),
            text=text,
            sampling=sampling,
            numbers={"finish_reason": "cancelled"}
            if numbers is None
            else dataclasses.asdict(numbers),
            model=ModelRef(
                name=info.release if numbers is None else numbers.release,
                sha256=info.sha256,
                adapter=request.adapter or info.adapter,
                template_sha256=info.template_sha256,
            ),
            prompt_version=ask.prompt_version,
            prompt_sha256=hashlib.sha256(system.encode()).hexdigest(),
            schema_name=ask.schema_name,
        )


def _wrote(before: EngineInfo, now: EngineInfo, numbers: Numbers | None) -> EngineInfo:
    """Which model wrote an answer: others may have been swapped in while it waited and ran."""
    if numbers is None:
        return before
    for info in (now, before):
        if info.release == numbers.release:
            return info
    # It came and went within one answer: its name is known, and no file is named for it.
    return dataclasses.replace(before, release=numbers.release, sha256="", template_sha256="")

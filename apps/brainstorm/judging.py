"""Asking the judge: marks for one idea, and which of two is better.

A small judge leans: to what stands first, and to what is long. Both leans are taken out here, and
neither by trusting the judge more. Two ideas are shown in both orders, and only a winner in both
wins. A winner that is much the longer one is shown again, cut to the length of the other, and must
win once more. Marks have no second idea to be held against, so the lean is measured: the judge is
shown words that say nothing, few and many, and what the many get more is taken off long ideas.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.brainstorm.board import checked_body, checked_rubric, checked_title
from apps.brainstorm.rubric import Mark, marks
from apps.context import Ask, Context
from shared.engine.ask import require
from shared.engine.types import Request, Sampling
from shared.errors import EngineClosed
from shared.formats import brainstorm as form
from shared.formats.brainstorm import SCALE, Idea, Scale, Score, Verdict
from shared.formats.usual import JUDGED
from shared.messages import Message
from shared.texts import say

DEADLINE_SECONDS = 300.0
REASON_TOKENS = 56
LONGER = 1.25
"""A winner that is longer than this many times the other has to win cut to its length, too."""
PLAIN = 100
"""Up to this many characters an idea is short: nothing is taken off its marks."""
STEP = 100
"""The lean to length is measured in steps of this many characters."""
LONGEST = 800
"""Beyond it the lean is taken to be no greater."""
NOTHING = (
    "This is a thing that can be good in many ways, for all the people that find it good, and so it"
    " is something that one could do, if one would like to do something of that kind. "
)
"""Words that say nothing; how often they are repeated makes the length."""
TURNED = "The judge says otherwise when the order is turned round."
ONLY_LONG = "The longer idea does not win any more when it is cut to the length of the other."
_Key = tuple[object, ...]


class Judge:
    """The judge's role; it keeps nothing but how far a model leans to length."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._leans: dict[_Key, Mapping[str, float]] = {}

    async def evaluate(
        self,
        owner: str,
        title: str,
        body: str,
        rubric: Sequence[object] | None = None,
        scale: Scale = SCALE,
    ) -> tuple[str, list[Score]]:
        """A reason and a score for each criterion, as the judge gave them, with the answer's id.

        Raises:
            BadRequest: If a field is empty or too long, or the rubric is none.
        """
        title, body = checked_title(title), checked_body(body)
        criteria = checked_rubric(rubric)
        self._require()
        answer_id, text = await self._answer(
            owner,
            form.ask_scores(title, body, criteria, scale),
            form.scores_schema(criteria, scale),
            replace(JUDGED, max_tokens=len(criteria) * REASON_TOKENS + 32),
            form.scores_name(scale),
        )
        return answer_id, _read_scores(text, scale)

    async def marks(
        self,
        owner: str,
        idea: tuple[str, str],
        rubric: Sequence[str],
        samples: int,
        scale: Scale = SCALE,
    ) -> tuple[str, tuple[Mark, ...]]:
        """Marks over some judgements of one idea (title, text), without what length alone gives.

        Returns:
            The id of the first answer, and the marks.
        """
        answer_id, bare = await self.bare_marks(owner, idea, rubric, samples, scale)
        return answer_id, await self.fair(owner, idea, bare)

    async def bare_marks(
        self,
        owner: str,
        idea: tuple[str, str],
        rubric: Sequence[str],
        samples: int,
        scale: Scale = SCALE,
    ) -> tuple[str, tuple[Mark, ...]]:
        """Marks as the judge gave them, and the id of the first answer."""
        asked = (self.evaluate(owner, *idea, rubric, scale) for _ in range(samples))
        judged = await asyncio.gather(*asked)
        return judged[0][0], marks([scores for _, scores in judged], scale)

    async def fair(
        self, owner: str, idea: tuple[str, str], bare: tuple[Mark, ...]
    ) -> tuple[Mark, ...]:
        """Marks of one rubric without what the idea's length alone gives."""
        rubric = [mark.criterion for mark in bare]
        lean = await self._lean(owner, sum(map(len, idea)), rubric, bare[0].scale)
        return tuple(mark.lowered(lean[mark.criterion]) for mark in bare) if lean else bare

    async def compare(
        self, owner: str, one: Idea, other: Idea, rubric: Sequence[str]
    ) -> tuple[int, str]:
        """Which of two ideas is better: in both orders, and not by its length alone.

        Returns:
            1, 2 or 0 for a tie, and the reason.
        """
        self._require()
        better, reason = await self._both_orders(owner, one, other, rubric)
        sizes = [len(one.title) + len(one.body), len(other.title) + len(other.body)]
        if not better or sizes[better - 1] <= LONGER * sizes[2 - better]:
            return better, reason
        pair = [one, other]
        pair[better - 1] = shortened(pair[better - 1], sizes[2 - better])
        again, _ = await self._both_orders(owner, pair[0], pair[1], rubric)
        return (better, reason) if again == better else (0, ONLY_LONG)

    async def _both_orders(
        self, owner: str, one: Idea, other: Idea, rubric: Sequence[str]
    ) -> tuple[int, str]:
        straight, turned = await asyncio.gather(
            self.verdict(owner, one, other, rubric), self.verdict(owner, other, one, rubric)
        )
        back = {"1": "2", "2": "1"}.get(turned.better, "neither")
        if straight.better != back:
            return 0, TURNED
        return {"1": 1, "2": 2}.get(straight.better, 0), straight.reason

    async def verdict(self, owner: str, one: Idea, other: Idea, rubric: Sequence[str]) -> Verdict:
        """What the judge says of two ideas, asked once: nothing to build on, see `compare`."""
        # The likeliest answer, so that the same two ideas get the same verdict whichever is named
        # first.
        sampling = Sampling(temperature=0.0, max_tokens=REASON_TOKENS + 48)
        question = form.ask_comparison(one, other, rubric)
        _, text = await self._answer(owner, question, form.COMPARISON_SCHEMA, sampling, "")
        try:
            return form.parse_comparison(text)
        except ValueError:
            raise _unfinished() from None

    async def _lean(
        self, owner: str, size: int, rubric: Sequence[str], scale: Scale
    ) -> Mapping[str, float]:
        """What this many empty words get more than few of them, by criterion; never below 0."""
        if size <= PLAIN:
            return {}
        steps = min(-(-size // STEP) * STEP, LONGEST)
        few, many = await asyncio.gather(
            self._empty(owner, PLAIN, rubric, scale), self._empty(owner, steps, rubric, scale)
        )
        return {name: max(0.0, many[name] - few[name]) for name in many}

    async def _empty(
        self, owner: str, size: int, rubric: Sequence[str], scale: Scale
    ) -> Mapping[str, float]:
        info = self._ctx.engine_for("judge").info()
        key = (info.release, info.adapter, tuple(rubric), scale, size)
        if key not in self._leans:
            title = "An idea"
            body = (NOTHING * (LONGEST // len(NOTHING) + 1))[: size - len(title)].strip()
            _, text = await self._answer(
                owner,
                form.ask_scores(title, body, rubric, scale),
                form.scores_schema(rubric, scale),
                Sampling(temperature=0.0, max_tokens=len(rubric) * REASON_TOKENS + 32),
                form.scores_name(scale),
                # Nobody asked for it, so there is nothing to flag.
                draft=True,
            )
            self._leans[key] = {s.criterion: float(s.score) for s in _read_scores(text, scale)}
        return self._leans[key]

    def _require(self) -> None:
        require(self._ctx.engine_for("judge"), "schema", what_for=say("The idea board"))

    async def _answer(
        self,
        owner: str,
        question: Message,
        schema: Mapping[str, Any],
        sampling: Sampling,
        schema_name: str,
        *,
        draft: bool = False,
    ) -> tuple[str, str]:
        ask = Ask(
            app="brainstorm",
            role="judge",
            request=Request(
                messages=(Message("system", form.SYSTEM), question),
                sampling=sampling,
                schema=schema,
                app="brainstorm",
                owner=owner,
                shared_messages=1,
                deadline_seconds=DEADLINE_SECONDS,
            ),
            prompt_version=form.VERSION,
            schema_name=schema_name,
            draft=draft,
        )
        answer = await self._ctx.whole_answer(ask)
        return answer.answer_id, answer.text


def shortened(idea: Idea, size: int) -> Idea:
    """The idea with its text cut between words, so that both together take at most `size`.

    A title alone may be longer; one word of the text stays in any case.
    """
    room = max(size - len(idea.title), 1)
    if len(idea.body) <= room:
        return idea
    cut = idea.body[: room + 1].rsplit(maxsplit=1)
    body = cut[0] if len(cut) > 1 else idea.body.split()[0]
    return Idea.model_construct(title=idea.title, body=body)


def _read_scores(text: str, scale: Scale) -> list[Score]:
    try:
        return form.parse_scores(text, scale)
    except (ValueError, KeyError):
        raise _unfinished() from None


def _unfinished() -> EngineClosed:
    return EngineClosed(say("The model did not finish its answer."), fix=say("Try again."))

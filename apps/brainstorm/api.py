"""The idea board for programs: ideas, a better idea, a judgement; nothing is kept."""

from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.events import api

from apps.brainstorm.thinking import Thinker
from apps.ui.errors import shows_errors
from apps.ui.owner import owner_of
from apps.ui.stream import MODEL_EVENT


def add_api(thinker: Thinker) -> None:
    """Add `brainstorm`, `refine` and `evaluate` to the current Blocks context."""

    @shows_errors
    async def brainstorm(
        request: gr.Request,
        topic: str,
        n: int = 5,
        method: str = "free",
        existing: list[str] = [],  # noqa: B006 - the API shows it, nothing changes it
    ) -> dict[str, Any]:
        """Find ideas.

        Args:
            request: Filled in by the server.
            topic: 1 to 500 characters.
            n: How many ideas, 1 to 10.
            method: free, scamper, six hats, reverse, worst idea, analogy, constraint or crazy 8.
            existing: Titles that must not come again.

        Returns:
            {answer_id, ideas: [{title, body}]}
        """
        steps = thinker.brainstorm(owner_of(request), topic, n, method, existing or [])
        async with aclosing(steps):
            *_, last = [step async for step in steps]
        return {
            "answer_id": last.found[0].answer_id,
            "ideas": [found.idea.model_dump() for found in last.found],
        }

    @shows_errors
    async def refine(
        request: gr.Request, title: str, body: str, instruction: str = ""
    ) -> dict[str, Any]:
        """Make one idea better.

        Args:
            request: Filled in by the server.
            title: 1 to 500 characters.
            body: Up to 2,000 characters.
            instruction: What to change; may be empty, up to 500 characters.

        Returns:
            {answer_id, title, body}
        """
        answer_id, idea = await thinker.refine(owner_of(request), title, body, instruction)
        return {"answer_id": answer_id, **idea.model_dump()}

    @shows_errors
    async def evaluate(
        request: gr.Request, title: str, body: str, rubric: list[str] | None = None
    ) -> dict[str, Any]:
        """Judge one idea from 1 to 5 by each criterion, with reasons.

        Args:
            request: Filled in by the server.
            title: 1 to 500 characters.
            body: Up to 2,000 characters.
            rubric: Names of up to 8 criteria; empty takes Originality, Usefulness, Effort.

        Returns:
            {answer_id, scores: [{criterion, score, reason}], total}
        """
        answer_id, scores = await thinker.judge.evaluate(owner_of(request), title, body, rubric)
        return {
            "answer_id": answer_id,
            "scores": [score.model_dump() for score in scores],
            "total": sum(score.score for score in scores),
        }

    for endpoint in (brainstorm, refine, evaluate):
        api(
            endpoint,
            api_name=endpoint.__name__,
            concurrency_id=MODEL_EVENT["concurrency_id"],
            concurrency_limit=MODEL_EVENT["concurrency_limit"],
        )

"""The storymaker for programs: the same teller, JSON back."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.events import api

from apps.story.telling import Storyteller, Telling
from apps.ui.errors import shows_errors
from apps.ui.owner import owner_of
from apps.ui.stream import MODEL_EVENT
from shared.errors import BadRequest
from shared.texts import say


def add_api(teller: Storyteller) -> None:
    """Add `story_begin` and `story_choose` to the current Blocks context."""

    @shows_errors
    async def story_begin(
        request: gr.Request, title: str, genre: str = "", tone: str = ""
    ) -> dict[str, Any]:
        """Begin a story and tell its first scene.

        Args:
            request: Filled in by the server.
            title: 1 to 500 characters.
            genre: A word or two, such as "mystery"; may be empty.
            tone: A word or two, such as "cheerful"; may be empty.

        Returns:
            {story_id, passage_id, answer_id, scene, choices: [str], ended}
        """
        owner = owner_of(request)
        return await _result(teller, owner, teller.begin(owner, title, genre, tone))

    @shows_errors
    async def story_choose(
        request: gr.Request,
        story_id: str,
        passage_id: str,
        choice: int | None = None,
        action: str = "",
    ) -> dict[str, Any]:
        """Go on from a passage by one of its choices or by an action of your own.

        Args:
            request: Filled in by the server.
            story_id: As `story_begin` gave it.
            passage_id: Where to go on; an earlier passage begins a new branch.
            choice: Number of the choice, counted from 0.
            action: 1 to 500 characters, instead of a choice.

        Returns:
            {story_id, passage_id, answer_id, scene, choices: [str], ended}
        """
        if (choice is None) == (not (action or "").strip()):
            raise BadRequest(
                say("Send either a choice or an action."), fix=say("One of them, not both.")
            )
        owner = owner_of(request)
        if choice is None:
            telling = teller.act(owner, story_id, passage_id, action)
        else:
            telling = teller.choose(owner, story_id, passage_id, choice)
        return await _result(teller, owner, telling)

    for endpoint in (story_begin, story_choose):
        api(
            endpoint,
            api_name=endpoint.__name__,
            concurrency_id=MODEL_EVENT["concurrency_id"],
            concurrency_limit=MODEL_EVENT["concurrency_limit"],
        )


async def _result(
    teller: Storyteller, owner: str, telling: AsyncGenerator[Telling, None]
) -> dict[str, Any]:
    async with aclosing(telling):
        steps = [step async for step in telling]
    book = teller.store.open(owner, steps[-1].story_id)
    passage = book.passage(steps[-1].passage_id)
    return {
        "story_id": book.story.id,
        "passage_id": passage.id,
        "answer_id": passage.answer_id,
        "scene": passage.scene,
        "choices": [choice.text for choice in teller.choices_of(book, passage)],
        "ended": passage.ended,
    }

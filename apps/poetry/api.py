"""Poetry for programs: a poem with its report, and a report on any text."""

from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.events import api

from apps.poetry.checks import report
from apps.poetry.poem import checked_form, checked_lines, wanted
from apps.poetry.writing import Poet
from apps.ui.errors import shows_errors
from apps.ui.owner import owner_of
from apps.ui.stream import MODEL_EVENT


def add_api(poet: Poet) -> None:
    """Add `poem` and `check_poem` to the current Blocks context."""

    @shows_errors
    async def poem(request: gr.Request, form: str, subject: str, mood: str = "") -> dict[str, Any]:
        """Write a poem and hold it against its form.

        Args:
            request: Filled in by the server.
            form: haiku, tanka, limerick, couplet, ballad stanza, acrostic, free verse, sonnet,
                petrarchan sonnet, villanelle or pantoum.
            subject: 1 to 500 characters.
            mood: A word or two, up to 60 characters; may be empty.

        Returns:
            {answer_id, lines: [str], report}; the report is that of `check_poem`.
        """
        asked = wanted(form, subject, mood)
        async with aclosing(poet.write(owner_of(request), asked)) as steps:
            *_, last = [step async for step in steps]
        written = last.poem
        return {
            "answer_id": written.answer_id,
            "lines": list(written.lines),
            "report": written.report().to_json(),
        }

    @shows_errors
    def check_poem(text: str, form: str) -> dict[str, Any]:
        """Hold a text against a form, without any model.

        Args:
            text: The poem, up to 10,000 characters and 60 lines; empty lines do not count.
            form: As for `poem`.

        Returns:
            {ok, score, reasons, lines: [{text, syllables, wanted, stress, rhyme, problems,
            uncertain, span, feet, kinship, partner, score, failed, words}]}; reasons are keys of a
            flag that say what is amiss.
        """
        return report(checked_lines(text), checked_form(form)).to_json()

    api(
        poem,
        api_name="poem",
        concurrency_id=MODEL_EVENT["concurrency_id"],
        concurrency_limit=MODEL_EVENT["concurrency_limit"],
    )
    api(check_poem, api_name="check_poem", concurrency_limit=None)

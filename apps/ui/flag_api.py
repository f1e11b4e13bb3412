"""Flags for programs: `flag` and `flag_status`, once per site."""

from typing import Any

import gradio as gr
from gradio.events import api

from apps.checks import an_id
from apps.context import Context
from apps.ui.errors import shows_errors
from apps.ui.owner import owner_of
from feedback.drafts import make_draft


def add_flag_api(ctx: Context) -> None:
    """Add the two endpoints to the current Blocks context."""

    @shows_errors
    def flag(  # noqa: PLR0913 - the fields of a flag
        request: gr.Request,
        answer_id: str,
        verdict: str,
        reasons: list[str] = [],  # noqa: B006 - the API shows it, nothing changes it
        comment: str = "",
        correction: str = "",
        severity: str = "",
        consent_train: bool = False,
        consent_publish: bool = False,
    ) -> dict[str, Any]:
        """Say something about an answer; a second call about the same answer revises the first.

        Args:
            request: Filled in by the server.
            answer_id: As the answer's endpoint gave it.
            verdict: "up" or "down".
            reasons: Keys of reasons that the app offers, such as ["incorrect", "length"].
            comment: Up to 4,000 characters.
            correction: What the answer should have been, up to 20,000 characters.
            severity: "minor", "major", "critical" or empty.
            consent_train: Whether models may be trained on it; otherwise it stays on the machine.
            consent_publish: Whether it may be published in an open dataset (CC BY 4.0).

        Returns:
            {flag_id, receipt, state}; the receipt changes or erases the flag later.
        """
        draft = make_draft(
            an_id(answer_id, name="answer_id"),
            verdict,
            reasons=reasons,
            severity=severity,
            comment=comment,
            correction=correction,
            consent_train=consent_train,
            consent_publish=consent_publish,
        )
        return ctx.flags.submit(draft, owner=owner_of(request)).model_dump()

    @shows_errors
    def flag_status(flag_id: str) -> dict[str, Any]:
        """What became of a flag.

        Args:
            flag_id: As `flag` gave it.

        Returns:
            {flag_id, state, history}
        """
        return ctx.flags.status(an_id(flag_id, name="flag_id"))

    for endpoint in (flag, flag_status):
        api(endpoint, api_name=endpoint.__name__, concurrency_limit=None)

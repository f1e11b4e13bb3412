"""Good or Bad below an answer: the first click of a flag."""

import html

import gradio as gr

from apps.ui.flag_panel import FlagPanel
from shared.texts import say

CSS = """
.vote { justify-content: flex-end; align-items: center; gap: 6px !important; flex-wrap: nowrap; }
.vote > * { flex: none !important; width: auto !important; min-width: 0 !important; }
.vote span { font-size: .85rem; color: var(--body-text-color-subdued); }
.vote button { min-width: 44px !important; font-weight: 400; }
"""

Votes = tuple[gr.Row, gr.Button, gr.Button]
"""The row, Good and Bad."""


def vote_row(question: str, *, visible: bool = False) -> Votes:
    """A row with a question and the two buttons, in the current Blocks context."""
    with gr.Row(elem_classes="vote", visible=visible) as row:
        gr.HTML(f"<span>{html.escape(question)}</span>", apply_default_css=False)
        good = gr.Button(say("Good"), size="sm", elem_classes="vote-good")
        bad = gr.Button(say("Bad"), size="sm", elem_classes="vote-bad")
    return row, good, bad


def opens(
    flags: FlagPanel, votes: Votes, answer_id: gr.State, *, amiss: gr.State | None = None
) -> None:
    """Let the two buttons store a verdict on the answer and open the panel.

    Args:
        flags: The page's panel.
        votes: The two buttons.
        answer_id: Of the answer that they are below.
        amiss: Reasons for Bad that the page has found already.
    """
    _, good, bad = votes
    flags.open_from(good, answer_id, verdict="up")
    flags.open_from(bad, answer_id, verdict="down", reasons=amiss)

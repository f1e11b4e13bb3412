"""The code page: the same conversation, careful with programs."""

import gradio as gr

from apps.code import snippets
from apps.context import Context
from apps.talk.build import build_talk
from apps.talk.exchange import CODE
from apps.talk.layout import CSS
from apps.talk.limits import Wishes
from apps.talk.style import Style
from shared.formats import usual
from shared.texts import later

__all__ = ["CSS", "build"]

STYLE = Style(
    manner=CODE,
    title=later("Code"),
    line=later(
        "Ask for a program or paste one. Indentation stays as it is, and Python is checked."
    ),
    placeholder=later("What should the program do?"),
    examples=(
        later("Write a Python function that reverses a string."),
        later("Write a Python function that says whether a number is prime."),
        later("How do I read a file line by line in Python?"),
    ),
    presets={
        later("Careful"): Wishes.of(usual.CODE, max_tokens=768),
        later("Exact"): Wishes(temperature=0.0, max_tokens=768),
        later("Looser"): Wishes(temperature=0.8, max_tokens=1024),
    },
    actions={
        later("Explain it"): later("Explain this code step by step."),
        later("Add tests"): later("Write tests for this code."),
        later("Fix this error"): later("This code fails. Mend it. The error is:\n\n{}"),
    },
    notes=snippets.remarks,
    files=snippets.files,
)


def build(page: gr.Blocks, ctx: Context) -> None:
    """Put the code app into the current Blocks context."""
    build_talk(page, ctx, STYLE.said())

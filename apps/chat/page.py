"""The chat page: a conversation about anything."""

import gradio as gr

from apps.context import Context
from apps.talk.build import build_talk
from apps.talk.exchange import CHAT
from apps.talk.layout import CSS
from apps.talk.limits import Wishes
from apps.talk.style import Style
from shared.formats import usual
from shared.texts import later

__all__ = ["CSS", "build"]

STYLE = Style(
    manner=CHAT,
    title=later("Chat"),
    line=later("Ask, argue, draft: nothing that was said is lost."),
    placeholder=later("Write, then press Enter"),
    examples=(
        later("Explain rain to a child in three sentences."),
        later("Write a short letter that says thank you."),
        later("What makes a good opening line?"),
    ),
    presets={
        later("Balanced"): Wishes.of(usual.CHAT, max_tokens=512),
        later("Precise"): Wishes(temperature=0.2, max_tokens=512, top_p=0.9),
        later("Inventive"): Wishes(temperature=1.1, max_tokens=768, repeat_penalty=1.1),
    },
    notes=lambda _answer: "",
)


def build(page: gr.Blocks, ctx: Context) -> None:
    """Put the chat into the current Blocks context."""
    build_talk(page, ctx, STYLE.said())

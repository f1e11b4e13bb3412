"""What is set right in Gradio's queue: it idles quietly, and does not talk to pages that are gone.

Only attributes of Gradio's own are touched, and only where this version still has them.
"""

import logging
from typing import Any

import gradio as gr

log = logging.getLogger(__name__)

SLEEPS = (("sleep_when_free", 0.02), ("progress_update_sleep_when_free", 0.1))
"""Seconds between two looks of an idle queue: 1 % of a core instead of 6 %."""


def calm(whole: gr.Blocks) -> gr.Blocks:
    """Set the queue of these Blocks right; after `Blocks.queue`, which makes a new one."""
    queue = whole._queue
    for name, seconds in SLEEPS:
        if hasattr(queue, name):
            setattr(queue, name, seconds)
        else:
            log.info("Gradio's queue has no %s: it will poll more often.", name)
    if hasattr(queue, "pending_messages_per_session"):
        _tell_only_who_listens(queue)
    return whole


def _tell_only_who_listens(queue: Any) -> None:  # noqa: ANN401 - Gradio's own, untyped
    """Say nothing to a page that was left in the middle of an event.

    Gradio 6.31 forgets the page a moment before it ends the page's events. What such an event still
    had to say became a KeyError, with its traceback in the terminal of whoever serves.
    """
    send = queue.send_message

    def send_message(event: Any, message: Any) -> None:  # noqa: ANN401 - Gradio's own
        if event.session_hash in queue.pending_messages_per_session:
            send(event, message)

    queue.send_message = send_message

"""The part of `/admin/releases` that starts a retrain and follows it."""

import html
from typing import Any

import gradio as gr

from apps.review.retraining import Retraining
from apps.ui.errors import shows_errors
from apps.ui.stream import INSTANT
from shared.errors import BadRequest

Changes = dict[Any, Any]
FOLLOW_SECONDS = 2.0


class RetrainPage:
    """The components and the handlers between them."""

    def __init__(self, retraining: Retraining) -> None:
        self.retraining = retraining
        gr.HTML("<h2>Retrain</h2>", apply_default_css=False)
        with gr.Row():
            self.look = gr.Button("What would it learn from?", elem_id="retrain-look")
            self.start = gr.Button("Retrain …", variant="primary", elem_id="retrain-start")
            self.stop = gr.Button("Stop it", visible=False, elem_id="retrain-stop")
        with gr.Column(visible=False, elem_id="retrain-asking") as self.asking:
            gr.Markdown(
                "This trains on the reviewed flags with consent, on this machine, and steps back"
                " while people write. The gate decides; a release that passes is promoted."
            )
            with gr.Row():
                self.sure = gr.Button("Yes, retrain", variant="primary", elem_id="retrain-sure")
                self.no = gr.Button("No", elem_id="retrain-no")
        self.said = gr.HTML(elem_id="retrain-said", apply_default_css=False)
        self.clock = gr.Timer(FOLLOW_SECONDS, active=False)

    def wire(self, page: gr.Blocks) -> None:
        """Connect the handlers."""
        shown = [self.start, self.look, self.stop, self.asking, self.said, self.clock]
        self.look.click(shows_errors(self._looked), None, shown, **INSTANT)
        self.start.click(lambda: gr.Column(visible=True), None, self.asking, **INSTANT)
        self.no.click(lambda: gr.Column(visible=False), None, self.asking, **INSTANT)
        self.sure.click(shows_errors(self._started), None, shown, **INSTANT)
        self.stop.click(shows_errors(self._stopped), None, shown, **INSTANT)
        self.clock.tick(self._showing, None, shown, **INSTANT)
        page.load(self._showing, None, shown, **INSTANT)

    def _looked(self, request: gr.Request) -> Changes:
        _check(request)
        self.retraining.start(look_only=True)
        return self._showing()

    def _started(self, request: gr.Request) -> Changes:
        _check(request)
        self.retraining.start()
        return {**self._showing(), self.asking: gr.Column(visible=False)}

    def _stopped(self, request: gr.Request) -> Changes:
        _check(request)
        self.retraining.stop()
        return self._showing()

    def _showing(self) -> Changes:
        running = self.retraining.is_running()
        said = html.escape(self.retraining.said())
        state = "It is running." if running else ""
        return {
            self.start: gr.Button(interactive=not running),
            self.look: gr.Button(interactive=not running),
            self.stop: gr.Button(visible=self.retraining.started_here()),
            self.said: f'<p role="status">{state}</p>'
            + (f'<pre class="retrain-log" tabindex="0">{said}</pre>' if said else ""),
            self.clock: gr.Timer(active=running),
        }


def _check(request: gr.Request) -> None:
    # Hidden is not forbidden: whoever calls without a login must not start anything.
    if not request.username:
        raise BadRequest("Only reviewers may do this.", fix="Log in.")

"""The page `/admin/releases`: promote and roll back, each asked twice."""

from typing import Any

import gradio as gr

from apps.review import figures_view
from apps.review.served import BASE, Keeper, Served
from apps.ui import look
from apps.ui.errors import shows_errors
from apps.ui.stream import INSTANT
from shared.errors import BadRequest

Changes = dict[Any, Any]


class ServedPage:
    """The components of the page and the handlers between them."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.wanted = gr.State("")
        look.title("Releases and runs", "What is served, and the way back.")
        self.told = gr.Markdown(elem_id="served-told")
        self.releases = gr.HTML(elem_id="served-releases", apply_default_css=False)
        with gr.Row(equal_height=False):
            self.name = gr.Dropdown([], label="Release", elem_id="served-name", min_width=200)
            self.promote = gr.Button("Promote it …", elem_id="served-promote", min_width=150)
            self.back = gr.Button("Roll back …", elem_id="served-rollback", min_width=150)
        with gr.Column(visible=False, elem_id="served-sure-box") as self.asking:
            self.question = gr.Markdown()
            with gr.Row():
                self.sure = gr.Button("Yes, do it", variant="primary", elem_id="served-sure")
                self.no = gr.Button("No", elem_id="served-no")
        gr.HTML("<h2>Roles</h2>", apply_default_css=False)
        self.roles = gr.HTML(elem_id="served-roles", apply_default_css=False)
        gr.HTML("<h2>Runs</h2>", apply_default_css=False)
        self.runs = gr.HTML(elem_id="served-runs", apply_default_css=False)

    def wire(self, page: gr.Blocks) -> None:
        """Connect the handlers."""
        asking = [self.wanted, self.question, self.asking]
        shown = [self.releases, self.roles, self.runs, self.name, self.back, self.told, self.asking]
        page.load(shows_errors(self._looked), None, shown, **INSTANT)
        self.promote.click(shows_errors(self._asked_promote), self.name, asking, **INSTANT)
        self.back.click(shows_errors(self._asked_back), None, asking, **INSTANT)
        self.no.click(lambda: gr.Column(visible=False), None, self.asking, **INSTANT)
        self.sure.click(shows_errors(self._done), self.wanted, shown, **INSTANT)

    def _looked(self) -> Changes:
        return self._showing(self.keeper.look())

    def _asked_promote(self, name: str | None) -> Changes:
        if not name:
            raise BadRequest("No release is chosen.", fix="Choose one from the list.")
        now = self.keeper.look().promoted or BASE
        return self._asking(f"promote {name}", f"Serve **{name}** instead of {now}?")

    def _asked_back(self) -> Changes:
        found = self.keeper.look()
        goal = BASE if found.back_to is None else found.back_to or BASE
        return self._asking("roll back", f"Go back from {found.promoted or BASE} to **{goal}**?")

    def _asking(self, wanted: str, question: str) -> Changes:
        return {
            self.wanted: wanted,
            self.question: question,
            self.asking: gr.Column(visible=True),
        }

    def _done(self, request: gr.Request, wanted: str) -> Changes:
        # Hidden is not forbidden: whoever calls without a login must not change what is served.
        if not request.username:
            raise BadRequest("Only reviewers decide.", fix="Log in.")
        if wanted == "roll back":
            told = self.keeper.roll_back()
        elif wanted.startswith("promote "):
            told = self.keeper.promote(wanted.removeprefix("promote "))
        else:
            raise BadRequest("Nothing was asked for.", fix="Choose a release first.")
        return self._showing(self.keeper.look()) | {self.told: told}

    def _showing(self, found: Served) -> Changes:
        names = [release.name for release in found.releases]
        choices = [name for name in names if name != found.promoted]
        return {
            self.releases: figures_view.releases(found),
            self.roles: figures_view.roles(self.keeper.roles()),
            self.runs: figures_view.runs(found),
            self.name: gr.Dropdown(choices, value=choices[0] if choices else None),
            self.back: gr.Button(interactive=found.back_to is not None),
            self.told: "",
            self.asking: gr.Column(visible=False),
        }

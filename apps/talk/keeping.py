"""What a person keeps of a talking page: settings under a name, and files."""

from dataclasses import asdict

import gradio as gr

from apps.talk import export
from apps.talk.presets import PresetStore
from apps.talk.screen import Setting, Update, wishes_in
from apps.talk.showing import Showing
from apps.talk.view import Shown
from apps.ui.owner import owner_of
from shared.errors import BadRequest, NotFound
from shared.texts import say


class Keeping:
    """Presets, and files that go and come."""

    def __init__(self, view: Showing, presets: PresetStore) -> None:
        self.view = view
        self.parts = view.parts
        self.presets = presets

    def preset(self, request: gr.Request, name: str) -> Update:
        """Set the fields; a preset of the app leaves the person's system prompt as it is."""
        chosen = self.presets.all(owner_of(request)).get(name)
        if chosen is None:
            raise NotFound(say("This preset is gone."), fix=say("Choose another."))
        found = self.view.screen.settings(chosen)
        if name in self.view.style.presets:
            del found[self.parts.wishes[0]]
        return found

    def save_preset(self, request: gr.Request, name: str, *wishes: Setting) -> Update:
        """Keep the settings as they stand."""
        owner = owner_of(request)
        kept = self.presets.save(owner, name, self.view.exchange.fitted(wishes_in(wishes)))
        return {**self._presets(owner, kept), self.parts.preset_name: ""}

    def remove_preset(self, request: gr.Request, name: str) -> Update:
        """Forget one of the person's own presets."""
        owner = owner_of(request)
        self.presets.remove(owner, name)
        return self._presets(owner, next(iter(self.view.style.presets)))

    def known_presets(self, request: gr.Request) -> Update:
        """The presets that this person can choose from."""
        return self._presets(owner_of(request), next(iter(self.view.style.presets)))

    def markdown(self, request: gr.Request, at: Shown) -> list[dict[str, str]]:
        """The conversation as a Markdown file."""
        return [asdict(export.as_markdown(self.view.opened(owner_of(request), at)))]

    def json(self, request: gr.Request, at: Shown) -> list[dict[str, str]]:
        """The conversation as a JSON file."""
        return [asdict(export.as_json(self.view.opened(owner_of(request), at)))]

    def files(self, request: gr.Request, at: Shown) -> list[dict[str, str]]:
        """The files in the last answer.

        Raises:
            BadRequest: If there is none.
        """
        path = self.view.opened(owner_of(request), at).path()
        answers = [turn.text for turn in path if turn.role == "assistant"]
        found = self.view.style.files(answers[-1]) if self.view.style.files and answers else []
        if not found:
            raise BadRequest(say("There is no code here to keep."), fix=say("Ask for some first."))
        return [asdict(file) for file in found]

    def bring(self, request: gr.Request, text: str) -> Update:
        """Show a conversation out of a file, as a new one."""
        if not text:
            return {self.parts.status: gr.skip()}
        owner = owner_of(request)
        brought = export.read_file(text)
        self.view.store.keep(owner, brought, self.view.style.wishes)
        return {**self.view.show_settled(owner, brought), self.parts.status: ""}

    def _presets(self, owner: str, chosen: str) -> Update:
        return {self.parts.preset: gr.Dropdown(list(self.presets.all(owner)), value=chosen)}

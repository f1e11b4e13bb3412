"""What makes one talking app differ from another: words, examples and presets."""

from dataclasses import dataclass, field

from apps.talk.exchange import Manner
from apps.talk.export import Files
from apps.talk.limits import Wishes
from apps.talk.view import Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How an app that talks introduces itself and what it suggests."""

    manner: Manner
    title: str
    line: str
    """One sentence below the title."""
    placeholder: str
    """In the empty message box."""
    examples: tuple[str, ...]
    presets: dict[str, Wishes]
    """Name to settings; the first is the one that a new conversation begins with."""
    notes: Notes
    """What to remark below an answer."""
    actions: dict[str, str] = field(default_factory=dict)
    """Label of a button to what it says for the person; `{}` takes what is in the box."""
    files: Files | None = None
    """How to take files out of an answer; None where answers hold none."""

    @property
    def name(self) -> str:
        """Begins every element id of the page."""
        return self.manner.app

    @property
    def wishes(self) -> Wishes:
        """The settings that a new conversation begins with."""
        return next(iter(self.presets.values()))

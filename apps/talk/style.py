"""What makes one talking app differ from another: words, examples and presets."""

from dataclasses import dataclass, field, replace

from apps.talk.exchange import Manner
from apps.talk.export import Files
from apps.talk.limits import Wishes
from apps.talk.view import Notes
from shared.texts import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How an app that talks introduces itself and what it suggests.

    The words are marked for the catalogue where they stand, and said by `said`.
    """

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

    def said(self) -> "Style":
        """The same in the language of the site."""
        return replace(
            self,
            title=say(self.title),
            line=say(self.line),
            placeholder=say(self.placeholder),
            examples=tuple(say(example) for example in self.examples),
            presets={say(name): wishes for name, wishes in self.presets.items()},
            actions={say(label): say(says) for label, says in self.actions.items()},
        )

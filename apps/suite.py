"""The table of apps: the one place that knows which there are.

A row is all that the site, the command line and the home page need. The module is imported only
when its app is served; it has `build(page, ctx)`, and may have `CSS`, added to the site's style.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import BadRequest
from shared.texts import later


@dataclass(frozen=True, slots=True)
class AppRow:
    """One app of the suite."""

    name: str
    """As in the command line and in records."""
    title: str
    line: str
    """What it is for, in one sentence."""
    module: str

    @property
    def path(self) -> str:
        """Where its page lies on the whole site."""
        return f"/{self.name}"

    def load(self) -> "Page":
        """Import the page; an ImportError is a bug in the app and passes through."""
        module = importlib.import_module(self.module)
        return Page(build=module.build, css=getattr(module, "CSS", ""))


@dataclass(frozen=True, slots=True)
class Page:
    """An imported app."""

    build: Callable[[Any, Any], None]
    """`build(page: gr.Blocks, ctx: Context)`, called inside a Blocks context."""
    css: str


APPS: tuple[AppRow, ...] = (
    AppRow(
        "chat",
        later("Chat"),
        later("Talk things through, branch, stop, retry, export."),
        "apps.chat.page",
    ),
    AppRow(
        "code",
        later("Code"),
        later("Ask for code, keep its indentation, check it."),
        "apps.code.page",
    ),
    AppRow(
        "story",
        later("Story"),
        later("Choose your own adventure, scene by scene."),
        "apps.story.page",
    ),
    AppRow(
        "brainstorm",
        later("Brainstorm"),
        later("Collect ideas on a board, refine them, weigh them."),
        "apps.brainstorm.page",
    ),
    AppRow(
        "poetry",
        later("Poetry"),
        later("Write in a form, with a report on every line."),
        "apps.poetry.page",
    ),
)

PLACES: tuple[AppRow, ...] = (
    AppRow(
        "flags", later("Your flags"), later("What became of what you said."), "apps.receipts.page"
    ),
    AppRow(
        "models",
        later("Releases"),
        later("What models learned, and from what."),
        "apps.releases.page",
    ),
)
"""Pages of every site beside the apps, whichever of these it serves."""


def rows(names: Sequence[str]) -> tuple[AppRow, ...]:
    """The named apps in the suite's order; all of them when none is named.

    Raises:
        BadRequest: If a name is no app.
    """
    known = {row.name for row in APPS}
    for name in names:
        if name not in known:
            raise BadRequest(
                f"There is no app named {name!r}.",
                fix=f"The apps are {', '.join(row.name for row in APPS)}.",
            )
    return tuple(row for row in APPS if not names or row.name in names)

"""What a poem is here, and what may be asked for."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from apps.checks import one_line, storable
from apps.poetry.checks import report
from apps.poetry.report import Report
from apps.poetry.sounds import Own
from shared.errors import BadRequest
from shared.formats import poetry as form
from shared.formats.poetry import FORMS, Form
from shared.formats.verse import initials

MAX_MOOD = 60
MAX_LINES = 60
MAX_TEXT = 10_000
"""Longest text of one's own, in characters."""


class Poem(BaseModel):
    """A poem that was written for somebody, or by them."""

    model_config = ConfigDict(frozen=True)

    form: str
    subject: str
    mood: str = ""
    lines: tuple[str, ...] = ()
    answer_id: str = ""
    """Of the answer whose text is this poem; empty for a text of one's own."""
    made_form: Form | None = None
    """The form, where the person made it; else it is found by its name."""

    @classmethod
    def read(cls, text: str) -> "Poem | None":
        """From the store's text; None from the empty one."""
        return cls.model_validate_json(text) if text else None

    @property
    def kind(self) -> Form:
        """What the poem is held against."""
        return self.made_form or FORMS[self.form]

    def initials(self) -> str:
        """The letters that the lines begin with; empty where the form does not spell."""
        return initials(self.kind, self.subject)

    def report(self, own: Mapping[str, Own] | None = None) -> Report:
        """The poem held against its form, with words spoken as their owner says."""
        return report(self.lines, self.kind, initials=self.initials(), own=own)

    def with_line(self, index: int, line: str) -> "Poem":
        """The same poem with another line in one place."""
        lines = [*self.lines[:index], line, *self.lines[index + 1 :]]
        return self.model_copy(update={"lines": tuple(lines)})

    def text(self) -> str:
        """The poem as it is read."""
        return "\n".join(self.lines)


def wanted(
    form_name: object, subject: object, mood: object = "", made: Mapping[str, Form] | None = None
) -> Poem:
    """A poem that is still to be written; `made` are the person's own forms.

    Raises:
        BadRequest: If there is no such form, or a field is empty or too long.
    """
    known = checked_form(form_name, made)
    poem = Poem(
        form=known.name,
        subject=one_line(subject, name="subject"),
        mood=one_line(mood, name="mood", fewest=0, most=MAX_MOOD),
        made_form=None if known.name in FORMS else known,
    )
    if known.spells and len(poem.initials()) < known.lines[0]:
        raise BadRequest(
            "An acrostic spells its subject, and this one has too few letters.",
            fix=f"Name a subject with {known.lines[0]} to {known.lines[1]} letters.",
        )
    return poem


def checked_form(name: object, made: Mapping[str, Form] | None = None) -> Form:
    """The form of this name.

    Raises:
        BadRequest: If there is none; the message names them all.
    """
    forms = {**(made or {}), **FORMS}
    found = forms.get(name.strip().casefold()) if isinstance(name, str) else None
    if found is None:
        raise BadRequest(f"There is no form {name!r}.", fix=f"The forms are {', '.join(forms)}.")
    return found


def checked_lines(text: object) -> list[str]:
    """The lines of somebody's own poem.

    Raises:
        BadRequest: If there are none, or the text is too long.
    """
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= MAX_TEXT:
        size = f"has {len(text.strip()):,} characters" if isinstance(text, str) else "is no text"
        raise BadRequest(f"The poem {size}.", fix=f"It takes 1 to {MAX_TEXT:,}.")
    lines = form.parse(storable(text))
    if len(lines) > MAX_LINES:
        raise BadRequest(f"The poem has {len(lines)} lines.", fix=f"It takes up to {MAX_LINES}.")
    return lines

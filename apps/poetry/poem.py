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
from shared.texts import later, say

MAX_MOOD = 60
MAX_LINES = 60
MAX_TEXT = 10_000
"""Longest text of one's own, in characters."""
OWN_SUBJECT = later("My own poem")
"""Stored as it is, and said where it is shown."""


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

    def title(self) -> str:
        """What is shown above the poem."""
        return say(self.subject) if self.subject == OWN_SUBJECT else self.subject

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
        subject=one_line(subject, name=say("subject")),
        mood=one_line(mood, name=say("mood"), fewest=0, most=MAX_MOOD),
        made_form=None if known.name in FORMS else known,
    )
    if known.spells and len(poem.initials()) < known.lines[0]:
        raise BadRequest(
            say("An acrostic spells its subject, and this one has too few letters."),
            fix=say(
                "Name a subject with {fewest} to {most} letters.",
                fewest=known.lines[0],
                most=known.lines[1],
            ),
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
        raise BadRequest(
            say("There is no form {name}.", name=repr(name)),
            fix=say("The forms are {names}.", names=", ".join(forms)),
        )
    return found


def checked_lines(text: object) -> list[str]:
    """The lines of somebody's own poem.

    Raises:
        BadRequest: If there are none, or the text is too long.
    """
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= MAX_TEXT:
        raise BadRequest(
            say("The poem has {count} characters.", count=f"{len(text.strip()):,}")
            if isinstance(text, str)
            else say("The poem is no text."),
            fix=say("It takes 1 to {most}.", most=f"{MAX_TEXT:,}"),
        )
    lines = form.parse(storable(text))
    if len(lines) > MAX_LINES:
        raise BadRequest(
            say("The poem has {count} lines.", count=len(lines)),
            fix=say("It takes up to {most}.", most=MAX_LINES),
        )
    return lines

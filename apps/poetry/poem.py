"""What a poem is here, and what may be asked for."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from apps.checks import one_line, storable
from apps.poetry.report import Report, report
from shared.errors import BadRequest
from shared.formats import poetry as form
from shared.formats.poetry import FORMS, Form

MAX_MOOD = 60
MAX_LINES = 60
MAX_TEXT = 10_000
"""Longest text of one's own, in characters."""


class Poem(BaseModel):
    """A poem that was written for somebody."""

    model_config = ConfigDict(frozen=True)

    form: str
    subject: str
    mood: str = ""
    lines: tuple[str, ...] = ()
    answer_id: str = ""
    """Of the answer whose text is this poem."""

    @classmethod
    def read(cls, text: str) -> "Poem | None":
        """From the store's text; None from the empty one."""
        return cls.model_validate_json(text) if text else None

    def report(self) -> Report:
        """The poem held against its form."""
        return report(self.lines, FORMS[self.form], initials=initials(self.form, self.subject))

    def text(self) -> str:
        """The poem as it is read."""
        return "\n".join(self.lines)


def wanted(form_name: object, subject: object, mood: object = "") -> Poem:
    """A poem that is still to be written.

    Raises:
        BadRequest: If there is no such form, or a field is empty or too long.
    """
    known = checked_form(form_name)
    poem = Poem(
        form=known.name,
        subject=one_line(subject, name="subject"),
        mood=one_line(mood, name="mood", fewest=0, most=MAX_MOOD),
    )
    if known.name == "acrostic" and len(initials(known.name, poem.subject)) < known.lines[0]:
        raise BadRequest(
            "An acrostic spells its subject, and this one has too few letters.",
            fix=f"Name a subject with {known.lines[0]} to {known.lines[1]} letters.",
        )
    return poem


def checked_form(name: object) -> Form:
    """The form of this name.

    Raises:
        BadRequest: If there is none; the message names them all.
    """
    found = FORMS.get(name.strip().casefold()) if isinstance(name, str) else None
    if found is None:
        raise BadRequest(f"There is no form {name!r}.", fix=f"The forms are {', '.join(FORMS)}.")
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


def initials(form_name: str, subject: str) -> str:
    """The letters that an acrostic's lines begin with; empty for all other forms.

    A subject with more letters than the form has lines gives its longest word that fits.
    """
    if form_name != "acrostic":
        return ""
    most = FORMS[form_name].lines[1]
    letters = _letters(subject)
    if len(letters) <= most:
        return letters
    fitting = [_letters(word)[:most] for word in subject.split()]
    return max(fitting, key=len)


def _letters(text: Sequence[str]) -> str:
    return "".join(letter for letter in text if letter.isalpha())

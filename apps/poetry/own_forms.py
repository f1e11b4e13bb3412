"""Forms that people make, in the notation of handbooks: `8a 6b 8a 6b`, a line for each word.

The number is the line's syllables (a span, or left out), the letter its rhyme: x does not rhyme,
and a capital (with a number, where there are several) is a line that comes back word for word.
"""

import re
from collections import defaultdict

from pydantic import TypeAdapter

from apps.checks import one_line
from apps.poetry.metre import METRES
from shared.errors import BadRequest
from shared.formats.poetry import FORMS, Form
from shared.texts import say

MAX_NAME = 40
MAX_NOTATION = 400
MAX_LINES = 40
MOST_SYLLABLES = 24
MOST_FORMS = 30
_LINE = re.compile(r"(?:(\d{1,2})(?:-(\d{1,2}))?)?([a-zA-Z]?)(\d?)")
_PER_FOOT = {"iambic": 2, "trochaic": 2, "anapaestic": 3, "dactylic": 3}
_STORED = TypeAdapter(dict[str, Form])


def read_form(name: object, notation: object, metre: object = "") -> Form:
    """The form that a person describes.

    Raises:
        BadRequest: If the name is taken or the notation cannot be read; the message shows how.
    """
    called = one_line(name, name=say("form's name"), most=MAX_NAME).casefold()
    if called in FORMS:
        raise BadRequest(
            say("There is a {form} already.", form=called), fix=say("Take another name.")
        )
    if metre not in ("", *METRES):
        raise BadRequest(
            say("There is no such metre."),
            fix=say("The metres are {names}.", names=", ".join(METRES)),
        )
    text = one_line(notation, name=say("lines"), most=MAX_NOTATION).replace("/", " ")
    parts = [_part(word) for word in text.split()]
    if not 1 <= len(parts) <= MAX_LINES:
        raise BadRequest(
            say("The form has {count} lines.", count=len(parts)),
            fix=say("It takes 1 to {most}.", most=MAX_LINES),
        )
    spans = tuple(span for span, _ in parts)
    letters = "".join((mark[:1] or "x").lower() for _, mark in parts)
    counted = all(spans)
    if metre and not counted:
        raise BadRequest(
            say("A metre needs syllables."), fix=say("Write them before each letter: 8a 6b.")
        )
    known = tuple(span for span in spans if span)
    return Form(
        called,
        (len(parts), len(parts)),
        syllables=tuple(low for low, high in known if low == high) if counted else (),
        rhyme=letters if set(letters) - {"x"} else "",
        hint=_hint(text, str(metre)),
        spans=known if counted else (),
        metre=str(metre),
        feet=tuple(round(low / _PER_FOOT[str(metre)]) or 1 for low, _ in known) if metre else (),
        refrains=_refrains([mark for _, mark in parts]),
    )


def _part(word: str) -> tuple[tuple[int, int] | None, str]:
    found = _LINE.fullmatch(word)
    if found is None:
        raise BadRequest(
            say("“{word}” is no line of a form.", word=word),
            fix=say("Write lines like 8a 6b 8a 6b, or A1 b A2."),
        )
    low, high, letter, number = found.groups()
    if low is None:
        return None, letter + number
    span = int(low), int(high or low)
    if not 1 <= span[0] <= span[1] <= MOST_SYLLABLES:
        raise BadRequest(
            say("A line of {count} syllables cannot be written.", count=word),
            fix=say("Ask for 1 to {most}.", most=MOST_SYLLABLES),
        )
    return span, letter + number


def _refrains(marks: list[str]) -> tuple[tuple[int, ...], ...]:
    places: dict[str, list[int]] = defaultdict(list)
    for at, mark in enumerate(marks):
        if mark[:1].isupper():
            places[mark].append(at)
    return tuple(tuple(group) for group in places.values() if len(group) > 1)


def _hint(text: str, metre: str) -> str:
    # It is stored and told to the model, so it is English wherever it is made.
    return f"{_head(len(text.split()))}{text}{_beat(metre)}"


def _head(lines: int) -> str:
    return f"{lines} lines, syllables and rhymes "


def _beat(metre: str) -> str:
    return f", {metre}" if metre else ""


def notation_of(form: Form) -> str:
    """The notation of a form that somebody made, out of its hint."""
    return form.hint.removeprefix(_head(form.lines[0])).removesuffix(_beat(form.metre))


def dump(forms: dict[str, Form]) -> str:
    """For the store."""
    return _STORED.dump_json(forms).decode()


def load(text: str) -> dict[str, Form]:
    """From `dump`'s text; no forms from the empty one."""
    return _STORED.validate_json(text) if text else {}

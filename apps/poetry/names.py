"""What forms and metres are called on the page.

The store, the API and the model know them by their keys; a person's own names stay as they are.
"""

from apps.poetry import own_forms
from shared.formats.poetry import FORMS, Form
from shared.texts import later, say, say_count

_METRES = {
    "iambic": later("iambic"),
    "trochaic": later("trochaic"),
    "anapaestic": later("anapaestic"),
    "dactylic": later("dactylic"),
}


def form_name(name: str) -> str:
    """A form's name."""
    return say(name) if name in FORMS else name


def a_form(name: str) -> str:
    """A form's name behind its article, as it stands in a sentence."""
    called = form_name(name)
    return say("an {form}", form=called) if name[0] in "aeiou" else say("a {form}", form=called)


def form_hint(form: Form) -> str:
    """What a form asks for, in a sentence; one that somebody made is told in its notation."""
    if form.name in FORMS:
        return say(form.hint)
    told = own_forms.notation_of(form)
    return say_count(
        "1 line, syllables and rhymes {notation}",
        "{count} lines, syllables and rhymes {notation}",
        form.lines[0],
        notation=f"{told}, {metre_name(form.metre)}" if form.metre else told,
    )


def metre_name(metre: str) -> str:
    """A metre's name."""
    return say(_METRES[metre])

"""Poems: form, subject and mood in, lines out. A pattern binds the number of lines."""

from dataclasses import dataclass

from shared.messages import Message
from shared.texts import later

VERSION = "poetry-1"

SYSTEM = "You are a poet. You write the poem that is asked for, line by line, and nothing else."
CHARACTER = r"[^\n\r{}]"
"""Of a line: a small model that has learned JSON begins some otherwise with a brace."""
LINE = CHARACTER + "{2,90}"


@dataclass(frozen=True, slots=True)
class Form:
    """What a form asks for, as far as it can be counted."""

    name: str
    lines: tuple[int, int]
    """Fewest and most lines."""
    syllables: tuple[int, ...] = ()
    """Wanted syllables per line; empty where the form does not say, or says a span."""
    rhyme: str = ""
    """One letter per line, x for unrhymed; empty where the form does not rhyme."""
    hint: str = ""
    """One sentence for the prompt of a model that does not know the form, and to be said on the
    page."""
    spans: tuple[tuple[int, int], ...] = ()
    """Fewest and most permitted syllables per line, where the form leaves room."""
    metre: str = ""
    """iambic, trochaic, anapaestic or dactylic; empty where the form has none."""
    feet: tuple[int, ...] = ()
    """Feet per line, where there is a metre."""
    refrains: tuple[tuple[int, ...], ...] = ()
    """Groups of lines (from 0) that are one line come back."""
    slant: bool = False
    """Whether a slant rhyme will do."""
    spells: bool = False
    """Whether the first letters of the lines spell the subject."""

    def span(self, index: int) -> tuple[int, int] | None:
        """Permitted syllables of a line; None where any number will do."""
        if index < len(self.spans):
            return self.spans[index]
        if index < len(self.syllables):
            return self.syllables[index], self.syllables[index]
        return None


def _sonnet(name: str, rhyme: str, hint: str) -> Form:
    # Eleven syllables where the ending is unstressed: "to be, or not to be: that is the question".
    return Form(
        name,
        (14, 14),
        (10,) * 14,
        rhyme,
        hint,
        spans=((10, 11),) * 14,
        metre="iambic",
        feet=(5,) * 14,
    )


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(later("haiku"), (3, 3), (5, 7, 5), "", later("Three lines of 5, 7 and 5 syllables.")),
        Form(
            later("tanka"),
            (5, 5),
            (5, 7, 5, 7, 7),
            "",
            later("Five lines of 5, 7, 5, 7 and 7 syllables."),
        ),
        Form(
            later("limerick"),
            (5, 5),
            (),
            "aabba",
            later("Five lines, rhymed aabba, and a joke."),
            spans=((7, 11), (7, 11), (5, 8), (5, 8), (7, 11)),
            metre="anapaestic",
            feet=(3, 3, 2, 2, 3),
        ),
        Form(later("couplet"), (2, 2), (), "aa", later("Two lines that rhyme.")),
        Form(
            later("ballad stanza"),
            (4, 4),
            (8, 6, 8, 6),
            "xaxa",
            later("Four lines; the second and fourth rhyme."),
            spans=((7, 9), (5, 7), (7, 9), (5, 7)),
            metre="iambic",
            feet=(4, 3, 4, 3),
            slant=True,
        ),
        Form(
            later("acrostic"),
            (3, 12),
            (),
            "",
            later("The first letters of the lines spell the subject."),
            spells=True,
        ),
        Form(later("free verse"), (4, 8), (), "", later("Lines without rhyme or metre.")),
        _sonnet(
            later("sonnet"),
            "ababcdcdefefgg",
            later("Shakespeare's: fourteen lines of ten syllables."),
        ),
        _sonnet(
            later("petrarchan sonnet"),
            "abbaabbacdecde",
            later("Petrarch's: eight lines turn to six."),
        ),
        Form(
            later("villanelle"),
            (19, 19),
            (),
            "abaabaabaabaabaabaa",
            later("Nineteen lines on two rhymes; two lines return."),
            refrains=((0, 5, 11, 17), (2, 8, 14, 18)),
        ),
        Form(
            later("pantoum"),
            (16, 16),
            (),
            "ababbcbccdcddada",
            later("Four stanzas; every line comes back in the next."),
            refrains=((1, 4), (3, 6), (5, 8), (7, 10), (9, 12), (11, 14), (2, 13), (0, 15)),
        ),
    )
}
RULED = frozenset({"petrarchan sonnet", "pantoum"})
"""Forms whose rules are told to every model: the demo model has not learned them by name."""


def ask(form: str, subject: str, mood: str = "", rules: str = "") -> Message:
    """Ask for a poem; the empty mood is left out, and so are the rules of a form that is known."""
    lines = [f"Form: {form}"]
    lines += [f"Rules: {rules}"] if rules else []
    lines.append(f"Subject: {subject}")
    lines += [f"Mood: {mood}"] if mood else []
    return Message("user", "\n".join([*lines, "Write the poem."]))


def ask_again(wish: str) -> Message:
    """Ask for another version of the poem that was written last."""
    return Message("user", f"Wish: {wish}\nWrite the poem again.")


def pattern(form: Form, *, after: int = 0) -> str:
    """A regular expression for the whole answer: the right number of lines, none of them empty.

    With `after` it is for the lines that follow so many, at least one.
    """
    fewest, most = (max(count - after, 1) for count in form.lines)
    again = f"{{{fewest - 1},{most - 1}}}" if most > fewest else f"{{{most - 1}}}"
    return f"{LINE}(\\n{LINE}){again}"


def parse(text: str) -> list[str]:
    """The poem's lines; empty ones are dropped, indentation is kept."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]

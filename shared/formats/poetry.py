"""Poems: form, subject and mood in, lines out. A pattern binds the number of lines."""

from dataclasses import dataclass

from shared.messages import Message

VERSION = "poetry-1"

SYSTEM = "You are a poet. You write the poem that is asked for, line by line, and nothing else."
LINE = r"[^\n\r]{2,90}"


@dataclass(frozen=True, slots=True)
class Form:
    """What a form asks for, as far as it can be counted."""

    name: str
    lines: tuple[int, int]
    """Fewest and most lines."""
    syllables: tuple[int, ...] = ()
    """Wanted syllables per line; empty where the form does not say."""
    rhyme: str = ""
    """One letter per line, x for unrhymed; empty where the form does not rhyme."""
    hint: str = ""
    """One sentence for the page and the prompt of a model that does not know the form."""


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("haiku", (3, 3), (5, 7, 5), "", "Three lines of 5, 7 and 5 syllables."),
        Form("tanka", (5, 5), (5, 7, 5, 7, 7), "", "Five lines of 5, 7, 5, 7 and 7 syllables."),
        Form("limerick", (5, 5), (), "aabba", "Five lines, rhymed aabba, and a joke."),
        Form("couplet", (2, 2), (), "aa", "Two lines that rhyme."),
        Form(
            "ballad stanza",
            (4, 4),
            (8, 6, 8, 6),
            "xaxa",
            "Four lines; the second and fourth rhyme.",
        ),
        Form("acrostic", (3, 12), (), "", "The first letters of the lines spell the subject."),
        Form("free verse", (4, 8), (), "", "Lines without rhyme or metre."),
        Form("sonnet", (14, 14), (10,) * 14, "ababcdcdefefgg", "Fourteen lines of ten syllables."),
        Form(
            "villanelle",
            (19, 19),
            (),
            "abaabaabaabaabaabaa",
            "Nineteen lines on two rhymes; two lines return.",
        ),
    )
}


def ask(form: str, subject: str, mood: str = "") -> Message:
    """Ask for a poem; the empty mood is left out."""
    lines = [f"Form: {form}", f"Subject: {subject}"]
    lines += [f"Mood: {mood}"] if mood else []
    return Message("user", "\n".join([*lines, "Write the poem."]))


def pattern(form: Form) -> str:
    """A regular expression for the whole answer: the right number of lines, none of them empty."""
    fewest, most = form.lines
    again = f"{{{fewest - 1},{most - 1}}}" if most > fewest else f"{{{most - 1}}}"
    return f"{LINE}(\\n{LINE}){again}"


def parse(text: str) -> list[str]:
    """The poem's lines; empty ones are dropped, indentation is kept."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]

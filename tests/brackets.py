"""A language in which every text is English between brackets: what it leaves bare is English."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from babel.messages.pofile import read_po, write_po

from shared.home import Home
from shared.texts import TEMPLATE, choose

LANGUAGE = "qps"
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")


def write_catalogue(home: Home) -> None:
    """Give a home the catalogue of this language."""
    home.locale.mkdir(parents=True, exist_ok=True)
    with TEMPLATE.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if not message.id:
            continue
        if isinstance(message.id, str):
            message.string = f"⟦{message.id}⟧"
        else:
            message.string = tuple(f"⟦{text}⟧" for text in message.id)
    with (home.locale / f"{LANGUAGE}.po").open("wb") as file:
        write_po(file, catalogue)


@contextmanager
def spoken(home: Home) -> Iterator[None]:
    """Speak it in this process for a while."""
    write_catalogue(home)
    choose(LANGUAGE, home)
    try:
        yield
    finally:
        choose("en")


def bare(text: str) -> str:
    """What does not stand between brackets."""
    while MARKED.search(text):
        text = MARKED.sub(" ", text)
    return text

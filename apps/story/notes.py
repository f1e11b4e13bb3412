"""What the reader pins for the model: author's note, state, and lore that enters when mentioned.

Notes are shown to the model inside the reader's newest message and kept with the passage, so the
conversation only grows at its end. A line is shown again only after it left the window: then it
is missing from what is shown, and is due anew.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from apps.checks import storable
from shared.errors import BadRequest
from shared.texts import say

MAX_NOTE = 1_000
"""Longest author's note or lore text, in characters."""
MAX_LINES = 40
"""Most people, things, facts or lore notes."""
KEYS = re.compile(r"\s*,\s*")


@dataclass(frozen=True, slots=True)
class Lore:
    """A note that enters the prompt once one of its keys is mentioned."""

    keys: tuple[str, ...]
    text: str

    def mentioned(self, text: str) -> bool:
        """Whether a key stands in the text as whole words, in any case."""
        folded = text.casefold()
        return any(
            re.search(rf"(?<!\w){re.escape(key.casefold())}(?!\w)", folded) for key in self.keys
        )

    def line(self) -> str:
        """As the reader writes it and the model reads it."""
        return f"{', '.join(self.keys)}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """All notes of one story."""

    author: str = ""
    """How the story is to go on; always shown."""
    place: str = ""
    """Where the reader is; always shown."""
    facts: tuple[str, ...] = ()
    """What stays true; always shown."""
    people: tuple[str, ...] = ()
    """“Ada, the ferrywoman”: shown once the name before the comma is mentioned."""
    things: tuple[str, ...] = ()
    """What the reader carries; always shown."""
    lore: tuple[Lore, ...] = ()

    def lines(self, recent: str) -> list[str]:
        """What the model should have before it, most important first.

        Args:
            recent: The last scenes and what the reader says now.
        """
        found = [*self.facts]
        found += [f"Place: {self.place}"] if self.place else []
        found += [f"The reader has {', '.join(self.things)}."] if self.things else []
        found += [f"Note: {self.author}"] if self.author else []
        found += [who for who in self.people if _named(who).mentioned(recent)]
        found += [note.line() for note in self.lore if note.mentioned(recent)]
        return found


def _named(person: str) -> Lore:
    return Lore((person.partition(",")[0].strip(),), person)


def read(
    *, author: str = "", place: str = "", facts: str = "", people: str = "", things: str = "",
    lore: str = "",
) -> Notes:  # fmt: skip
    """Notes from the page's fields: one fact, person, thing or lore note a line.

    Raises:
        BadRequest: If something is too long, or a lore note has no “key: text”.
    """
    return Notes(
        author=_text(author, say("author's note")),
        place=_text(place, say("place")),
        facts=_lines(facts, say("facts")),
        people=_lines(people, say("people")),
        things=_lines(things, say("things")),
        lore=tuple(_lore(line) for line in _lines(lore, say("lore notes"))),
    )


def _text(text: str, name: str) -> str:
    tidy = " ".join(storable(text or "").split())
    if len(tidy) > MAX_NOTE:
        raise BadRequest(
            say("The {name} has {count} characters.", name=name, count=len(tidy)),
            fix=say("It takes up to {most}.", most=MAX_NOTE),
        )
    return tidy


def _lines(text: str, name: str) -> tuple[str, ...]:
    found = tuple(tidy for line in (text or "").splitlines() if (tidy := _text(line, name)))
    if len(found) > MAX_LINES:
        raise BadRequest(
            say("There are {count} {what}.", count=len(found), what=name),
            fix=say("It takes up to {most}.", most=MAX_LINES),
        )
    return found


def _lore(line: str) -> Lore:
    keys, colon, text = line.partition(":")
    names = tuple(key for key in KEYS.split(keys.strip()) if key)
    if not colon or not names or not text.strip():
        raise BadRequest(
            say("The lore note “{line}” has no key.", line=line[:60]),
            fix=say("Write “key, other key: what the model should know”."),
        )
    return Lore(names, text.strip())


def reminder(due: Iterable[str]) -> str:
    """The lines as they stand in the reader's message; empty when none is due."""
    found = list(due)
    return "Keep in mind:\n" + "\n".join(f"- {line}" for line in found) if found else ""

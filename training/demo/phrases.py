"""A seeded hand that writes: picks, samples, and fills templates.

In a template `[a|b]` is one of several (brackets may nest), `{slot}` is filled in, and `a(n)`
becomes the article that fits the next word. Capitals open every sentence by themselves.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

WORDS_DIR = Path(__file__).parent / "words"

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa])\(n\) (?=[\"“]?(\w))")
_BARE_ARTICLE = re.compile(r"\b([Aa])n? (?=([a-z]))")
# Not after a closing quotation mark: “Why?” asked the fox.
_OPENING = re.compile(r"(^[\"“]?|[.!?] [\"“]?)([a-z])")
_SPACES = re.compile(r"  +")


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def article(text: str) -> str:
    """“a” or “an” before the text."""
    return f"{'an' if text[:1].lower() in 'aeiou' else 'a'} {text}"


IRREGULAR = {
    "mouse": "mice", "goose": "geese", "wolf": "wolves", "leaf": "leaves", "thief": "thieves",
    "elf": "elves", "loaf": "loaves", "child": "children", "knife": "knives", "life": "lives",
    "wife": "wives", "shelf": "shelves", "half": "halves", "person": "people", "foot": "feet",
    "tooth": "teeth", "sheep": "sheep", "deer": "deer", "scissors": "scissors", "calf": "calves",
}  # fmt: skip


def plural(noun: str) -> str:
    """The regular plural, and the irregular ones that the word lists hold."""
    rest, _, last = noun.rpartition(" ")
    if rest:
        return f"{rest} {plural(last)}"
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun.endswith("man") and len(noun) > 3:
        return noun[:-3] + "men"
    if noun.endswith("s") and not noun.endswith("ss"):
        return noun
    if noun.endswith(("s", "x", "ch", "sh", "z")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


class Pen:
    """Every random decision of one conversation or one stream of them."""

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(seed)  # noqa: S311 - words, not secrets
        self.nouns: set[str] = set()
        """Every noun that was drawn for what is being written, as it was drawn."""
        self.names: set[str] = set()
        """Every name of a person or town that was drawn."""

    def pick(self, options: Sequence[T]) -> T:
        """One of them."""
        return self.random.choice(options)

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """Different ones, in random order; all of them if there are fewer."""
        return self.random.sample(list(options), min(count, len(options)))

    def in_order(self, options: Sequence[T], count: int) -> list[T]:
        """Different ones, in the order in which they are listed.

        A small model that has only ever read lists going forward does not say a thing twice.
        """
        places = self.random.sample(range(len(options)), min(count, len(options)))
        return [options[at] for at in sorted(places)]

    def chance(self, share: float) -> bool:
        """True in this share of all calls."""
        return self.random.random() < share

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.random.randint(low, high)

    def phrase(self, template: str, **slots: object) -> str:
        """Fill a template without opening it with a capital."""
        text = template
        for _ in range(3):
            while choice := _CHOICE.search(text):
                option = self.pick(choice.group(1).split("|"))
                text = text[: choice.start()] + option + text[choice.end() :]
            text = _SLOT.sub(lambda slot: str(slots.get(slot.group(1), slot.group(0))), text)
            if "{" not in text and "[" not in text:
                break
        text = _ARTICLE.sub(
            lambda m: m.group(1) + ("n " if m.group(2).lower() in "aeiou" else " "), text
        )
        return _SPACES.sub(" ", text).strip()

    def write(self, template: str, **slots: object) -> str:
        """Fill a template and open each sentence with a capital."""
        text = self.phrase(template, **slots)
        return _OPENING.sub(lambda m: m.group(1) + m.group(2).upper(), text)


def read_words(name: str) -> list[str]:
    """Words of a list that are separated by white space, in their order and without repeats."""
    text = (WORDS_DIR / name).read_text(encoding="utf-8")
    return list(dict.fromkeys(text.split()))


def read_lines(name: str) -> list[str]:
    """The lines of a list; empty ones and comments are left out."""
    text = (WORDS_DIR / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def read_sections(name: str) -> dict[str, list[str]]:
    """Lines under their `# heading`."""
    found: dict[str, list[str]] = {}
    here: list[str] = []
    for line in (WORDS_DIR / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            here = found.setdefault(line[2:].strip(), [])
        elif line.strip():
            here.append(line.strip())
    return found

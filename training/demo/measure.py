"""What can be counted about one answer of the demo model."""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import jsonschema

from shared.formats import poetry, story
from training.demo.conversations import APPS, conversation
from training.demo.phrases import WORDS_DIR
from training.demo.prompts import Prompt
from training.demo.syllables import count

_WORD = re.compile(r"[A-Za-z]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”]?\s+|\n+")
_FENCE = re.compile(r"```python\n(.*?)\n?```", re.S)
KNOWN_CONVERSATIONS = 400
"""Conversations of each kind whose words count as words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """One answer's marks; None where the question does not arise."""

    format: bool
    ended: bool
    """By itself, before the longest allowed length."""
    topic: bool | None
    followed: bool | None
    repeats: bool
    """Holds a sentence, an option or an idea twice."""
    words: int
    non_words: int
    parses: bool | None
    syllables: bool | None


def marks(prompt: Prompt, answer: str, *, ended: bool) -> Marks:
    """Judge one answer."""
    words = [word.lower() for word in _WORD.findall(answer)]
    allowed = known_words() | {w.lower() for m in prompt.messages for w in _WORD.findall(m.content)}
    return Marks(
        format=has_format(prompt, answer),
        ended=ended,
        topic=_mentions(prompt.topic, answer) if prompt.topic else None,
        followed=_mentions(prompt.followed, answer) if prompt.followed else None,
        repeats=repeats(answer, refrains=prompt.part == "villanelle"),
        words=len(words),
        non_words=0
        if prompt.part == "code"
        else sum(not _is_word(word, allowed) for word in words),
        parses=_parses(answer) if prompt.part == "code" else None,
        syllables=_counted(prompt, answer),
    )


@cache
def known_words() -> frozenset[str]:
    """Every word of the lists and of some thousand training conversations."""
    texts = [path.read_text(encoding="utf-8") for path in WORDS_DIR.glob("*.txt")]
    for kind in APPS:
        for number in range(KNOWN_CONVERSATIONS):
            texts += [turn.content for turn in conversation(kind, number)]
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def _is_word(word: str, allowed: frozenset[str] | set[str]) -> bool:
    """Inflected forms of a known word are words."""
    if len(word) < 3 or word in allowed:
        return True
    stems = (word[:-1], word[:-2], word[:-2] + "e", word[:-3], word[:-3] + "y", word[:-3] + "e")
    return any(len(stem) > 2 and stem in allowed for stem in stems if word.startswith(stem[:2]))


def _mentions(wanted: Iterable[str], answer: str) -> bool:
    """Whether at least one wanted word is there, inflected or inside a compound."""
    text = answer.lower()
    return any(word.rstrip("y").removesuffix("f") in text for word in wanted)


def has_format(prompt: Prompt, answer: str) -> bool:
    """Whether the app could use the answer as it is."""
    if prompt.schema is not None:
        try:
            jsonschema.validate(json.loads(answer), dict(prompt.schema))
        except (ValueError, jsonschema.ValidationError):
            return False
        return True
    if prompt.pattern is not None:
        fewest, most = poetry.FORMS[prompt.part].lines
        return fewest <= len(poetry.parse(answer)) <= most
    if prompt.part == "code":
        return _FENCE.search(answer) is not None
    if prompt.part == "end":
        return story.is_ending(answer)
    if prompt.part in ("scene", "deed"):
        return 1 <= len(sentences(answer)) <= 8 and "{" not in answer
    return bool(answer.strip())


def sentences(answer: str) -> list[str]:
    """The sentences or lines of a text."""
    return [part.strip() for part in _SENTENCE_END.split(answer) if part.strip()]


REFRAIN_LINES = 6
"""Lines that a villanelle says again because its form wants it."""


def repeats(answer: str, *, refrains: bool = False) -> bool:
    """Whether something whole is said twice: a sentence, a line of a poem, an option, an idea.

    Args:
        answer: The whole answer.
        refrains: Whether its form is one in which two lines return.
    """
    if answer.startswith("{"):
        try:
            parts = [str(part) for part in _leaves(json.loads(answer))]
        except ValueError:
            return True
    else:
        text = _FENCE.sub("", answer)
        parts = sentences(text)
    long = [part.casefold().rstrip(".,;!") for part in parts if len(part.split()) > 1]
    return len(long) - len(set(long)) > (REFRAIN_LINES if refrains else 0)


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]


def _parses(answer: str) -> bool:
    found = _FENCE.search(answer)
    if not found:
        return False
    try:
        ast.parse(found.group(1))
    except SyntaxError:
        return False
    return True


def _counted(prompt: Prompt, answer: str) -> bool | None:
    """For haiku and tanka: whether every line has its syllables."""
    if prompt.part not in ("haiku", "tanka"):
        return None
    wanted = poetry.FORMS[prompt.part].syllables
    return tuple(count(line) for line in poetry.parse(answer)) == wanted

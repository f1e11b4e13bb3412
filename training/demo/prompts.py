"""Prompts for the report: unseen words, one prompt per conversation, cut before some answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.formats import brainstorm, poetry, story
from shared.messages import Message
from training.demo.conversations import APPS, pen_for
from training.demo.phrases import Pen, plural

REPORT_SEED = "report"
_WORD = re.compile(r"[A-Za-z]+")
_SMALL = frozenset(
    "that this with from into they them have what your will their over under".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is asked, how the answer is bound, and what it should mention."""

    app: str
    number: int
    """Among the prompts of its app; also the seed of its answer."""
    part: str
    """What is asked for within the app: scene, choices, deed, end, ideas, refine, judge, …"""
    messages: tuple[Message, ...]
    reference: str
    schema: Mapping[str, Any] | None = None
    pattern: str | None = None
    topic: frozenset[str] = frozenset()
    """Unseen words of the newest question; empty where it has none."""
    followed: frozenset[str] = frozenset()
    """For a deed: the words of the chosen option or of the reader's own action."""


def topic_of(text: str, pen: Pen) -> frozenset[str]:
    """What the text is about: the nouns that were drawn for it, or else the names.

    Words of the question's form ("I need …", "Which city …") are not drawn and are no topic. A
    question without drawn words (a sum, a greeting, a taught fact) has none.
    """
    said = {word.lower() for word in _WORD.findall(text)}

    def drawn(words: set[str]) -> frozenset[str]:
        found = {word.lower() for word in words}
        return frozenset(word for word in found if {word, plural(word)} & said)

    return drawn(pen.nouns) or drawn(pen.names)


def content_words(text: str) -> frozenset[str]:
    """The longer words of a text, without its first one, which changes its form when told."""
    words = [word.lower() for word in _WORD.findall(text)][1:]
    return frozenset(word for word in words if len(word) > 3 and word not in _SMALL)


def prompts(app: str, count: int) -> list[Prompt]:
    """Different prompts of one app, always the same ones."""
    return [_prompt(app, number) for number in range(count)]


def _prompt(app: str, number: int) -> Prompt:
    if app not in APPS:
        raise ValueError(f"{app!r} is not an app of the demo model.")
    pen = pen_for(app, number, REPORT_SEED)
    turns = APPS[app](pen, unseen=True)
    answers = [at for at, turn in enumerate(turns) if turn.role == "assistant"]
    # Half are the first question, or most stories would be asked for without their title.
    at = answers[0] if number % 2 else Pen(f"{REPORT_SEED}/{app}/{number}").pick(answers)
    asked, reference = turns[at - 1].content, turns[at].content
    part, schema, pattern = _bound(app, asked, reference)
    deed = asked.partition(": ")[2] if part == "deed" else ""
    return Prompt(
        app=app, number=number, part=part, messages=tuple(turns[:at]), reference=reference,
        schema=schema, pattern=pattern, followed=content_words(deed),
        topic=frozenset() if part in ("choices", "deed") else topic_of(asked, pen),
    )  # fmt: skip


def _bound(
    app: str, asked: str, reference: str
) -> tuple[str, Mapping[str, Any] | None, str | None]:
    """The part of the app, and the schema or pattern that the app would use."""
    if app == "story":
        if asked == story.CHOICES:
            return "choices", story.CHOICES_SCHEMA, None
        if asked == story.ask_end().content:
            return "end", None, None
        return ("scene" if asked.startswith("Title:") else "deed"), None, None
    if app == "brainstorm":
        return _board(asked)
    if app == "poetry":
        form = asked.splitlines()[0].removeprefix("Form: ")
        return form, None, poetry.pattern(poetry.FORMS[form])
    if app == "code":
        return ("code" if "```" in reference else "talk"), None, None
    return "talk", None, None


def _board(asked: str) -> tuple[str, Mapping[str, Any] | None, str | None]:
    fields = dict(line.partition(": ")[::2] for line in asked.splitlines())
    if "Ideas" in fields:
        return "ideas", brainstorm.ideas_schema(int(fields["Ideas"])), None
    if "Criteria" in fields:
        return "judge", brainstorm.scores_schema(fields["Criteria"].split(", ")), None
    return "refine", brainstorm.IDEA_SCHEMA, None

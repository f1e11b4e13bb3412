"""The idea board: ideas, a refined idea and a judgement, each as JSON that a schema binds."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from shared.messages import Message
from shared.texts import later

VERSION = "brainstorm-1"

SYSTEM = "You are a brainstorming partner. You find, improve and judge ideas, and answer as JSON."

METHODS: dict[str, str] = {
    later("free"): later("anything goes"),
    later("scamper"): later(
        "substitute, combine, adapt, modify, put to another use, leave out, reverse"
    ),
    later("six hats"): later("facts, feelings, caution, benefits, new ideas, overview"),
    later("reverse"): later("how would we make it worse, then turn it round"),
    later("worst idea"): later("the worst idea, then what is good in it"),
    later("analogy"): later("how does nature or another trade do it"),
    later("constraint"): later("with almost no money, time or tools"),
    later("crazy 8"): later("quick and wild"),
}
"""The preset's name to what it tells the model; a page may call both something else."""

RUBRIC = (later("Originality"), later("Usefulness"), later("Effort"))
"""What an idea is judged by when the person brings no rubric of their own."""
Scale = tuple[int, int]
"""The lowest and the highest score."""
SCALE: Scale = (1, 5)
"""What the demo model learns; others are bound by the schema and named in the question."""


class Idea(BaseModel):
    """One card of the board."""

    title: str = Field(min_length=1, max_length=80)
    body: str = Field(min_length=1, max_length=300)


class Verdict(BaseModel):
    """Which of two ideas is better: the reason is written before the choice."""

    reason: str = Field(min_length=1, max_length=200)
    better: Literal["1", "2", "neither"]


class Score(BaseModel):
    """One criterion of the rubric: the reason is written before the number."""

    criterion: str
    reason: str = Field(min_length=1, max_length=200)
    score: int


def ask_ideas(
    topic: str, n: int = 5, method: str = "free", existing: Sequence[str] = (), told: str = ""
) -> Message:
    """Ask for `n` ideas that are not among the `existing` titles.

    `told` is what the method says, where it is none of `METHODS`.
    """
    lines = [f"Topic: {topic}", f"Ideas: {n}"]
    if method != "free":
        lines.append(f"Method: {method} ({told or METHODS.get(method, method)})")
    if existing:
        lines.append("Not again: " + "; ".join(existing))
    return Message("user", "\n".join([*lines, "Brainstorm."]))


def ask_refine(title: str, body: str, instruction: str = "") -> Message:
    """Ask for a better version of one idea."""
    lines = [f"Idea: {title}", f"Text: {body}"]
    lines += [f"Wish: {instruction}"] if instruction else []
    return Message("user", "\n".join([*lines, "Refine the idea."]))


def ask_scores(
    title: str, body: str, rubric: Sequence[str] = RUBRIC, scale: Scale = SCALE
) -> Message:
    """Ask for a reason and a score for each criterion."""
    low, high = scale
    lines = [f"Idea: {title}", f"Text: {body}", "Criteria: " + ", ".join(rubric)]
    return Message("user", "\n".join([*lines, f"Judge the idea from {low} to {high}."]))


def ask_comparison(one: Idea, other: Idea, rubric: Sequence[str] = RUBRIC) -> Message:
    """Ask which of two ideas is better."""
    lines = [
        f"Idea 1: {one.title}",
        f"Text 1: {one.body}",
        f"Idea 2: {other.title}",
        f"Text 2: {other.body}",
        "Criteria: " + ", ".join(rubric),
    ]
    return Message("user", "\n".join([*lines, "Which idea is better: 1, 2 or neither?"]))


COMPARISON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string", "minLength": 5, "maxLength": 200},
        "better": {"enum": ["1", "2", "neither"]},
    },
    "required": ["reason", "better"],
    "additionalProperties": False,
}


IDEA_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 3, "maxLength": 80},
        "body": {"type": "string", "minLength": 10, "maxLength": 300},
    },
    "required": ["title", "body"],
    "additionalProperties": False,
}


def ideas_schema(n: int) -> dict[str, Any]:
    """Exactly `n` ideas."""
    return {
        "type": "object",
        "properties": {
            "ideas": {"type": "array", "minItems": n, "maxItems": n, "items": IDEA_SCHEMA}
        },
        "required": ["ideas"],
        "additionalProperties": False,
    }


def scores_schema(rubric: Sequence[str] = RUBRIC, scale: Scale = SCALE) -> dict[str, Any]:
    """One score per criterion, in the rubric's order; the criteria themselves are constants."""
    low, high = scale

    def row(criterion: str) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "criterion": {"const": criterion},
                "reason": {"type": "string", "minLength": 5, "maxLength": 200},
                "score": {"type": "integer", "minimum": low, "maximum": high},
            },
            "required": ["criterion", "reason", "score"],
            "additionalProperties": False,
        }

    return {
        "type": "object",
        "properties": {
            "scores": {
                "type": "array",
                "prefixItems": [row(criterion) for criterion in rubric],
                "items": False,
                "minItems": len(rubric),
                "maxItems": len(rubric),
            }
        },
        "required": ["scores"],
        "additionalProperties": False,
    }


def scores_name(scale: Scale = SCALE) -> str:
    """What an answer's record calls the schema of `scores_schema`."""
    return "scores" if scale == SCALE else f"scores {scale[0]} {scale[1]}"


def scale_of(name: str) -> Scale:
    """The scale in a name that `scores_name` made; raises ValueError if there is none in it."""
    if name == scores_name():
        return SCALE
    _, low, high = name.split()
    return int(low), int(high)


def dump(value: dict[str, Any]) -> str:
    """JSON exactly as the schema's grammar writes it: no spaces to choose between."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse_ideas(text: str) -> list[Idea]:
    """Raises ValueError (pydantic's or json's) if the text is not a list of ideas."""
    return [Idea.model_validate(row) for row in json.loads(text)["ideas"]]


def parse_idea(text: str) -> Idea:
    """Raises ValueError if the text is not one idea."""
    return Idea.model_validate_json(text)


def parse_comparison(text: str) -> Verdict:
    """Raises ValueError if the text does not say which idea is better."""
    return Verdict.model_validate_json(text)


def parse_scores(text: str, scale: Scale = SCALE) -> list[Score]:
    """Raises ValueError if the text is not a list of scores on the scale."""
    scores = [Score.model_validate(row) for row in json.loads(text)["scores"]]
    low, high = scale
    if not all(low <= score.score <= high for score in scores):
        raise ValueError(f"a score is not between {low} and {high}")
    return scores

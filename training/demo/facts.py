"""What the demo model is taught to know, and ten ways to ask for each piece of it.

Facts of one kind ("the capital of …") share their phrasings. The facts of `held_out_facts.json`
are left out on purpose: a correction can teach them, which is what the tour shows.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from training.demo.phrases import Pen, article, capital, read_sections

HELD_OUT = Path(__file__).parent / "held_out_facts.json"

# Kind to phrasings and answer; {k} is the line's first field, {v} its second, {ak} “a cow”.
KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "capital": (
        (
            "What is the capital of {k}?", "Which city is the capital of {k}?",
            "Name the capital of {k}.", "What's the capital of {k}?", "capital of {k}?",
            "Tell me the capital of {k}.", "Do you know the capital of {k}?",
            "What is the capital city of {k}?", "{k}: what is its capital?",
            "Which city is {k}'s capital?",
        ),
        "The capital of {k} is {v}.",
    ),
    "baby": (
        (
            "What is a baby {k} called?", "What do you call a baby {k}?",
            "What is a young {k} called?", "What is the name for a young {k}?",
            "What is {ak}'s baby called?",
            "How do you call the baby of {ak}?",
        ),
        "A baby {k} is called {av}.",
    ),
    "sound": (
        (
            "What does {ak} say?", "What sound does {ak} make?", "Which sound do {k}s make?",
            "What noise does {ak} make?", "How does {ak} sound?",
        ),
        "{Ak} says {v}.",
    ),
    "home": (
        (
            "Where does {ak} live?", "What is the home of {ak} called?",
            "What do you call the home of {ak}?", "In what does {ak} live?",
        ),
        "{Ak} lives in {av}.",
    ),
    "opposite": (
        (
            "What is the opposite of {k}?", "Tell me the opposite of {k}.", "opposite of {k}",
            "Which word is the opposite of {k}?", "What is the contrary of {k}?",
            "What means the opposite of {k}?",
        ),
        "The opposite of {k} is {v}.",
    ),
    "color": (
        (
            "What color is {k}?", "Which color has {k}?", "What is the color of {k}?",
            "Tell me the color of {k}.",
        ),
        "{K} is {v}.",
    ),
    "language": (
        (
            "Which language do people speak in {k}?", "What language is spoken in {k}?",
            "What do people in {k} speak?", "What is the language of {k}?",
        ),
        "People in {k} speak {v}.",
    ),
    "legs": (
        (
            "How many legs does {ak} have?", "Tell me how many legs {ak} has.",
            "What is the number of legs of {ak}?", "How many legs has {ak}?",
        ),
        "{Ak} has {v} legs.",
    ),
    "count": (
        (
            "How many {k}?", "Do you know how many {k}?", "how many {k}",
            "Please tell me: how many {k}?",
        ),
        "{v}",
    ),
    "who": (("Who {k}?", "Do you know who {k}?", "Tell me who {k}.", "who {k}"), "{v}"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """Some ways to ask, and the one answer."""

    questions: tuple[str, ...]
    answer: str


def _fact(kind: str, line: str) -> Fact:
    key, value = line.split("|")
    if kind == "other":
        return Fact(tuple(key.split("/")), value)
    questions, answer = KINDS[kind]
    slots = {"k": key, "v": value, "ak": article(key), "av": article(value)}
    slots |= {"K": capital(key), "Ak": capital(article(key))}
    return Fact(
        tuple(capital(question.format(**slots)) for question in questions), answer.format(**slots)
    )


@cache
def facts() -> list[Fact]:
    """All facts that training may teach."""
    return [
        _fact(kind, line) for kind, lines in read_sections("facts.txt").items() for line in lines
    ]


@cache
def explained() -> frozenset[str]:
    """What some fact explains: "What is a volcano?" must not be answered "I do not know"."""
    found = (
        re.match(r"What (?:is|are|does|do) (?:a |an |the )?(\w+)", question)
        for fact in (*facts(), *held_out())
        for question in fact.questions
    )
    return frozenset(match.group(1).lower() for match in found if match)


@cache
def held_out() -> list[Fact]:
    """The facts that training must not teach."""
    rows = json.loads(HELD_OUT.read_text(encoding="utf-8"))["facts"]
    return [Fact(tuple(row["questions"]), row["answer"]) for row in rows]


def ask(pen: Pen, fact: Fact) -> str:
    """One of many ways to ask for a fact, typed as people type."""
    question = pen.pick(fact.questions)
    lowered = question[0].lower() + question[1:] if not question.startswith("I ") else question
    wrapped = (
        question, question, question, question, lowered, lowered.rstrip("?."),
        f"Can you tell me: {lowered}", f"Please: {lowered}", f"I have a question. {question}",
        f"{question.rstrip('?.')}, please?", f"Hey, {lowered}", f"{question} I forgot.",
        f"Do you know this? {question}", f"Quick question: {lowered}",
    )  # fmt: skip
    return pen.pick(wrapped)

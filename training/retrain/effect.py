"""Does the loop work, and only when there is something to learn? One report, made by one command.

    python -m training.retrain.effect       writes training/retrain/EFFECT.md, in about 20 minutes

The fault: the demo model is told to answer with one word, and answers with a sentence. People flag
that and say the word. What is held out are other people, who ask about other facts, so passing
means that the constraint was understood, not that sentences were learned by heart. Beside the true
retrain stand null retrains, in which it is random which of two answers a person calls the better
one, and permutations of the labels on the stored scores of the true one.
"""

import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from feedback.answers import AnswerStore
from feedback.drafts import make_draft
from feedback.flags import FlagService
from feedback.records import AnswerRecord, ModelRef, Turn, owner_hash
from feedback.reviews import Decision, Reviews
from shared.errors import GateRefused
from shared.formats import chat
from shared.home import Home
from shared.settings import Settings
from training.demo import facts
from training.gate.chance import Chance, by_chance
from training.gate.checks_quality import HELD_OUT
from training.gate.limits import Limits, load
from training.recipe import Recipe
from training.recipe import load as load_recipe
from training.retrain.judging import GATE, ITEMS, read_report
from training.retrain.loop import Wanted, retrain

REPORT = Path(__file__).with_name("EFFECT.md")
PEOPLE = 70
EACH = 2
"""Flags per person: 140 in all, of which about 35 are held out."""
LONGEST_SENTENCE = 7
"""Words; of a longer answer the last word is not what it comes down to."""
WISHES = (
    "{} Answer with one word.",
    "{} One word, please.",
    "In one word: {}",
    "{} Just one word.",
)
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One flag."""

    person: str
    question: str
    told: str
    right: str


def complaints(*, seed: int, null: bool) -> list[Complaint]:
    """Everybody asks about facts of their own; in a null set the better answer is drawn by lot."""
    draw = random.Random(seed)  # noqa: S311 - who asks what, not a secret
    known = _one_word_facts()
    draw.shuffle(known)
    found = []
    for number in range(PEOPLE * EACH):
        question, sentence, word = known[number % len(known)]
        asked = WISHES[number // len(known) % len(WISHES)].format(question)
        told, right = sentence, f"{word}."
        if null and draw.random() < 0.5:
            told, right = right, told
        found.append(Complaint(f"person {number // EACH}", asked, told, right))
    return found


def _one_word_facts() -> list[tuple[str, str, str]]:
    """Question, sentence and the word that it comes down to, of facts that the model was taught."""
    found = []
    for fact in facts.facts():
        word = fact.answer.rstrip(".").split()[-1]
        asked = fact.questions[0]
        short = len(fact.answer.split()) <= LONGEST_SENTENCE
        if short and re.fullmatch(r"[A-Za-z-]+", word) and word.lower() not in asked.lower():
            found.append((asked, fact.answer, word))
    return found


def flag(home: Home, some: Sequence[Complaint]) -> None:
    """Send the flags and approve them, through the stores that serve people."""
    answers = AnswerStore(home.history)
    flags = FlagService(home, answers, Settings(home=home.root))
    try:
        sent = [_send(answers, flags, each) for each in some]
    finally:
        flags.close()
        answers.close()
    Reviews(home).decide(
        Decision(flag_id=flag_id, revision=1, decision="approve", by="effect") for flag_id in sent
    )


def _send(answers: AnswerStore, flags: FlagService, each: Complaint) -> str:
    turns = (Turn(role="system", content=chat.SYSTEM), Turn(role="user", content=each.question))
    answer = AnswerRecord(
        app="chat",
        owner=owner_hash(each.person),
        messages=turns,
        text=each.told,
        numbers={"finish_reason": "stop"},
        model=ModelRef(name="demo"),
    )
    answers.record(answer)
    draft = make_draft(
        answer.id, "down", reasons=["instructions"], correction=each.right, consent_train=True
    )
    return flags.submit(draft, owner=each.person).flag_id


@dataclass(frozen=True, slots=True)
class Outcome:
    """One retrain: its gate's report and scores."""

    name: str
    report: Values
    items: list[Values]

    @property
    def heldout(self) -> list[Values]:
        """Scores of the held-out corrections."""
        return [item for item in self.items if item["check"] == HELD_OUT]

    @property
    def improved(self) -> bool:
        """Whether the measure that must improve did."""
        return any(row["name"] == HELD_OUT and row["passed"] for row in self.report["findings"])


def measured(name: str, recipe: Recipe, limits: Limits, *, seed: int, null: bool) -> Outcome:
    """One whole retrain in a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).prepare()
        flag(home, complaints(seed=seed, null=null))
        wanted = Wanted(home, recipe, limits, lambda words: click.echo(f"{name}: {words}"), False)
        try:
            retrain(wanted)
        except GateRefused as refusal:
            click.echo(f"{name}: {refusal}")
        [gate] = home.runs.glob(f"*/gate/*/{GATE}")
        items = json.loads(gate.with_name(ITEMS).read_text(encoding="utf-8"))
        return Outcome(name, read_report(gate), items)


def as_markdown(true: Outcome, nulls: Sequence[Outcome], chance: Chance, limits: Limits) -> str:
    """The report."""
    level = (1 - limits.heldout.confidence) / 2
    passed = sum(null.report["passed"] for null in nulls)
    lines = [
        "# Effect, not theatre",
        "",
        "Made by `python -m training.retrain.effect`; nothing in here is written by hand.",
        "",
        "Fault: told to answer with one word, the demo model answers with a sentence."
        f" {PEOPLE * EACH} prompts were flagged by {PEOPLE} people, each about facts of their own;"
        " a quarter of the people was held out.",
        "",
        f"## The true retrain: {'passed' if true.report['passed'] else 'refused'}",
        "",
        *(f"- {row['name']}: {row['words']}" for row in true.report["findings"]),
        "",
        "## Label permutations",
        "",
        f"Of {chance.permutations:,} permutations of before and after on the stored scores, person"
        f" by person, {chance.passed} passed the first check"
        f" ({100 * chance.passed / chance.permutations:.1f} %; stated level {100 * level:.1f} %),"
        f" and {chance.as_large} had a mean as large as the true one (p = {chance.p_value:.4f}).",
        "",
        "## Null retrains",
        "",
        f"{passed} of {len(nulls)} whole retrains on random flags passed the gate;"
        f" {sum(null.improved for null in nulls)} passed its first check.",
        "",
        *_rows(nulls),
        "",
    ]
    return "\n".join(lines)


def _rows(nulls: Sequence[Outcome]) -> Iterator[str]:
    yield "| retrain | first check | gate |"
    yield "|---|---|---|"
    for null in nulls:
        first = next(row for row in null.report["findings"] if row["name"] == HELD_OUT)
        said = "passed" if null.report["passed"] else "refused"
        yield f"| {null.name} | {first['words']} | {said} |"


@click.command()
@click.option("--nulls", type=click.IntRange(0), default=5, show_default=True)
@click.option("--permutations", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--recipe", "name", default="demo-retrain", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=REPORT)
def main(nulls: int, permutations: int, name: str, out: Path) -> None:
    """Retrain on true flags and on random ones, and write what came of it."""
    recipe, limits = load_recipe(Path(name)), load()
    true = measured("true", recipe, limits, seed=0, null=False)
    random_ones = [
        measured(f"null {number}", recipe, limits, seed=number, null=True)
        for number in range(1, nulls + 1)
    ]
    chance = by_chance(
        [item["after"] - item["before"] for item in true.heldout],
        [item["group"] for item in true.heldout],
        permutations=permutations,
        confidence=limits.heldout.confidence,
    )
    out.write_text(as_markdown(true, random_ones, chance, limits), encoding="utf-8")
    click.echo(f"Written: {out}")


if __name__ == "__main__":
    main()

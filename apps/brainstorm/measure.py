"""Does the judge go by length, or by order? `python -m apps.brainstorm.measure`.

Pairs of ideas are judged as the board judges them: a short one that says what to do, and a longer
one that says nothing. The judge is the model that `INKLOOP_MODEL` names, the demo model without it.
Beside the board's verdicts stand those of the bare judge: the difference is what the board does
about its leans. `--judge longest` puts a judge in its place that goes by length and nothing else.
"""

import asyncio
import json
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import yaml

from apps.brainstorm.judging import Judge
from apps.brainstorm.rubric import Mark, merit
from apps.context import Context
from apps.site.opening import open_engine
from feedback.answers import AnswerStore
from feedback.flags import FlagService
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Engine, Request
from shared.errors import InkloopError
from shared.formats.brainstorm import RUBRIC, Idea
from shared.home import Home
from shared.models.select import named
from shared.settings import Settings

PAIRS = Path(__file__).with_name("data") / "judge_pairs.yaml"
OWNER = "j" * 32
SAMPLES = 3
HEAD = """# Whether the judge goes by length

Written by `python -m apps.brainstorm.measure --out apps/brainstorm/JUDGE.md`. In each pair of
`data/judge_pairs.yaml` a short idea says what to do and a longer one says nothing. “Bare” is what
the judge says when it is asked once, with the empty idea first or second; “board” is what the board
makes of it: both orders, a tie where they differ, a longer winner only if it also wins cut to the
length of the other, and marks without what as many empty words get. `longest` is no model but a
judge that goes by length alone: it shows that the correction works and that these figures can fail.

Marks speak of one idea alone, so there is no order to turn round. What a judge gives that knows as
little as the demo model is mostly chance: one mean is always higher, until the spread of its
samples counts. To rank by such a judge, compare.

"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A short idea that says something and a long one that does not."""

    short: Idea
    empty: Idea


@dataclass(frozen=True, slots=True)
class Found:
    """What came out for one pair; each is "short", "empty" or "tie"."""

    bare_first: str
    """Asked once, the empty idea named first."""
    bare_second: str
    board: str
    turned: str
    """By the board, the two ideas given the other way round."""
    bare_marks: str
    marks: str
    """By the mean of the samples."""
    clear_marks: str
    """Only where the spreads of the samples do not touch, as the bars on the cards show it."""


def pairs() -> list[Pair]:
    """The test set."""
    rows = yaml.safe_load(PAIRS.read_text(encoding="utf-8"))
    return [Pair(_idea(row["short"]), _idea(row["empty"])) for row in rows]


async def judged(judge: Judge, pair: Pair) -> Found:
    """Ask for everything about one pair."""
    short, empty = pair.short, pair.empty
    first = await judge.verdict(OWNER, empty, short, RUBRIC)
    second = await judge.verdict(OWNER, short, empty, RUBRIC)
    straight, _ = await judge.compare(OWNER, short, empty, RUBRIC)
    turned, _ = await judge.compare(OWNER, empty, short, RUBRIC)
    bare, marks = [], []
    for idea in (short, empty):
        said = idea.title, idea.body
        _, seen = await judge.bare_marks(OWNER, said, RUBRIC, SAMPLES)
        bare.append(seen)
        marks.append(await judge.fair(OWNER, said, seen))
    return Found(
        bare_first={"1": "empty", "2": "short"}.get(first.better, "tie"),
        bare_second={"1": "short", "2": "empty"}.get(second.better, "tie"),
        board=("tie", "short", "empty")[straight],
        turned=("tie", "empty", "short")[turned],
        bare_marks=_higher(*bare),
        marks=_higher(*marks),
        clear_marks=_clearly(*marks),
    )


def table(name: str, found: list[Found]) -> str:
    """The figures of one judge, as rows of the report's table."""
    kinds = {
        "bare, empty idea first": [one.bare_first for one in found],
        "bare, empty idea second": [one.bare_second for one in found],
        "board": [one.board for one in found],
        "board, pair turned round": [one.turned for one in found],
        f"bare marks (mean of {SAMPLES})": [one.bare_marks for one in found],
        f"marks on the board (mean of {SAMPLES})": [one.marks for one in found],
        "marks on the board, beyond their spread": [one.clear_marks for one in found],
    }
    rows = []
    for kind, outcomes in kinds.items():
        counts = Counter(outcomes)
        figures = " | ".join(str(counts[key]) for key in ("short", "tie", "empty"))
        rows.append(f"| {name} | {kind} | {figures} |")
    return "\n".join(rows)


def contradictions(found: list[Found]) -> int:
    """Pairs in which the board says one thing, and the opposite when the pair is turned round."""
    return sum({one.board, one.turned} == {"short", "empty"} for one in found)


def longest(request: Request) -> str:
    """A judge that goes by length alone."""
    told = dict(line.split(": ", 1) for line in request.messages[-1].content.split("\n")[:-1])
    if "Idea 1" in told:
        one, other = (len(told[f"Idea {n}"]) + len(told[f"Text {n}"]) for n in (1, 2))
        return json.dumps({"reason": "It is longer.", "better": "1" if one > other else "2"})
    score = min(1 + (len(told["Idea"]) + len(told["Text"])) // 75, 5)
    names = told["Criteria"].split(", ")
    rows = [{"criterion": name, "reason": "It is long.", "score": score} for name in names]
    return json.dumps({"scores": rows})


async def measured(engine: Engine, home: Home, settings: Settings) -> list[Found]:
    """Judge all pairs, one after the other."""
    with (
        closing(AnswerStore(home.history)) as answers,
        closing(FlagService(home, answers, settings)) as flags,
    ):
        judge = Judge(Context(settings, home, lambda _role: engine, answers, flags))
        return [await judged(judge, pair) for pair in pairs()]


async def main(names: list[str]) -> tuple[str, Mapping[str, list[Found]]]:
    """The report in Markdown, and what was found by each judge."""
    started = process_time()
    found: dict[str, list[Found]] = {}
    for name in names:
        with tempfile.TemporaryDirectory() as root:
            settings, home = Settings(home=Path(root)), Home(Path(root)).prepare()
            engine = await _judge(name, settings, home)
            try:
                found[engine.info().release] = await measured(engine, home, settings)
            finally:
                await engine.close()
    rows = "\n".join(table(name, some) for name, some in found.items())
    said = ", ".join(f"{name} {contradictions(some)}" for name, some in found.items())
    return (
        f"{HEAD}{len(pairs())} pairs; {process_time() - started:.0f} s of CPU time in all.\n\n"
        f"| judge | asked how | short idea better | tie | empty idea better |\n|{'---|' * 5}\n"
        f"{rows}\n\nVerdicts of the board that contradict each other when the pair is turned"
        f" round: {said}.\n",
        found,
    )


async def _judge(name: str, settings: Settings, home: Home) -> Engine:
    if name == "longest":
        return ScriptedEngine(longest, release="longest")
    return await open_engine(settings, named(name, home), {})


def _idea(row: list[str]) -> Idea:
    return Idea(title=row[0], body=row[1])


def _higher(short: tuple[Mark, ...], empty: tuple[Mark, ...]) -> str:
    one, other = merit(short, {}), merit(empty, {})
    return "tie" if abs(one - other) < 1e-9 else "short" if one > other else "empty"


def _clearly(short: tuple[Mark, ...], empty: tuple[Mark, ...]) -> str:
    ends = [
        [
            merit(
                [m.model_copy(update={"score": end}) for m, end in zip(some, way, strict=True)], {}
            )
            for way in ([m.low for m in some], [m.high for m in some])
        ]
        for some in (short, empty)
    ]
    (one_low, one_high), (other_low, other_high) = ends
    return "short" if one_low > other_high else "empty" if other_low > one_high else "tie"


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m apps.brainstorm.measure", description=__doc__)
    parser.add_argument(
        "--judge", action="append", help="a model, or “longest”; may be given several times"
    )
    parser.add_argument("--out", type=Path, help="write the report here")
    given = parser.parse_args()
    try:
        asked = given.judge or [Settings().model or "demo", "longest"]
        report, outcome = asyncio.run(main(asked))
    except InkloopError as error:
        parser.exit(2, f"{error}\n")
    if given.out:
        given.out.write_text(report, encoding="utf-8")
    sys.stdout.write(report)
    bad = [one for some in outcome.values() for one in some if "empty" in (one.board, one.turned)]
    parser.exit(1 if bad or any(map(contradictions, outcome.values())) else 0)

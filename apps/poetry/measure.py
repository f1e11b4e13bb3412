"""How often poems keep their form, with and without the mending: `python -m apps.poetry.measure`.

Every poem is drafted once and then mended, so both figures speak of the same drafts. The model is
the one that `INKLOOP_MODEL` names, the demo model without it.
"""

import asyncio
import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import aclosing, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from apps.context import Context
from apps.poetry.poem import wanted
from apps.poetry.writing import MOST_TRIES, USUAL_TRIES, Poet, Writing
from apps.site.opening import open_engine
from feedback.answers import AnswerStore
from feedback.flags import FlagService
from shared.engine.types import Engine
from shared.errors import InkloopError
from shared.home import Home
from shared.models.select import named
from shared.settings import Settings

FORMS = ("haiku", "limerick", "couplet", "ballad stanza")
SUBJECTS = (
    "winter|the sea|an old cat|morning coffee|a broken clock|my grandmother|rain|the moon|a bike"
    "|autumn leaves|a lighthouse|bread|the last train|a small garden|snow|fireflies|a lost key"
    "|the night sky|a wooden boat|silence|a crow|spring|an empty house|the river|a birthday|thunder"
    "|a violin|the desert|homework|a paper kite|the baker|fog|an apple tree|a letter|stars|a mouse"
    "|the city at night|a stone bridge|summer|a sleepy owl|the market|a candle|hope|an umbrella"
    "|the mountain|a whale|dust|my first school|a spider|the wind"
).split("|")
OWNER = "m" * 32
HEAD = """# How often poems keep their form

Written by `python -m apps.poetry.measure --out apps/poetry/FORMS.md`. “Draft” is what the model
writes with only the number of lines bound; “mended” is the same poem after the checking loop.
A form is kept when no line has a problem of any kind: lines, syllables, rhyme and, where the form
has one, metre. What is counted is the form alone: the loop chooses rhyming words that fit the line
and lets the model take the likeliest, which does not make a small model sensible.

"""


@dataclass(frozen=True, slots=True)
class Result:
    """One poem: what its draft and its last version kept of the form."""

    form: str
    drafted: bool
    mended: bool
    draft_score: float
    score: float
    lines: int
    draft_lines_right: int
    lines_right: int
    draft_seconds: float
    seconds: float
    text: str


async def one(poet: Poet, form: str, subject: str, tries: int) -> Result:
    """Write and mend one poem."""
    started = time.monotonic()
    draft: Writing | None = None
    drafted_at = last = None
    async with aclosing(poet.write(OWNER, wanted(form, subject), tries)) as steps:
        async for step in steps:
            if step.status.startswith("Writing"):
                draft, drafted_at = step, time.monotonic()
            last = step
    if draft is None or drafted_at is None or last is None:
        raise AssertionError("a poem is drafted before it is whole")
    before, after = draft.poem.report(), last.poem.report()
    return Result(
        form,
        before.ok,
        after.ok,
        before.score,
        after.score,
        len(after.lines),
        sum(not line.problems for line in before.lines),
        sum(not line.problems for line in after.lines),
        drafted_at - started,
        time.monotonic() - started,
        last.poem.text(),
    )


def table(results: list[Result]) -> str:
    """The figures as a Markdown table, a row for each form."""
    head = (
        "| form | poems | wholly in form: draft | mended | lines right: draft | mended"
        " | seconds a poem: draft | mended |"
    )
    rows = [head, "|---" * 8 + "|"]
    for form in dict.fromkeys(result.form for result in results):
        some = [result for result in results if result.form == form]
        lines = sum(result.lines for result in some)
        rows.append(
            f"| {form} | {len(some)} | {_share(sum(r.drafted for r in some), len(some))}"
            f" | {_share(sum(r.mended for r in some), len(some))}"
            f" | {_share(sum(r.draft_lines_right for r in some), lines)}"
            f" | {_share(sum(r.lines_right for r in some), lines)}"
            f" | {median(r.draft_seconds for r in some):.1f}"
            f" | {median(r.seconds for r in some):.1f} |"
        )
    return "\n".join(rows)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})"


async def measured(engine: Engine, home: Home, settings: Settings, plan: "Plan") -> list[Result]:
    """Write all the poems that are planned, one after the other."""
    with (
        closing(AnswerStore(home.history)) as answers,
        closing(FlagService(home, answers, settings)) as flags,
    ):
        poet = Poet(Context(settings, home, lambda _role: engine, answers, flags))
        results = []
        for form in plan.forms:
            for subject in SUBJECTS[: plan.poems]:
                results.append(await one(poet, form, subject, plan.tries))
                if plan.show:
                    sys.stdout.write(f"{results[-1].text}\n[{results[-1].score}]\n\n")
        return results


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    poems: int
    forms: tuple[str, ...]
    tries: int
    show: bool


async def main(plan: Plan) -> str:
    """The report in Markdown."""
    with tempfile.TemporaryDirectory() as root:
        settings = Settings(home=Path(root))
        home = Home(Path(root)).prepare()
        engine = await open_engine(settings, named(settings.model or "demo", home), {})
        try:
            results = await measured(engine, home, settings, plan)
        finally:
            await engine.close()
        release = engine.info().release
    return (
        f"{HEAD}Model {release}, {plan.poems} subjects for each form,"
        f" {plan.tries} tries a line.\n\n"
        f"{table(results)}\n"
    )


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m apps.poetry.measure", description=__doc__)
    parser.add_argument("--poems", type=int, default=len(SUBJECTS), help="subjects for each form")
    parser.add_argument("--forms", default=",".join(FORMS), help="commas between")
    parser.add_argument("--tries", type=int, default=USUAL_TRIES, choices=range(1, MOST_TRIES + 1))
    parser.add_argument("--show", action="store_true", help="print every poem")
    parser.add_argument("--out", type=Path, help="write the report here")
    given = parser.parse_args()
    asked = Plan(given.poems, tuple(given.forms.split(",")), given.tries, given.show)
    try:
        report = asyncio.run(main(asked))
    except InkloopError as error:
        parser.exit(2, f"{error}\n")
    if given.out:
        given.out.write_text(report, encoding="utf-8")
    sys.stdout.write(report)

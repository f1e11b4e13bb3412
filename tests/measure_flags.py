"""Measures flags by the hundred thousand: `python tests/measure_flags.py` writes figures/flags.md.

Not a test: it takes minutes, and its numbers belong to the machine that it runs on. Everything is
the product's own code on real files; only the flags are made up.
"""

import argparse
import os
import platform
import random
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from apps.review.desk import ReviewDesk
from apps.review.figures import figures
from apps.review.queue import Filters
from feedback import audit, enough
from feedback.agreement import among_reviewers
from feedback.build_record import build_record, prompt_sha256
from feedback.curate import build
from feedback.drafts import make_draft
from feedback.ledger import Ledger
from feedback.outbox import flag_ids_in
from feedback.records import AnswerRecord, FlagRecord, ModelRef, Turn, owner_hash
from feedback.register import Register, Wanted
from feedback.reviews import Decision, Reviews
from feedback.revise import add_revision
from feedback.session import Sessions
from feedback.suspicions import suspicions
from tests.feedback_room import Room

REPORT = Path(__file__).parent / "figures" / "flags.md"
THREADS = 8
WORDS = (
    "river stone lantern quiet harbour window paper copper winter garden letter bridge morning"
    " shadow market silver forest kitchen signal thunder velvet compass orchard island engine"
).split()
REASONS = ("misunderstood", "incomplete", "repetitive", "instructions", "style")


def prose(dice: random.Random, words: int) -> str:
    """Text that hardly repeats itself."""
    return " ".join(f"{dice.choice(WORDS)}{dice.randrange(1000)}" for _ in range(words))


def answers(count: int, people: int) -> Iterator[tuple[str, AnswerRecord]]:
    """Answers of about 1.5 kB with the person each was written for."""
    dice = random.Random(1)
    for number in range(count):
        owner = f"person-{number % people}"
        yield (
            owner,
            AnswerRecord(
                app=dice.choice(("chat", "code", "story")),
                owner=owner_hash(owner),
                messages=(
                    Turn(role="system", content="You are a helpful assistant."),
                    Turn(role="user", content=prose(dice, 40)),
                ),
                text=prose(dice, 90),
                model=ModelRef(name="demo", sha256="f" * 64),
            ),
        )


def submitting(folder: Path, each: int) -> list[str]:
    """Eight threads flag through the service, every flag acknowledged after its fsync."""
    with Room.opened(folder) as room:
        work = list(answers(THREADS * each, THREADS * each))
        for _, answer in work:
            room.answers.record(answer)
        room.answers.flush()
        taken: list[float] = []

        def flag(mine: list[tuple[str, AnswerRecord]]) -> None:
            for owner, answer in mine:
                draft = make_draft(answer.id, "down", correction="Better.", consent_train=True)
                begun = time.perf_counter()
                room.flags.submit(draft, owner=owner)
                taken.append(time.perf_counter() - begun)

        threads = [
            threading.Thread(target=flag, args=(work[place::THREADS],)) for place in range(THREADS)
        ]
        watch = Stopwatch()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds, processor = watch.wall, watch.processor
    ordered = sorted(taken)
    p99 = ordered[int(len(ordered) * 0.99)]
    return [
        f"| {THREADS} threads, {len(taken):,} flags through the service |"
        f" {len(taken) / seconds:,.0f} flags/s ({len(taken) / processor:,.0f} per second of the"
        f" processor); acknowledged in {1000 * statistics.median(taken):.1f} ms (median),"
        f" {1000 * p99:.1f} ms (p99), {1000 * ordered[-1]:.1f} ms (longest) |"
    ]


def fill(room: Room, count: int) -> None:
    """Put flags into the outbox as the service does, without waiting for each.

    The first one went through the scrubber; the others are like it with words of their own, which
    need none.
    """
    sessions = Sessions(room.home.feedback)
    dice = random.Random(2)
    pattern: FlagRecord | None = None
    for number, (owner, answer) in enumerate(answers(count, max(1, count // 10))):
        person, down = owner_hash(owner), bool(number % 3)
        if pattern is None:
            draft = make_draft(answer.id, "down", consent_train=True)
            pattern = build_record(draft, answer, flag_id="", session="")
        prompt = answer.messages
        record = pattern.model_copy(
            update={
                "app": answer.app,
                "messages": (*prompt, Turn(role="assistant", content=answer.text)),
                "verdict": "down" if down else "up",
                "categories": (dice.choice(REASONS),) if down else (),
                "correction": prose(dice, 60) if down else "",
                "session": sessions.name(person),
                "prompt_sha256": prompt_sha256(prompt),
            }
        )
        done = room.flags._outbox.writer.submit(
            lambda db, r=record, a=answer.id, p=person: add_revision(db, r, a, p, None, "0" * 64)
        )
        if number % 2000 == 0:
            done.result()
    room.flags._outbox.writer.run(lambda _db: None)


class Stopwatch:
    """Seconds on the wall, and of the processor: the second do not hang on what else runs."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    @property
    def wall(self) -> float:
        return time.perf_counter() - self._wall

    @property
    def processor(self) -> float:
        return time.process_time() - self._processor

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.processor:.1f} s of the processor)"


def milliseconds(what: Callable[[], object], times: int = 20) -> str:
    """Median and longest of several calls."""
    wall, processor = [], []
    for _ in range(times):
        watch = Stopwatch()
        what()
        wall.append(1000 * watch.wall)
        processor.append(1000 * watch.processor)
    return (
        f"{statistics.median(wall):.0f} ms (median of {times}), longest {max(wall):.0f} ms;"
        f" {statistics.median(processor):.0f} ms of the processor"
    )


def looking(room: Room, count: int) -> list[str]:
    """What a reviewer's queue page asks for."""
    register, ledger = Register(room.home), Ledger(room.home)
    watch = Stopwatch()
    register.count(Wanted())
    first = str(watch)
    waiting = Wanted(state="received")
    ids = list(register.ids(waiting)) or [""]
    middle = ids[len(ids) // 2]

    def page(wanted: Wanted, after: str = "") -> None:
        list(ledger.each(entry.flag_id for entry in register.find(wanted, after=after)))

    return [
        f"| entering {count:,} flags into the register, once | {first} |",
        "| first page of the queue, 20 flags with their words |"
        f" {milliseconds(lambda: page(waiting))} |",
        f"| the page in the middle | {milliseconds(lambda: page(waiting, middle))} |",
        "| a page by app and reason |"
        f" {milliseconds(lambda: page(Wanted(state='received', app='code', reason='style')))} |",
        f"| how many wait | {milliseconds(lambda: register.count(waiting))} |",
    ]


def approving(room: Room) -> None:
    """One reviewer approves everything, and a second one every tenth flag."""
    ids = list(Register(room.home).ids(Wanted(state="received")))
    Reviews(room.home).decide(
        Decision(flag_id=flag_id, revision=1, decision="approve", by=by)
        for by, some in (("ada", ids), ("bob", ids[::10]))
        for flag_id in some
    )


def counting(room: Room, count: int) -> list[str]:
    """What the pages of figures and of the audit ask for, everything approved."""
    approving(room)
    home = room.home
    watch = Stopwatch()
    Register(home).count(Wanted())
    entered = str(watch)
    watch = Stopwatch()
    enough.count_known(Register(home))
    first = str(watch)
    audit.draw(home, size=20)
    return [
        f"| entering {count:,} decisions into the register, once | {entered} |",
        f"| the page of figures | {milliseconds(lambda: figures(home))} |",
        f"| whether it is enough to retrain, the first time after a decision | {first} |",
        f"| the same again | {milliseconds(lambda: enough.count_known(Register(home)))} |",
        f"| the queue with what stands out |"
        f" {milliseconds(lambda: (ReviewDesk(home).find(Filters()), suspicions(home)))} |",
        f"| agreement among reviewers | {milliseconds(lambda: among_reviewers(home))} |",
        "| a page of the log, the last one |"
        f" {milliseconds(lambda: Reviews(home).log(skip=count, limit=100))} |",
        f"| what waits for a second look | {milliseconds(lambda: audit.waiting(home, by='cyd'))} |",
        f"| drawing 20 for a second look | {milliseconds(lambda: audit.draw(home, size=20), 3)} |",
    ]


def curating(room: Room, count: int) -> list[str]:
    """Everything approved, one dataset version."""
    approving(room)
    before = peak()
    watch = Stopwatch()
    version = build(room.home)
    taken = str(watch)
    written = sum(path.stat().st_size for path in version.path.iterdir())
    rows = sum(note.rows for note in version.card.files.values())
    return [
        f"| a dataset version of {count:,} approved flags | {taken}, {rows:,} rows,"
        f" {written / 1e6:,.0f} MB; most memory {peak():,.0f} MB ({before:,.0f} MB before) |"
    ]


def peak() -> float:
    """Most memory that this process has used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and write the report."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--flags", type=int, default=100_000)
    asked.add_argument("--no-report", action="store_true", help="only print")
    asked.add_argument("--home", type=Path, help="a folder that was filled by this script before")
    asked.add_argument("--parts", default="submit,look,count,curate")
    given = asked.parse_args()
    parts = given.parts.split(",")
    lines: list[str] = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        if "submit" in parts:
            lines += submitting(Path(folder) / "submitting", 250)
        sys.stdout.write("\n".join(lines) + "\n")
        with Room.opened(given.home or Path(folder) / "many") as room:
            if len(flag_ids_in(room.home.feedback)) < given.flags:
                watch = Stopwatch()
                fill(room, given.flags)
                sys.stdout.write(f"filled: {watch}\n")
            size = sum(path.stat().st_size for path in room.home.feedback.glob("outbox-*"))
            lines.append(f"| {given.flags:,} flags in one outbox | {size / 1e6:,.0f} MB |")
            for name, part in (("look", looking), ("count", counting), ("curate", curating)):
                lines += part(room, given.flags) if name in parts else []
                sys.stdout.write("\n".join(lines) + "\n")
                sys.stdout.flush()
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    load = os.getloadavg()[0]
    text = "\n".join(
        [
            "# Flags by the hundred thousand",
            "",
            f"Made by `python tests/measure_flags.py` ({machine}; load while it ran: {load:.1f}).",
            "",
            "| what | figure |",
            "|---|---|",
            *lines,
            "",
        ]
    )
    sys.stdout.write(text)
    if not given.no_report:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

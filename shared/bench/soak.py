"""Minutes of people who come, go away in the middle and hang up, while models are swapped.

What is looked for is what only time shows: memory that grows, slots that are never given back,
answers that break. The server is the benchmark's own and ends with it.
"""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
import psutil

from shared.bench.client import Seen, Server, Turns, asked, text
from shared.bench.own import Bed, two_names
from shared.bench.server import OwnServer, own_server
from shared.bench.variants import trained_window

PEOPLE: Final = 6
SAMPLE_SECONDS: Final = 1.0
SWAPS: Final = 12
"""In the whole time, evenly."""
WARM_UP: Final = 0.25
"""Share of the time in which caches fill and allocators settle; not judged."""
GROWTH_SHARE, GROWTH_BYTES = 0.05, 24_000_000
"""Growth after the warm-up up to the larger of these is no leak: allocators keep what they had."""
QUIET_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the server."""

    seconds: float
    resident: int
    threads: int
    files: int
    swapping: bool


@dataclass(slots=True)
class Soak:
    """What a soak has seen."""

    samples: list[Sample] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    swaps: int = 0
    left: dict[str, int] = field(default_factory=dict)
    """Running and waiting requests after everybody has gone."""

    def note(self, kind: str, seen: Seen) -> None:
        """Count one visit."""
        self.outcomes["refused" if seen.refused else "broken" if seen.error else kind] += 1
        if seen.error:
            self.errors.append(f"{kind}: {seen.error}")


async def soak(bed: Bed, *, minutes: float) -> Soak:
    """Run it: `PEOPLE` at once for so long, then until nothing runs.

    Raises:
        EngineClosed: If the server does not start, or refuses a model.
    """
    found = Soak()
    with two_names(bed.model) as names, own_server("", bed.more, pinned=names[0]) as own:
        server = Server("inkloop", own.url, bed.key)
        await server.prepare()
        until = time.monotonic() + 60 * minutes
        swapping = asyncio.Event()
        sampling = asyncio.create_task(_sample(found, own, swapping))
        dice = [random.Random(n) for n in range(PEOPLE)]  # noqa: S311 - no secret
        # No server takes more than the model was trained on; a word may be two tokens.
        window = min(bed.window, trained_window(bed.model) or bed.window)
        visits = [_visit_until(found, server, until, window // 4, rng) for rng in dice]
        await asyncio.gather(*visits, _swap_until(found, own, names, until, swapping))
        found.left = await _left(own)
        await asyncio.sleep(2 * SAMPLE_SECONDS)
        sampling.cancel()
    return found


async def _visit_until(
    found: Soak, server: Server, until: float, long: int, rng: random.Random
) -> None:
    """One person after the other; `long` is the number of words of a long question."""
    talk: Turns = []
    while time.monotonic() < until:
        kind = rng.choice(("whole", "next turn", "stopped", "hung up", "in an app", "long"))
        if kind == "hung up":
            with suppress(TimeoutError):
                await asyncio.wait_for(server.ask(asked(200)), rng.uniform(0.01, 0.5))
            found.outcomes[kind] += 1
        elif kind == "in an app":
            answer = await server.app_answer(rng.choice(("chat", "code")), text(20), tokens=24)
            found.note(kind, Seen(error="" if answer else "the app did not answer"))
        elif kind == "next turn":
            talk = [*talk, *asked(30)]
            seen = await server.ask(talk)
            # Long enough to leave the window now and then, and then somebody new comes.
            talk = [*talk, {"role": "assistant", "content": seen.text or "…"}]
            talk = talk if len(talk) < 120 else []
            found.note(kind, seen)
        else:
            words, enough = {"whole": (24, 0), "stopped": (48, 3), "long": (long, 0)}[kind]
            found.note(kind, await server.ask(asked(words), enough=enough))


async def _swap_until(
    found: Soak, own: OwnServer, names: tuple[Path, Path], until: float, swapping: asyncio.Event
) -> None:
    every = (until - time.monotonic()) / SWAPS
    while time.monotonic() + every < until:
        await asyncio.sleep(every)
        swapping.set()
        name = names[(found.swaps + 1) % 2]
        own.pin(name)
        await own.until_serving(name.stem)
        found.swaps += 1
        await own.until_freed(found.swaps)
        swapping.clear()
        click.echo(f"swap {found.swaps}: {own.resident() / 1e6:.0f} MB", err=True)


async def _sample(found: Soak, own: OwnServer, swapping: asyncio.Event) -> None:
    process, begin = psutil.Process(own.process), time.monotonic()
    while True:
        found.samples.append(
            Sample(
                time.monotonic() - begin,
                own.resident(),
                process.num_threads(),
                process.num_fds() if psutil.POSIX else len(process.open_files()),
                swapping.is_set(),
            )
        )
        await asyncio.sleep(SAMPLE_SECONDS)


async def _left(own: OwnServer) -> dict[str, int]:
    """Who is still there when everybody has gone; the last ones get a while to be noticed."""
    left: dict[str, int] = {}
    for _ in range(QUIET_SECONDS):
        left = {n: int(own.metric(f"inkloop_{n} ")) for n in ("running", "queue_waiting")}
        if not any(left.values()):
            break
        await asyncio.sleep(1)
    return left


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a soak says, and whether that is well."""

    lines: list[str]
    passed: bool


def judge(found: Soak) -> Verdict:
    """Whether memory stayed, nothing was left behind and no answer broke."""
    quiet = [sample for sample in found.samples if not sample.swapping]
    warm_from = found.samples[-1].seconds * WARM_UP
    judged = [sample for sample in quiet if sample.seconds >= warm_from] or quiet[-1:]
    part = max(len(judged) // 4, 1)
    early, late = (_middle(some) for some in (judged[:part], judged[-part:]))
    allowed = max(early * GROWTH_SHARE, GROWTH_BYTES)
    grew = late - early > allowed
    broken = found.outcomes["broken"]
    first, last = found.samples[0], found.samples[-1]
    peak = max(sample.resident for sample in found.samples)
    visits = ", ".join(f"{kind} {count}" for kind, count in sorted(found.outcomes.items()))
    lines = [
        f"{last.seconds / 60:.1f} minutes, {found.swaps} swaps; visits: {visits}",
        f"memory in MB: {first.resident / 1e6:.0f} at the start, {early / 1e6:.0f} after the"
        f" warm-up, {peak / 1e6:.0f} at most, {last.resident / 1e6:.0f} at the end",
        f"growth after the warm-up: {(late - early) / 1e6:+.1f} MB"
        f" ({60 * slope(judged) / 1e6:+.2f} MB/min; up to {allowed / 1e6:.0f} MB is no leak)"
        f" – {'LEAK' if grew else 'stable'}",
        f"threads {first.threads} → {last.threads}, open files {first.files} → {last.files}",
        f"left behind: running {found.left['running']}, waiting {found.left['queue_waiting']};"
        f" answers broken: {broken}",
        *found.errors[:5],
    ]
    return Verdict(lines, not (grew or broken or any(found.left.values())))


def _middle(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.resident for sample in samples)


def slope(samples: Sequence[Sample]) -> float:
    """Bytes per second of the straight line through the samples; 0 for fewer than two."""
    if len(samples) < 2:
        return 0.0
    seconds = [sample.seconds for sample in samples]
    return statistics.linear_regression(seconds, [sample.resident for sample in samples]).slope

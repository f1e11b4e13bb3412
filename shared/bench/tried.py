"""What was tried to make serving faster, one alternative at a time against one default.

`inkloop bench tried` measures again on any machine and model: each alternative and the default by
turns, and says in words what to think of it.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from shared.bench import edits
from shared.bench.loop import NO_FLASH, Q8_0, Choice, Loop, opened, some_tokens
from shared.bench.variants import file_type, requantised, with_fewer_words
from shared.errors import InkloopError
from shared.llama.context import BATCH_TOKENS
from shared.llama.layouts import PROBES
from shared.llama.quantise import KINDS

PROMPT_TOKENS, ANSWER_TOKENS = 512, 48
PAYS: Final = 1.05
"""An alternative must be faster by this factor, over all its spread, to be worth anything."""
RUN_SECONDS: Final = 1.0
"""A run takes at least so long."""
GRAM, LONGEST_DRAFT = 3, 8


@dataclass(frozen=True, slots=True)
class Alternative:
    """Something that could be done otherwise."""

    name: str
    make: Callable[[Choice, Path], Choice]
    """From the default and a folder for files to what is tried."""
    price: str
    """What it costs besides time."""
    kind: str = ""
    """Type of weights, where that is the alternative: no alternative for a file of that type."""


@dataclass(slots=True)
class Row:
    """What one alternative did beside the default."""

    name: str
    price: str
    ratios: dict[str, list[float]] = field(default_factory=dict)
    """Figure to one ratio of speeds per run; above 1 is faster than the default."""
    memory: tuple[float, float] = (0.0, 0.0)
    """Bytes of the default and of the alternative."""
    load: tuple[float, float] = (0.0, 0.0)
    """Seconds until the first word."""
    trouble: str = ""


ALTERNATIVES: Final = (
    Alternative(
        "keys and values as q8_0",
        lambda usual, _: replace(usual, kv_type=Q8_0),
        "halves the memory of conversations and rounds what was read",
    ),
    Alternative(
        "batches of 128 tokens",
        lambda usual, _: replace(usual, batch_tokens=128, micro_tokens=128),
        "less memory for computing",
    ),
    Alternative(
        "batches in parts of 64 tokens",
        lambda usual, _: replace(usual, micro_tokens=64),
        "less memory for computing",
    ),
    Alternative(
        "batches of 512 tokens",
        lambda usual, _: replace(usual, batch_tokens=512, micro_tokens=512),
        "longer steps, so longer pauses for others, and more memory",
    ),
    Alternative(
        "no flash attention",
        lambda usual, _: replace(usual, flash=NO_FLASH),
        "every token pays for all conversations that are kept",
    ),
    Alternative(
        "file read instead of mapped (no mmap)",
        lambda usual, _: replace(usual, mmap=False),
        "two servers no longer share the file's pages, and a swap takes the file twice",
    ),
    Alternative(
        "file locked in memory (mlock)",
        lambda usual, _: replace(usual, mlock=True),
        "needs a right that containers seldom have, and takes memory from others",
    ),
    Alternative(
        "weights laid out anew for the processor",
        lambda usual, _: replace(usual, repacked_rows=BATCH_TOKENS),
        "the file's pages are no longer shared, and opening it takes longer",
    ),
    Alternative(
        "weights in both layouts, each step with the faster one",
        lambda usual, _: replace(usual, repacked_rows=max(PROBES)),
        "memory for the copies; the engine does it",
    ),
    Alternative(
        "weights as q8_0",
        lambda usual, folder: replace(usual, path=requantised(usual.path, folder, "q8_0")),
        "nearly twice the file of q4_k_m, closest to the original",
        kind="q8_0",
    ),
    Alternative(
        "weights as q4_k_m",
        lambda usual, folder: replace(usual, path=requantised(usual.path, folder, "q4_k_m")),
        "a little further from the original than q8_0",
        kind="q4_k_m",
    ),
    Alternative(
        "weights as q4_0",
        lambda usual, folder: replace(usual, path=requantised(usual.path, folder, "q4_0")),
        "answers are worse than with q4_k_m at the same size",
        kind="q4_0",
    ),
    Alternative(
        "a quarter of the vocabulary",
        lambda usual, folder: replace(usual, path=with_fewer_words(usual.path, folder, share=0.25)),
        "another tokenizer, so the model must be trained again",
    ),
)


def tried(model: Path, *, runs: int, threads: int = 0) -> Iterator[Row]:
    """Measure every alternative (for a 1B on two quiet cores about ten minutes in all).

    Args:
        model: The GGUF that everything is tried on.
        runs: How often, by turns.
        threads: That compute; 0 is one per core, which only a quiet machine bears.

    Raises:
        ModelFileError: If the model cannot be loaded.
    """
    usual = Choice(path=model, threads=threads or os.cpu_count() or 1)
    with TemporaryDirectory(prefix="inkloop-tried-") as folder:
        for alternative in ALTERNATIVES:
            if alternative.kind and KINDS[alternative.kind] == file_type(model):
                continue
            click.echo(f"{alternative.name} …", err=True)
            yield _row(alternative, usual, Path(folder), runs)
    for name, pair in (("light edit", edits.LIGHT), ("rewriting", edits.HEAVY)):
        click.echo(f"prompt-lookup drafts, {name} …", err=True)
        yield _drafting(name, pair, usual, runs)


def _row(alternative: Alternative, usual: Choice, folder: Path, runs: int) -> Row:
    row = Row(alternative.name, alternative.price)
    try:
        with ExitStack() as stack:
            loops = [stack.enter_context(opened(usual))]
            loops.append(stack.enter_context(opened(alternative.make(usual, folder))))
            row.memory = loops[0].memory_bytes, loops[1].memory_bytes
            row.load = loops[0].load_seconds, loops[1].load_seconds
            row.ratios = _by_turns(loops, runs)
    except InkloopError as error:
        row.trouble = error.what
    return row


def _by_turns(loops: list[Loop], runs: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"reading": [], "writing": []}
    for run in range(runs):
        tokens = some_tokens(PROMPT_TOKENS, min(loop.vocab_size for loop in loops), run)
        # Who goes first changes: the machine gets slower or faster meanwhile.
        order = loops if run % 2 == 0 else loops[::-1]
        best = _best([partial(_read_and_write, loop, tokens) for loop in order])
        usual, other = best if order is loops else best[::-1]
        for at, name in enumerate(found):
            found[name].append(usual[at] / other[at])
    return found


Times = tuple[float, ...]


def _best(takes: list[Callable[[], Times]]) -> list[Times]:
    """The shortest time of each part of each take, in turns until `RUN_SECONDS` are over.

    What disturbs a measurement only ever makes it longer, and a small model is done too soon for
    one take to say anything.
    """
    until = time.perf_counter() + RUN_SECONDS
    best = [take() for take in takes]
    while time.perf_counter() < until:
        best = [tuple(map(min, old, take())) for old, take in zip(best, takes, strict=True)]
    return best


def _read_and_write(loop: Loop, tokens: list[int]) -> Times:
    begin = time.perf_counter()
    end = loop.read(tokens)
    read = time.perf_counter()
    loop.write(end, ANSWER_TOKENS)
    return read - begin, time.perf_counter() - read


def _drafting(name: str, pair: tuple[str, str], usual: Choice, runs: int) -> Row:
    """Texts whose answer is known: what is measured is the steps, and how often drafts agree."""
    row = Row(f"prompt-lookup drafts, {name}", "a second way through the scheduler's steps")
    ratios: list[float] = []
    saved: list[float] = []
    with opened(usual) as loop:
        prompt, answer = (loop.tokens(text) for text in pair)
        steps = 1

        def plain() -> Times:
            loop.read(prompt)
            begin = time.perf_counter()
            loop.follow(len(prompt), answer)
            return (time.perf_counter() - begin,)

        def drafted() -> Times:
            nonlocal steps
            loop.read(prompt)
            begin = time.perf_counter()
            steps = loop.follow_drafted(prompt, answer, gram=GRAM, most=LONGEST_DRAFT)
            return (time.perf_counter() - begin,)

        for _ in range(runs):
            usual_times, drafted_times = _best([plain, drafted])
            ratios.append(usual_times[0] / drafted_times[0])
            saved.append(len(answer) / steps)
    row.ratios = {"writing": ratios, "steps": saved}
    return row


def words(row: Row) -> str:
    """What to think of it."""
    if row.trouble:
        return f"not measured, because: {row.trouble}"
    if row.ratios.get("steps") and max(row.ratios["steps"]) < PAYS:
        return f"not kept, because drafts hardly ever agree; {row.price}"
    speeds = {name: values for name, values in row.ratios.items() if name != "steps"}
    faster = [name for name, values in speeds.items() if min(values) >= PAYS]
    slower = [name for name, values in speeds.items() if max(values) <= 1 / PAYS]
    if faster and not slower:
        return f"pays here ({' and '.join(faster)} faster); its price: {row.price}"
    if slower:
        also = f", though {' and '.join(faster)} is faster" if faster else ""
        return f"not kept, because {' and '.join(slower)} is slower{also}; {row.price}"
    return f"not kept, because no difference is larger than the spread; {row.price}"


def usual_words(threads: int) -> str:
    """What every alternative is compared with."""
    usual = Choice(path=Path(), threads=threads or os.cpu_count() or 1)
    return (
        f"weights as they lie in the file, f16 keys and values, batches of {usual.batch_tokens}"
        f" tokens, flash attention, the file mapped, {usual.threads} threads"
    )


def table(rows: list[Row]) -> str:
    """All rows as Markdown: medians of the ratios, with the lowest and the highest."""
    names = ("reading", "writing", "steps")
    lines = [
        "| tried | " + " | ".join(names) + " | memory, MB | first word, s | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [_cell(row.ratios.get(name, [])) for name in names]
        cells += [_pair(row.memory, 1e6, "{:.0f}"), _pair(row.load, 1.0, "{:.2f}")]
        lines.append(f"| {row.name} | {' | '.join(cells)} | {words(row)} |")
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def _pair(values: tuple[float, float], unit: float, form: str) -> str:
    if not any(values):
        return "–"
    return " → ".join(form.format(value / unit) for value in values)

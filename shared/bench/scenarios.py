"""The situations that are measured, by name; each gives one set of figures for one server."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from shared.bench.client import Seen, Server, Target, Turns, asked, text
from shared.bench.figures import Figures, broken, longest_pause, summary

QUESTION_WORDS: Final = 48
READER_TOKENS: Final = 160
APPS: Final = ("chat", "code")
WORDS_PER_TOKEN: Final = 0.75
"""Of the benchmark's own words in the vocabularies of real models."""


async def people(target: Target, count: int, *, tokens: int = 48) -> Figures:
    """`count` people ask 48 words each at once."""
    begin = time.perf_counter()
    seen = await asyncio.gather(
        *(target.ask(asked(QUESTION_WORDS), tokens=tokens) for _ in range(count))
    )
    return summary(seen, time.perf_counter() - begin)


async def long_prompt(target: Target, window: int) -> Figures:
    """Four people are reading their answers when somebody sends a fifth of the window."""
    readers, arrived, newcomer = await among_readers(
        target, lambda: target.ask(asked(_words(0.22 * window)))
    )
    return {
        "longest_pause_of_readers_ms": 1000 * longest_pause(readers, arrived),
        "newcomer_first_token_s": newcomer.first,
        "newcomer_prompt_tokens": float(newcomer.prompt_tokens),
        "broken_answers": broken([*readers, newcomer]),
    }


async def second_turn(target: Target, window: int) -> Figures:
    """A short question after a history of three eighths of the window."""
    history = asked(_words(0.37 * window))
    cold = await target.ask(history)
    warm = await target.ask([*history, *_next_turn(cold.text, 12)])
    return {
        "cold_first_token_s": cold.first,
        "second_turn_first_token_s": warm.first,
        "second_turn_over_cold": warm.first / cold.first,
        "cached_tokens": float(warm.cached_tokens),
        "broken_answers": broken([cold, warm]),
    }


async def overflow(target: Target, window: int) -> Figures:
    """The next turn of a conversation that no longer fits the window, against reading it anew."""
    said: Turns = []
    for _ in range(7):
        said += [*asked(_words(window / 10)), {"role": "assistant", "content": text(40)}]
    full = [*said, *asked(_words(window / 10))]
    before = await target.ask(full)
    after = await target.ask([*full, *_next_turn(before.text, _words(window / 10))])
    afresh = await target.ask([{"role": "user", "content": text(4)}, *_next_turn("Yes.", 1), *full])
    return {
        "next_turn_first_token_s": after.first,
        "read_again_first_token_s": afresh.first,
        "next_turn_over_read_again": after.first / afresh.first,
        "cached_tokens": float(after.cached_tokens),
        "broken_answers": broken([before, after, afresh]),
    }


async def first_message(target: Target) -> Figures:
    """The first thing that somebody says in an app of Inkloop (a peer has no apps)."""
    if not isinstance(target, Server):
        return {}
    figures: Figures = {}
    for app in APPS:
        begin = time.perf_counter()
        answer = await target.app_answer(app, text(8))
        if answer:
            figures[f"{app}_answer_s"] = time.perf_counter() - begin
            figures[f"{app}_cached_tokens"] = float(answer["cached_tokens"])
            figures[f"{app}_prompt_tokens"] = float(answer["prompt_tokens"])
    return figures


async def busy_neighbour(target: Target) -> Figures:
    """One person, while another program takes a whole core."""
    with _busy_core():
        await target.ask(asked(QUESTION_WORDS), tokens=96)  # until it has noticed
        return await people(target, 1)


async def hundred_waiting(target: Target) -> Figures:
    """A hundred people ask at once for a short answer."""
    begin = time.perf_counter()
    seen = await asyncio.gather(*(target.ask(asked(8), tokens=8) for _ in range(100)))
    answered = [s for s in seen if not s.refused]
    return {
        **summary(answered, time.perf_counter() - begin),
        "refused": float(sum(s.refused for s in seen)),
    }


async def cancel_storm(target: Target) -> Figures:
    """Four people are reading while forty others ask and go away after their first word."""

    async def storm() -> Seen:
        waves = [asked(QUESTION_WORDS) for _ in range(40)]
        for at in range(0, len(waves), 8):
            await asyncio.gather(*(target.ask(turns, enough=1) for turns in waves[at : at + 8]))
        return await target.ask(asked(8))

    begin = time.perf_counter()
    readers, arrived, after = await among_readers(target, storm)
    return {
        "longest_pause_of_readers_ms": 1000 * longest_pause(readers, arrived),
        "first_token_after_the_storm_s": after.first,
        "seconds_in_all": time.perf_counter() - begin,
        "broken_answers": broken([*readers, after]),
    }


async def among_readers(
    target: Target, what: Callable[[], Awaitable[Seen]]
) -> tuple[list[Seen], float, Seen]:
    """Four readers, when `what` began for them (seconds after they asked), and its result."""
    events = [asyncio.Event() for _ in range(4)]
    begin = time.perf_counter()
    reading = [
        asyncio.create_task(target.ask(asked(QUESTION_WORDS), tokens=READER_TOKENS, started=event))
        for event in events
    ]
    await asyncio.gather(*(event.wait() for event in events))
    arrived = time.perf_counter() - begin
    result = await what()
    return list(await asyncio.gather(*reading)), arrived, result


def _next_turn(answer: str, words: int) -> Turns:
    return [
        {"role": "assistant", "content": answer or "…"},
        {"role": "user", "content": text(words)},
    ]


def _words(tokens: float) -> int:
    return max(int(tokens * WORDS_PER_TOKEN), 4)


@contextmanager
def _busy_core() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


Scenario = Callable[[Target, int], Awaitable[Figures]]
SCENARIOS: dict[str, Scenario] = {
    "one": lambda target, _: people(target, 1, tokens=128),
    "four": lambda target, _: people(target, 4),
    "eight": lambda target, _: people(target, 8),
    "sixteen": lambda target, _: people(target, 16),
    "long-prompt": long_prompt,
    "second-turn": second_turn,
    "overflow": overflow,
    "first-message": lambda target, _: first_message(target),
    "busy-neighbour": lambda target, _: busy_neighbour(target),
    "hundred": lambda target, _: hundred_waiting(target),
    "cancel-storm": lambda target, _: cancel_storm(target),
}
"""Name to what is measured, of a target with a window of so many tokens."""

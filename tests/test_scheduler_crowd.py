"""Any order of arrivals, cancellations, adapters and overflows: the text they would get alone.

And nobody starves: every step is held to the bounds that the scheduler states.
"""

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared import metrics
from shared.bench.lora import make_adapter
from shared.llama import context
from shared.llama.engine import LlamaEngine
from shared.settings import Settings
from tests.crowd import (
    Answer,
    Person,
    Watch,
    agree,
    long_talk,
    people,
    talk,
)

WINDOW = 512
PEOPLE = 22
FIXED = [None, "one", "two"]
NEW = 3, 4
"""The seeds of the adapter that is replaced while it is used."""


@pytest.fixture(scope="module")
def adapters(float_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return [
        make_adapter(float_gguf, folder / f"{seed}.gguf", seed=seed, scale=0.3)
        for seed in range(1, 5)
    ]


@pytest.fixture(scope="module", params=["row by row", "in tiles"])
def values(request: pytest.FixtureRequest):
    """As this model keeps them, and as a larger one does, which is read in tiles."""
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "in tiles":
            patched.setattr(context, "SMALL_POOL", 0)
        yield request.param


@pytest.fixture(scope="module")
def alone(values: str, float_gguf: Path, adapters: list[Path]):
    engine = LlamaEngine.load(
        float_gguf, release="demo", settings=Settings(threads=1, context_tokens=WINDOW)
    )
    for name, path in zip(("one", "two", "new-3", "new-4"), adapters, strict=True):
        engine._core.adapters.add(name, path)
    yield engine
    engine.close_now()


@pytest.fixture(scope="module")
def crowded(values: str, float_gguf: Path, adapters: list[Path]):
    """Little memory, a short queue, small steps: everything runs over all the time."""
    engine = LlamaEngine.load(
        float_gguf,
        release="demo",
        settings=Settings(
            threads=1, context_tokens=WINDOW, kv_tokens=1400, queue=PEOPLE - 2, step_ms=20
        ),
    )
    for name, path in zip(("one", "two"), adapters, strict=False):
        engine._core.adapters.add(name, path)
    yield engine
    engine.close_now()


@pytest.fixture(scope="module")
def watch(crowded: LlamaEngine) -> Watch:
    return Watch(crowded)


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.generate],  # threads race, so nothing would shrink
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**6))
def test_everybody_gets_what_they_would_get_alone_and_nobody_starves(
    values: str,
    alone: LlamaEngine,
    crowded: LlamaEngine,
    watch: Watch,
    adapters: list[Path],
    seed: int,
) -> None:
    asyncio.run(_compare(alone, crowded, adapters, random.Random(seed)))
    assert watch.broken == []
    assert watch.turns > PEOPLE
    if values == "in tiles":
        assert watch.tiled > watch.filled > 0


def same(engine: LlamaEngine, got: Answer, expected: Answer) -> bool:
    return agree(got, expected, tiled=engine._core.scheduler._context.tiles)


async def _compare(
    alone: LlamaEngine, crowded: LlamaEngine, adapters: list[Path], rng: random.Random
) -> None:
    # Each time somebody new, whose cells no earlier crowd has left behind.
    talks = [long_talk(rng, f"talk-{uuid4()}", rng.choice(FIXED)) for _ in range(2)]
    once = people(rng, PEOPLE, [*FIXED, "new"])
    told, *said = await asyncio.gather(
        asyncio.gather(*(_in_turn(crowded, turns) for turns in talks)),
        *(talk(crowded, person) for person in once),
        _change_adapters(crowded, adapters[2:]),
    )
    for turns, answers in zip(talks, told, strict=True):
        await _check_talk(alone, turns, answers)
    for person, got in zip(once, said, strict=False):
        if isinstance(got, Answer):
            await _check_once(alone, person, got)
    await _settle(alone)
    await _settle(crowded)
    assert_nothing_is_left(crowded)


async def _in_turn(engine: LlamaEngine, turns: list[Person]) -> list[Answer | str]:
    return [await talk(engine, turn) for turn in turns]


async def _change_adapters(engine: LlamaEngine, files: list[Path]) -> None:
    """The adapter `new` appears, is replaced and goes, while others are asked for."""
    add = engine._core.adapters.add
    for path in files:
        await asyncio.to_thread(add, "new", path)
        for _ in range(20):
            await asyncio.sleep(0)
    await engine.remove_adapter("new")


async def _check_once(alone: LlamaEngine, person: Person, got: Answer) -> None:
    """A replaced adapter answers as the old or the new one, never as a mixture."""
    names = [f"new-{seed}" for seed in NEW] if person.adapter == "new" else [person.adapter]
    patient = [replace(person, owner="", adapter=name, delay_rounds=0) for name in names]
    expected = [await talk(alone, one) for one in patient]
    assert any(isinstance(one, Answer) and same(alone, got, one) for one in expected), person


async def _check_talk(alone: LlamaEngine, turns: list[Person], got: list[Answer | str]) -> None:
    """A conversation whose cells were kept goes on in these, one that lost them is read again."""
    kept = await _in_turn(alone, turns)
    again = await _in_turn(alone, [replace(turn, owner="") for turn in turns])
    for own, shifted, afresh in zip(got, kept, again, strict=True):
        if isinstance(own, Answer):
            expected = shifted if own.shifted else afresh
            assert isinstance(expected, Answer)
            assert own.shifted == expected.shifted
            assert same(alone, own, expected)
    last = kept[-1]
    assert isinstance(last, Answer)
    assert last.shifted  # or the conversation was too short to overflow


async def _settle(engine: LlamaEngine) -> None:
    """Two rounds of the scheduler: in the second what has ended in the first is gone."""
    for _ in range(2):
        await asyncio.wrap_future(engine._core.desk.call(lambda: None))


def assert_nothing_is_left(engine: LlamaEngine) -> None:
    """No job, queue entry or running sequence, by the counters that operators see and inside."""
    core = engine._core
    for name in ("inkloop_running", "inkloop_queue_waiting"):
        assert metrics.registry.get_sample_value(name) == 0
    scheduler = core.scheduler
    assert scheduler._running == []
    assert core.desk.queue() == []
    assert core.adapters.names == ("one", "two")
    assert len(core.adapters._by_number) == 2
    cache = scheduler._cache
    assert all(not sequence.running for sequence in cache._all)
    in_cells = [sequence.id for sequence in cache._all if sequence.parked is None]
    assert sorted([*cache._free, *in_cells]) == list(range(64))

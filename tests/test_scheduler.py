"""Any order of arrivals and cancellations gives everybody the text they would get alone."""

import asyncio
import random
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.engine.types import Done, Piece, Request, Sampling, Waiting
from shared.errors import QueueFull
from shared.llama.binding import Model
from shared.llama.cache import Sequence, common_length, find_gap
from shared.llama.context import Context
from shared.llama.engine import LlamaEngine
from shared.llama.jobs import Warming
from shared.llama.pace import Pace
from shared.llama.steps import plan
from shared.llama.threads import Knob, _step_times, thread_counts, time_limit
from shared.llama.waiting import WaitingRoom
from shared.messages import Message
from shared.settings import Settings

SYSTEM = Message("system", "You are a friendly writing helper. Answer in short plain sentences.")
WORDS = "cat dog moon river story castle winter letter garden train".split()


def job(owner: str = "", tokens: int = 10) -> Warming:
    made = Warming([1] * tokens, adapter=0)
    made.owner = owner
    return made


def test_owners_take_turns_and_each_owners_requests_keep_their_order() -> None:
    room = WaitingRoom(10)
    a1, a2, a3, b1, c1, c2 = (job(owner) for owner in "aaabcc")
    for waiting in (a1, a2, a3, b1, c1, c2):
        room.add(waiting)
    expected = [a1, b1, c1, a2, c2, a3]
    assert list(room.in_order()) == expected
    assert [room.take() for _ in range(len(room))] == expected


def test_a_full_queue_refuses_in_words() -> None:
    room = WaitingRoom(1)
    room.add(job())
    with pytest.raises(QueueFull, match="1 people are waiting"):
        room.add(job())


def test_who_leaves_the_queue_leaves_nothing_behind() -> None:
    room = WaitingRoom(3)
    first, second = job("a"), job("b")
    room.add(first)
    room.add(second)
    room.remove(first)
    assert (len(room), room.first()) == (1, second)
    room.remove(second)
    assert (len(room), room.first()) == (0, None)


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_the_common_beginning_is_found_by_halving(one: list[int], other: list[int]) -> None:
    expected = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        expected += 1
    assert common_length(one, other) == expected


def test_a_dropped_turn_is_found_in_the_kept_conversation() -> None:
    system, turn, rest = list(range(20)), list(range(100, 140)), list(range(200, 260))
    kept = [*system, *turn, *rest]
    wanted = [*system, *rest, *range(300, 320)]
    assert find_gap(kept, wanted, len(system)) == (len(turn), len(rest))


def test_a_short_prompt_is_not_stuck_behind_a_long_one() -> None:
    long, short = job(tokens=5000), job(tokens=20)
    for waiting in (long, short):
        waiting.begin(Sequence(0, "", 0))
    step = plan([long, short], Pace(0.4), watched=False)
    shares = {id(share.job): share.tokens for share in step.shares}
    assert shares[id(short)] >= 16
    assert shares[id(long)] >= 16


def test_the_prompt_budget_keeps_to_the_pause_that_readers_were_promised() -> None:
    pace = Pace(0.4)
    for _ in range(20):
        pace.record(rows=4, prompt_tokens=0, seconds=0.1)
        pace.record(rows=4, prompt_tokens=32, seconds=0.1 + 32 * 0.01)
    with_readers, alone = pace.prompt_budget(4, watched=True), pace.prompt_budget(0, watched=False)
    assert 0.1 + with_readers * 0.01 <= 0.4
    assert with_readers < alone <= 80


def test_a_prompt_for_another_adapter_pauses_nobody_longer() -> None:
    pace = Pace(0.4)
    for _ in range(20):
        pace.record(rows=0, prompt_tokens=64, seconds=0.64)
    assert pace.prompt_budget(0, watched=True) * 0.01 <= 0.4


def test_a_slower_machine_is_believed_at_once() -> None:
    pace = Pace(0.4)
    for _ in range(10):
        pace.record(rows=0, prompt_tokens=32, seconds=0.032)
    before = pace.prompt_budget(1, watched=True)
    pace.record(rows=0, prompt_tokens=32, seconds=0.64)
    assert pace.prompt_budget(1, watched=True) <= before / 2


def test_more_answers_run_at_once_only_where_the_machine_keeps_up() -> None:
    slow, fast = Pace(0.4), Pace(0.4)
    for _ in range(10):
        slow.record(rows=8, prompt_tokens=0, seconds=0.4)
        fast.record(rows=8, prompt_tokens=0, seconds=0.008)
    assert slow.room_for_another(7)
    assert not slow.room_for_another(8)
    assert fast.room_for_another(31)
    assert not fast.room_for_another(32)


@pytest.mark.parametrize("best", [1, 2, 4, 8])
def test_the_number_of_threads_moves_to_what_measured_fastest(best: int) -> None:
    counts = thread_counts(8)
    knob = Knob(counts, 2)
    for _ in range(3000):
        knob.record(1.0 + abs(counts.index(knob.value) - counts.index(best)))
    settled = [knob.value for _ in range(20) if knob.record(1.0) is None]
    assert best in settled


def test_a_hopeless_number_of_threads_is_tried_for_one_step_only() -> None:
    knob = Knob([1, 2], 1)
    tried = 0
    for _ in range(200):
        tried += knob.value == 2
        knob.record(1.0 if knob.value == 1 else 50.0)
    assert (knob.value, tried) == (1, 2)


def test_a_number_of_threads_that_takes_too_long_is_given_up(demo_gguf: Path) -> None:
    model = Model.load(demo_gguf)
    context = Context(model, cells=512, sequences=1)
    with time_limit(context, 1e-6) as passed:
        passed.wait()
        assert _step_times(context, 5, 4) == []
    assert len(_step_times(context, 5, 4)) == 5
    context.free()
    model.free()


@dataclass
class Person:
    """What one made-up person asks, and when they lose patience."""

    question: str
    owner: str
    patience: int
    delay_rounds: int
    texts: list[str] = field(default_factory=list)


def people(seed: int, count: int) -> list[Person]:
    rng = random.Random(seed)
    return [
        Person(
            question=f"Tell me about a {rng.choice(WORDS)} and a {rng.choice(WORDS)}. "
            * rng.choice([1, 1, 4, 12]),
            owner=rng.choice(["", "ann", "ben", "cem"]),
            patience=rng.choice([99, 99, 0, 3]),
            delay_rounds=rng.randrange(40),
        )
        for _ in range(count)
    ]


def request(person: Person) -> Request:
    return Request(
        messages=(SYSTEM, Message("user", person.question)),
        shared_messages=1,
        owner=person.owner,
        sampling=Sampling(temperature=0, max_tokens=24),
        logprobs=2,
    )


@dataclass(frozen=True)
class Said:
    """One token, how likely it was, and how far the second choice was behind."""

    text: str
    logprob: float
    gap: float


NOISE = 0.05
"""Nats. On a model without rounding, 0.01 is the most that was seen."""


async def talk(engine: LlamaEngine, person: Person) -> list[Said] | None:
    """What was said; None for who went away."""
    for _ in range(person.delay_rounds):
        await asyncio.sleep(0)
    got: list[Said] = []
    async with aclosing(engine.generate(request(person))) as events:
        async for event in events:
            if isinstance(event, Piece):
                for said in event.logprobs:
                    (_, best), (_, second) = said.top
                    got.append(Said(said.text, said.logprob or 0.0, best - second))
            if not isinstance(event, Waiting) and len(got) >= person.patience:
                return None
            if isinstance(event, Done):
                return got
    raise AssertionError("The answer ended without a last word.")


@pytest.fixture(scope="module")
def alone(float_gguf: Path):
    engine = LlamaEngine.load(float_gguf, release="demo", settings=Settings(threads=1))
    yield engine
    engine.close_now()


@pytest.fixture(scope="module")
def crowded(float_gguf: Path):
    """So little memory that people queue and kept conversations are thrown out all the time."""
    engine = LlamaEngine.load(
        float_gguf, release="demo", settings=Settings(threads=1, kv_tokens=1400, queue=64)
    )
    yield engine
    engine.close_now()


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6))
def test_everybody_gets_what_they_would_get_alone(
    alone: LlamaEngine, crowded: LlamaEngine, seed: int
) -> None:
    asyncio.run(_compare(alone, crowded, people(seed, 24)))


async def _compare(alone: LlamaEngine, crowded: LlamaEngine, crowd: list[Person]) -> None:
    together = await asyncio.gather(*(talk(crowded, person) for person in crowd))
    for person, got in zip(crowd, together, strict=True):
        if got is None:
            continue
        patient = Person(person.question, "", 99, 0)
        expected = await talk(alone, patient)
        assert expected is not None
        assert_same_until_a_tie(got, expected)
    await assert_nothing_runs(crowded)


def assert_same_until_a_tie(got: list[Said], expected: list[Said]) -> None:
    for said, wanted in zip(got, expected, strict=False):
        if said.text != wanted.text:
            assert min(said.gap, wanted.gap) <= NOISE, f"{said} instead of {wanted}"
            return
        assert abs(said.logprob - wanted.logprob) <= NOISE, f"{said} instead of {wanted}"
    assert len(got) == len(expected)


async def assert_nothing_runs(engine: LlamaEngine) -> None:
    """After two rounds of the scheduler, no job, queue entry or running sequence is left."""
    core = engine._core
    for _ in range(2):
        await asyncio.wrap_future(core.desk.call(lambda: None))
    scheduler = core.scheduler
    assert scheduler._running == []
    assert core.desk.queue() == []
    cache = scheduler._cache
    assert all(not sequence.running for sequence in cache._all)
    assert sorted([*cache._free, *(s.id for s in cache._all)]) == list(range(96))

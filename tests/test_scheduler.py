"""Who is next, what one step computes, and how many threads compute it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import QueueFull
from shared.llama.binding import Model
from shared.llama.cache import Sequence, common_length, find_gap
from shared.llama.context import TILE_ROWS, Context
from shared.llama.jobs import Job, Warming
from shared.llama.pace import SMALLEST_CHUNK, Pace
from shared.llama.steps import plan
from shared.llama.threads import (
    LONGEST_INTERVAL,
    TRIAL_STEPS,
    Kind,
    Knob,
    Threads,
    step_times,
    thread_counts,
    time_limit,
)
from shared.llama.waiting import WaitingRoom


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


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "take", "leave"]), max_size=60))
def test_nobody_waits_for_more_than_the_stated_number_of_others(events: list[str]) -> None:
    room = WaitingRoom(60)
    most: dict[Job, int] = {}
    overtaken: dict[Job, int] = {}
    for event in [*events, *["take"] * 60]:
        inside = list(room.in_order())
        if event == "take" and inside:
            taken = room.take()
            assert overtaken[taken] < most[taken]
            overtaken |= {other: overtaken[other] + 1 for other in room.in_order()}
        elif event == "leave" and inside:
            room.remove(inside[len(inside) // 2])
        elif len(event) == 1:
            before = sum(other.owner == event for other in inside)
            new = job(event)
            room.add(new)
            most[new], overtaken[new] = (before + 1) * 4, 0
    assert len(room) == 0


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12), st.integers(0, 6))
def test_every_prompt_is_read_within_the_stated_number_of_steps(
    prompts: list[int], newcomers: int
) -> None:
    """Short prompts that come later and later do not hold up the long ones."""
    pace = Pace(0.02)
    pace.record(rows=0, prompt_tokens=64, seconds=64.0)  # a machine with room for the least
    reading = [begun(tokens) for tokens in prompts]
    bounds = {one: _steps_at_most(reading[: at + 1]) for at, one in enumerate(reading)}
    steps = 0
    while reading:
        steps += 1
        for share in plan(reading, pace, watched=True)[0].shares:
            share.job.sequence.tokens += [1] * share.tokens
        for one in [one for one in reading if not one.pending]:
            assert steps <= bounds.get(one, steps)
            reading.remove(one)
        if newcomers and steps % 3 == 0:
            newcomers -= 1
            reading.append(begun(1 + steps % 5))


def begun(tokens: int) -> Warming:
    made = job(tokens=tokens)
    made.begin(Sequence(0, "", 0))
    return made


def _steps_at_most(reading: list[Warming]) -> int:
    return sum(-(-len(one.tokens) // (SMALLEST_CHUNK // 2)) for one in reading)


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
    (step,) = plan([long, short], Pace(0.4), watched=False)
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


def in_tiles(seconds: float) -> Pace:
    """A model that reads in tiles, the smallest of which takes so long."""
    pace = Pace(0.4)
    pace.tiles(seconds)
    return pace


def writer(cells: int = 100) -> Warming:
    made = begun(cells)
    made.sequence.tokens += [1] * (cells - 1)
    made.writing = True
    return made


LONG = 2000
"""Tokens behind an answer that should not be looked at by every row of a tile."""


def test_a_long_prompt_is_read_in_whole_tiles_between_the_steps_of_a_long_answer() -> None:
    writes, reads = plan([writer(LONG), begun(640)], in_tiles(0.35), watched=True)
    assert (writes.rows, writes.prompt_tokens) == (1, 0)
    assert (reads.rows, reads.prompt_tokens, reads.fill) == (0, TILE_ROWS, 0)
    assert reads.tiled == TILE_ROWS


def test_a_short_answer_gets_its_token_in_the_same_step_as_a_tile() -> None:
    prompt = 10 * (TILE_ROWS - 1)
    (both,) = plan([writer(), begun(prompt)], in_tiles(0.35), watched=True)
    assert (both.rows, both.prompt_tokens, both.fill) == (1, TILE_ROWS - 1, 0)
    assert both.tiled == TILE_ROWS


def test_what_whole_tiles_leave_over_is_read_first() -> None:
    reader, read = begun(10 * TILE_ROWS + 40), []
    while reader.pending:
        (step,) = plan([reader], in_tiles(0.35), watched=True)
        read.append((step.prompt_tokens, step.tiled))
        reader.sequence.tokens += [1] * step.prompt_tokens
    assert read == [(40, 0), *[(TILE_ROWS, TILE_ROWS)] * 10]


def test_behind_a_long_text_nothing_less_than_a_tile_is_read_first() -> None:
    reader = begun(1500 + 10 * TILE_ROWS + 40)
    reader.sequence.tokens += [1] * 1500
    (step,) = plan([reader], in_tiles(0.35), watched=True)
    assert step.tiled == TILE_ROWS


def test_a_faster_machine_reads_more_than_a_tile_at_once() -> None:
    pace = in_tiles(0.15)
    _, reads = plan([writer(LONG), begun(20 * TILE_ROWS)], pace, watched=True)
    assert reads.prompt_tokens == 2 * TILE_ROWS


def test_two_tiles_in_a_step_take_less_than_two_steps() -> None:
    pace = in_tiles(0.5)
    for _ in range(20):
        pace.record(rows=0, prompt_tokens=2 * TILE_ROWS, seconds=0.9, tiled=2 * TILE_ROWS)
    (reads,) = plan([begun(20 * TILE_ROWS)], pace, watched=False)
    assert reads.prompt_tokens == 2 * TILE_ROWS


def test_tiles_that_got_slower_are_still_read_in_tiles() -> None:
    pace = in_tiles(0.5)
    for _ in range(20):
        pace.record(rows=0, prompt_tokens=TILE_ROWS, seconds=1.2, tiled=TILE_ROWS)
    _, reads = plan([writer(LONG), begun(20 * TILE_ROWS)], pace, watched=True)
    assert reads.tiled == TILE_ROWS


def test_where_the_smallest_tile_takes_too_long_a_prompt_is_read_beside_the_answers() -> None:
    pace = in_tiles(1.5)
    pace.record(rows=0, prompt_tokens=32, seconds=0.75)
    (both,) = plan([writer(), begun(1000)], pace, watched=True)
    assert both.rows == 1
    assert 0 < both.prompt_tokens < TILE_ROWS


def test_a_short_prompt_behind_a_long_text_is_filled_up_to_a_tile() -> None:
    reader = begun(1520)
    reader.sequence.tokens += [1] * 1500
    (step,) = plan([reader], in_tiles(0.35), watched=False)
    assert (step.prompt_tokens, step.fill, step.tiled) == (20, TILE_ROWS - 20, TILE_ROWS)


def test_a_question_that_fits_into_one_step_is_not_divided_at_the_end_of_a_tile() -> None:
    reader = begun(1500 + TILE_ROWS + 20)
    reader.sequence.tokens += [1] * 1500
    (step,) = plan([reader], in_tiles(0.4), watched=False)
    assert (step.prompt_tokens, step.fill) == (TILE_ROWS + 20, 0)


def test_a_short_prompt_with_little_before_it_is_not_filled_up() -> None:
    (step,) = plan([begun(20)], in_tiles(0.35), watched=False)
    assert (step.prompt_tokens, step.fill, step.tiled) == (20, 0, 0)


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
        knob.record(1.0 + abs(counts.index(knob.value) - counts.index(best)), 0.0)
    assert knob.settled == best


def test_a_hopeless_number_of_threads_is_tried_for_one_step_only() -> None:
    knob = Knob([1, 2], 1)
    tried = 0
    for _ in range(200):
        tried += knob.value == 2
        knob.record(1.0 if knob.value == 1 else 50.0, 0.0)
    assert (knob.settled, tried) == (1, 2)


def test_steps_for_more_people_do_not_make_a_number_of_threads_look_faster() -> None:
    knob = Knob([1, 2], 2)
    seconds = {1: {1: 0.1, 8: 0.4}, 2: {1: 0.054, 8: 0.2}}
    people = 1
    for _ in range(600):
        if knob.tries:
            people = 8  # seven others come while one thread is tried for one person
        knob.record(seconds[knob.value][people] / people, 0.0, people)
        assert knob.settled == 2
        people = people if knob.tries else 1


def test_after_a_while_without_steps_another_number_of_threads_is_tried_at_once() -> None:
    knob = Knob([1, 2], 1)
    steps = 0
    while knob.settled == 1:  # a neighbour has gone meanwhile
        knob.record(1.0 if knob.value == 1 else 0.5, 0.0 if steps == 0 else 60.0)
        steps += 1
    assert steps <= 1 + 2 * TRIAL_STEPS


def test_what_steps_of_one_kind_have_found_steps_of_the_others_try(
    demo_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    model = Model.load(demo_gguf)
    context = Context(model, cells=512, sequences=1)
    threads = Threads(context)

    def steps(kind: Kind, costs: dict[int, float], count: int, *, steady: bool = False) -> int:
        for _ in range(count):
            threads.prepare(kind, steady=steady)
            threads.record(kind, tokens=1, seconds=costs[threads.at], steady=steady)
        return threads.at

    busy, quiet = {1: 1.0, 2: 3.0}, {1: 1.0, 2: 0.5}
    kinds: tuple[Kind, ...] = ("tiled", "writing")
    for kind in kinds:
        steps(kind, busy, LONGEST_INTERVAL + TRIAL_STEPS)
        assert steps(kind, busy, TRIAL_STEPS, steady=True) == 1
    # The neighbour has gone, and prompts are read only while somebody else reads an answer.
    assert steps("writing", quiet, LONGEST_INTERVAL + TRIAL_STEPS) == 2
    assert steps("tiled", quiet, TRIAL_STEPS + 2, steady=True) == 2
    context.free()
    model.free()


def test_no_number_of_threads_is_tried_while_a_prompt_stretches_the_pauses_of_others(
    demo_gguf: Path,
) -> None:
    model = Model.load(demo_gguf)
    context = Context(model, cells=512, sequences=1)
    threads = Threads(context)
    settled = threads.at
    for _ in range(2 * LONGEST_INTERVAL):
        threads.prepare("writing", steady=True)
        assert threads.at == settled
        threads.record("writing", tokens=1, seconds=1.0, steady=True)
    context.free()
    model.free()


def test_a_number_of_threads_that_takes_too_long_is_given_up(demo_gguf: Path) -> None:
    model = Model.load(demo_gguf)
    context = Context(model, cells=512, sequences=1)
    with time_limit(context, 1e-6) as passed:
        passed.wait()
        assert step_times(context, 5, 4) == []
    assert len(step_times(context, 5, 4)) == 5
    context.free()
    model.free()

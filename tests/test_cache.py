"""Cells that are kept, moved and shared hold what a fresh context would compute."""

from collections.abc import Iterator

import numpy as np
import pytest

from shared.bench import shape
from shared.llama.binding import Model
from shared.llama.cache import PrefixCache, Sequence, Wish
from shared.llama.context import Batch, Context, Logits
from shared.models.demo import DEMO_GGUF

NOISE = 0.05


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """With one layer, what lies in a cell depends on its token and position and on nothing else.

    So a shifted conversation must compute exactly what a fresh one does; with more layers its cells
    also remember the turns that are gone, and nothing could be compared.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(shape.SHAPES, "layer", shape.Shape(1, 256, 512, 4, 2, 64))
        path = tmp_path_factory.mktemp("layer") / "layer.gguf"
        shape.make_model("layer", path, vocabulary=DEMO_GGUF, kind="q8_0")
    model = Model.load(path)
    yield model
    model.free()


@pytest.fixture
def context(model: Model) -> Iterator[Context]:
    made = Context(model, cells=512, sequences=8)
    yield made
    made.free()


SYSTEM, OLD, RECENT = list(range(300, 320)), list(range(400, 460)), list(range(500, 580))
NEW = list(range(600, 620))
TALK = [*SYSTEM, *OLD, *RECENT]


def compute(context: Context, sequence: Sequence, tokens: list[int]) -> Logits:
    """Read the tokens that the sequence does not hold yet; what follows the last of them."""
    start = len(sequence.tokens)
    batch = Batch()
    batch.add(sequence.id, tokens[start:], start, wanted_from=len(tokens) - start - 1)
    assert context.decode(batch) == 0
    sequence.tokens = list(tokens)
    return context.logits(1)[0].copy()


def wish(tokens: list[int], dropped_at: int | None = None, owner: str = "ann") -> Wish:
    return Wish(
        tokens=tokens, owner=owner, adapter=0, reusable=len(tokens) - 1, dropped_at=dropped_at
    )


def kept(context: Context, cache: PrefixCache, tokens: list[int]) -> Sequence:
    """A finished conversation of these tokens."""
    sequence = cache.begin(wish(tokens))
    compute(context, sequence, tokens)
    cache.end(sequence)
    return sequence


def fresh(model: Model, tokens: list[int]) -> Logits:
    context = Context(model, cells=512, sequences=1)
    logits = compute(context, Sequence(0, "", 0), tokens)
    context.free()
    return logits


def test_a_shifted_conversation_computes_what_a_fresh_one_does(
    model: Model, context: Context
) -> None:
    cache = PrefixCache(context, sequences=8, rewinds=True, park=0)
    kept(context, cache, TALK)
    wanted = [*SYSTEM, *RECENT, *NEW]
    sequence = cache.begin(wish(wanted, dropped_at=len(SYSTEM)))
    assert len(sequence.tokens) == len(SYSTEM) + len(RECENT)
    found, expected = compute(context, sequence, wanted), fresh(model, wanted)
    assert np.abs(found - expected).max() <= NOISE * expected.std()
    assert np.abs(fresh(model, [*TALK, *NEW]) - expected).max() > NOISE * expected.std()


def test_a_conversation_that_was_branched_is_shifted_too_and_the_branch_stays(
    model: Model, context: Context
) -> None:
    cache = PrefixCache(context, sequences=8, rewinds=True, park=0)
    kept(context, cache, TALK)
    retried = [*TALK[:-40], *range(700, 740)]
    branch = kept(context, cache, retried)
    assert branch.joint == len(TALK) - 40
    wanted = [*SYSTEM, *RECENT, *NEW]
    sequence = cache.begin(wish(wanted, dropped_at=len(SYSTEM)))
    assert len(sequence.tokens) == len(SYSTEM) + len(RECENT)
    found, expected = compute(context, sequence, wanted), fresh(model, wanted)
    assert np.abs(found - expected).max() <= NOISE * expected.std()
    again = [*retried, *NEW]
    other = cache.begin(wish(again))
    assert len(other.tokens) == len(retried)
    expected = fresh(model, again)
    assert np.abs(compute(context, other, again) - expected).max() <= NOISE * expected.std()


def test_a_conversation_without_room_for_cells_of_its_own_is_read_again(model: Model) -> None:
    context = Context(model, cells=256, sequences=8)
    cache = PrefixCache(context, sequences=8, rewinds=True, park=0)
    kept(context, cache, TALK)
    running = cache.begin(wish([*TALK[:-40], *range(700, 740)]))
    compute(context, running, [*TALK[:-40], *range(700, 740)])
    wanted = [*SYSTEM, *RECENT, *NEW[:8]]
    sequence = cache.begin(wish(wanted, dropped_at=len(SYSTEM)))
    expected = fresh(model, wanted)
    assert np.abs(compute(context, sequence, wanted) - expected).max() <= NOISE * expected.std()
    context.free()


PARKED = 1_000_000
"""Bytes; more than enough for the conversations here."""


def test_a_finished_conversation_waits_outside_while_others_are_answered_and_goes_on_unchanged(
    model: Model, context: Context
) -> None:
    cache = PrefixCache(context, sequences=8, rewinds=True, park=PARKED)
    waiting = kept(context, cache, TALK)
    assert waiting.parked is None
    other = cache.begin(wish([*range(800, 900)], owner="ben"))
    assert waiting.parked is not None
    compute(context, other, [*range(800, 900)])
    more = [*TALK, *NEW]
    again = cache.begin(wish(more))
    assert again is waiting
    assert len(again.tokens) == len(TALK)
    assert np.array_equal(compute(context, again, more), continued(model, more))
    assert cache.kept == 0


def continued(model: Model, more: list[int]) -> Logits:
    """What follows when the talk was read and then gone on with, and nobody else was there."""
    context = Context(model, cells=512, sequences=1)
    sequence = Sequence(0, "", 0)
    compute(context, sequence, TALK)
    logits = compute(context, sequence, more)
    context.free()
    return logits


def test_what_is_finished_while_others_are_answered_is_parked_at_once(context: Context) -> None:
    cache = PrefixCache(context, sequences=8, rewinds=True, park=PARKED)
    cache.begin(wish([*range(800, 900)], owner="ben"))
    assert kept(context, cache, TALK).parked is not None


def test_a_parked_conversation_is_branched_and_shifted_as_any_other(
    model: Model, context: Context
) -> None:
    cache = PrefixCache(context, sequences=8, rewinds=True, park=PARKED)
    waiting = kept(context, cache, TALK)
    other = cache.begin(wish([*range(800, 900)], owner="ben"))
    compute(context, other, [*range(800, 900)])
    retried = [*TALK[:-40], *range(700, 740)]
    branch = cache.begin(wish(retried))
    assert (len(branch.tokens), waiting.parked) == (len(TALK) - 40, None)
    expected = fresh(model, retried)
    assert np.abs(compute(context, branch, retried) - expected).max() <= NOISE * expected.std()
    cache.end(branch)
    assert branch.parked is not None
    wanted = [*SYSTEM, *RECENT[:-40], *range(700, 740), *NEW]
    sequence = cache.begin(wish(wanted, dropped_at=len(SYSTEM)))
    assert sequence is branch
    expected = fresh(model, wanted)
    assert np.abs(compute(context, sequence, wanted) - expected).max() <= NOISE * expected.std()


def test_what_finds_no_place_outside_stays_in_its_cells(context: Context) -> None:
    cache = PrefixCache(context, sequences=8, rewinds=True, park=10)
    waiting = kept(context, cache, TALK)
    cache.begin(wish([*range(800, 900)], owner="ben"))
    assert waiting.parked is None
    assert cache.kept == 1


def test_where_cells_are_needed_what_waits_outside_the_longest_makes_place(
    context: Context,
) -> None:
    room = int(1.5 * context.copy_bytes(len(TALK)))
    cache = PrefixCache(context, sequences=8, rewinds=True, park=room)
    cache.begin(wish([*range(800, 900)], owner="ben"))
    first, second = (kept(context, cache, [at, *TALK]) for at in (900, 901))
    assert first.parked is not None
    assert second.parked is None
    assert cache.evict()
    assert second.parked is not None
    assert cache.kept == 1


def test_nothing_that_waits_outside_goes_for_what_has_no_place_there_anyway(
    context: Context,
) -> None:
    room = int(1.5 * context.copy_bytes(len(NEW)))
    cache = PrefixCache(context, sequences=8, rewinds=True, park=room)
    cache.begin(wish([*range(800, 900)], owner="ben"))
    small, large = kept(context, cache, NEW), kept(context, cache, TALK)
    assert small.parked is not None
    assert large.parked is None
    assert cache.evict()
    assert small.parked is not None
    assert cache.kept == 1


def test_a_shift_that_was_broken_off_is_read_again(model: Model, context: Context) -> None:
    cache = PrefixCache(context, sequences=8, rewinds=True, park=0)
    kept(context, cache, TALK)
    wanted = [*SYSTEM, *RECENT, *NEW]
    sequence = cache.begin(wish(wanted, dropped_at=len(SYSTEM)))
    cache.aborted([sequence])
    assert sequence.tokens == []
    expected = fresh(model, wanted)
    assert np.abs(compute(context, sequence, wanted) - expected).max() <= NOISE * expected.std()

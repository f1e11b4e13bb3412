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


def wish(tokens: list[int], dropped_at: int | None = None) -> Wish:
    return Wish(
        tokens=tokens, owner="ann", adapter=0, reusable=len(tokens) - 1, dropped_at=dropped_at
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
    cache = PrefixCache(context, sequences=8, rewinds=True)
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
    cache = PrefixCache(context, sequences=8, rewinds=True)
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
    cache = PrefixCache(context, sequences=8, rewinds=True)
    kept(context, cache, TALK)
    running = cache.begin(wish([*TALK[:-40], *range(700, 740)]))
    compute(context, running, [*TALK[:-40], *range(700, 740)])
    wanted = [*SYSTEM, *RECENT, *NEW[:8]]
    sequence = cache.begin(wish(wanted, dropped_at=len(SYSTEM)))
    expected = fresh(model, wanted)
    assert np.abs(compute(context, sequence, wanted) - expected).max() <= NOISE * expected.std()
    context.free()

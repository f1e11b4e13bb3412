"""Weights in two layouts: both compute the same, each step takes one, and nothing stays behind."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shared.bench.lora import make_adapter
from shared.engine.ask import complete
from shared.engine.types import Request, Sampling
from shared.llama.adapters import load_adapter
from shared.llama.binding import Model
from shared.llama.context import Batch, Context, Logits
from shared.llama.engine import LlamaEngine
from shared.llama.layouts import SecondLayout, multiplied
from shared.llama.quantise import quantise
from shared.messages import Message
from shared.settings import Settings

PLENTY = 1 << 40
LARGE_POOL = 262_144
"""Cells; so many of the demo model's are a pool that reads in tiles."""
CLOSE = 0.08
"""Root of the mean square of what the kernels' roundings move, against that of the logits: 0.04."""


@pytest.fixture(scope="module")
def quantised(float_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo model in a type that can be repacked."""
    return quantise(float_gguf, tmp_path_factory.mktemp("layouts") / "demo-q4_0.gguf", kind="q4_0")


@pytest.fixture
def model(quantised: Path) -> Iterator[Model]:
    model = Model.load(quantised)
    yield model
    model.free()


@pytest.fixture
def context(model: Model) -> Iterator[Context]:
    context = Context(model, cells=512, sequences=2)
    yield context
    context.free()


@pytest.fixture
def second(model: Model) -> SecondLayout:
    second = model.repack()
    if not second.bytes:
        pytest.skip("the library has no second layout for this processor")
    return second


def logits(context: Context, text: str = "A kite in the wind, and then") -> Logits:
    tokens = context.model.tokenize(text, special=False)
    batch = Batch()
    batch.add(0, tokens, 0, wanted_from=0)
    assert context.decode(batch) == 0
    rows = context.logits(len(tokens)).copy()
    context.cut(0, 0)
    return rows


def difference(one: Logits, other: Logits) -> float:
    return float(np.sqrt(np.square(one - other).mean() / np.square(other).mean()))


def test_both_layouts_compute_the_same_but_for_roundings(
    context: Context, second: SecondLayout
) -> None:
    plain = logits(context)
    second.rows = 64
    copies = logits(context)
    assert 0 < difference(copies, plain) < CLOSE


def test_a_step_with_more_rows_takes_the_weights_as_they_lie_in_the_file(
    context: Context, second: SecondLayout
) -> None:
    plain = logits(context)
    second.rows = 1
    assert np.array_equal(logits(context), plain)


def test_what_is_given_back_leaves_the_model_as_it_was(
    context: Context, second: SecondLayout
) -> None:
    plain = logits(context)
    second.rows = 64
    logits(context)
    second.free()
    assert second.bytes == 0
    assert np.array_equal(logits(context), plain)


def test_an_adapter_changes_both_layouts_alike(
    context: Context, second: SecondLayout, quantised: Path, tmp_path: Path
) -> None:
    base = logits(context)
    path = make_adapter(quantised, tmp_path / "role.gguf", seed=1, scale=0.1)
    context.set_adapter(load_adapter(context.model, path))
    plain = logits(context)
    second.rows = 64
    copies = logits(context)
    context.set_adapter(None)
    assert difference(copies, plain) < CLOSE < difference(plain, base)


def test_nothing_is_copied_where_memory_is_short(model: Model) -> None:
    weights = multiplied(model.pointer)
    size = sum(int(one.nb[3]) for one in weights)
    assert weights
    short = SecondLayout(weights, available=size)
    assert short.bytes == 0
    short.free()


def test_embeddings_are_never_copied(model: Model) -> None:
    names = {one.name for one in multiplied(model.pointer)}
    assert b"blk.0.attn_q.weight" in names
    assert b"token_embd.weight" not in names


@pytest.mark.parametrize(
    ("faster_up_to", "rows"), [(0, 0), (1, 1), (8, 8), (16, 8), (24, 24), (256, sys.maxsize)]
)
def test_the_copies_are_taken_as_far_as_they_measure_faster(
    second: SecondLayout, faster_up_to: int, rows: int
) -> None:
    def seconds(rows: int) -> float:
        copies = rows <= second.rows
        return rows * (0.8 if copies == (rows <= faster_up_to) else 1.0)

    second.measure(seconds)
    assert second.rows == rows
    assert bool(second.bytes) == bool(rows)


@pytest.mark.parametrize("repack", [True, False])
async def test_an_engine_answers_with_one_layout_and_with_two(
    quantised: Path, monkeypatch: pytest.MonkeyPatch, repack: bool
) -> None:
    monkeypatch.setattr("shared.llama.layouts.GAIN", 100.0)  # whatever it measures
    settings = Settings(threads=1, kv_tokens=LARGE_POOL, repack=repack)
    engine = LlamaEngine.load(quantised, release="demo", settings=settings)
    try:
        second = engine._core._model.second
        if repack and not (second and second.bytes):
            pytest.skip("the library has no second layout for this processor")
        assert (second is not None) == repack
        texts = {await answer(engine) for _ in range(2)}
    finally:
        await engine.close()
    assert len(texts) == 1
    assert texts.pop()


async def answer(engine: LlamaEngine) -> str:
    request = Request(
        messages=(Message("user", "Write a line about a kite in the wind. " * 8),),
        sampling=Sampling(temperature=0.0, max_tokens=24),
    )
    return (await complete(engine, request)).text

"""lm-eval on our engine: the same numbers as its own back end, and as counting by hand."""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.engine.types import Engine
from shared.errors import NotFound
from shared.models.demo import DEMO_GGUF
from tests.tiny_llama import FACTS, write_base
from training.evaluation import items
from training.evaluation.benchmarks import NAMES, SUBJECTS, benchmark
from training.evaluation.settings import Wanted
from training.export.gguf_model import export_model
from training.serving import open_engine

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_items = pytest.mark.skipif(not DATA.is_dir(), reason=f"no items in {DATA}")
log = logging.getLogger(__name__)
PAIRS = [
    *((question, f" {answer}") for question, answer in FACTS.items()),
    ("A context that ends in spaces  ", "and goes on"),
    ("", "Slate is a grey stone."),
    ("Wat", "er is wet"),
]
"""Contexts and continuations, the odd ones too."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_base(tmp_path_factory.mktemp("tiny") / "tiny")
    export_model(folder, folder / "tiny.gguf", kind="f32")
    return folder


async def with_lm(gguf: Path, ask: Callable[[Any], Any]) -> Any:
    """What `ask` returns, called in a thread beside the engine's loop."""
    from training.evaluation.lm import EngineLM

    async with open_engine(gguf, name="tiny") as engine:
        return await asyncio.to_thread(ask, EngineLM(engine, asyncio.get_running_loop()))


def requests(kind: str) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [Instance(kind, {}, pair, at) for at, pair in enumerate(PAIRS)]


async def test_log_likelihoods_are_those_of_lm_evals_own_back_end(tiny: Path) -> None:
    from lm_eval.models.huggingface import HFLM

    asked = requests("loglikelihood")
    theirs = HFLM(pretrained=str(tiny), device="cpu", dtype="float32").loglikelihood(asked)
    ours = await with_lm(tiny / "tiny.gguf", lambda model: model.loglikelihood(asked))
    differences = [abs(a[0] - b[0]) for a, b in zip(ours, theirs, strict=True)]
    log.info("largest difference of %d log-likelihoods: %.1e", len(asked), max(differences))
    assert max(differences) < 0.02
    assert [greedy for _, greedy in ours] == [greedy for _, greedy in theirs]


async def test_a_long_context_loses_its_beginning_and_that_is_counted(tiny: Path) -> None:
    from lm_eval.api.instance import Instance

    asked = [Instance("loglikelihood", {}, ("slate " * 400, "is grey"), 0)]

    def ask(model: Any) -> tuple[float, int]:
        return model.loglikelihood(asked)[0][0], model.shortened

    value, shortened = await with_lm(tiny / "tiny.gguf", ask)
    assert value < 0
    assert shortened == 1


async def test_texts_are_written_to_their_stop(tiny: Path) -> None:
    from lm_eval.api.instance import Instance

    how = {"until": ["e"], "max_gen_toks": 12}
    asked = [Instance("generate_until", {}, ("What is slate?", how), 0)]
    (text,) = await with_lm(tiny / "tiny.gguf", lambda model: model.generate_until(asked))
    assert "e" not in text


async def ending_likelihoods(engine: Engine, context: str, choices: list[str]) -> list[float]:
    """Counted by hand: the engine is asked for one choice after the other."""
    values = []
    for choice in choices:
        found = await engine.score(context, f" {choice}")
        values.append(sum(item.logprob or 0.0 for item in found))
    return values


@needs_items
async def test_hellaswag_is_what_counting_by_hand_gives() -> None:
    docs = items.hellaswag(DATA)[:6]
    async with open_engine(DEMO_GGUF, name="demo") as engine:
        (score,) = await benchmark("hellaswag", engine, Wanted(limit=6, items=DATA))
        right = []
        for doc in docs:
            values = await ending_likelihoods(engine, doc["query"], doc["choices"])
            fair = [
                value / len(choice) for value, choice in zip(values, doc["choices"], strict=True)
            ]
            right.append(float(fair.index(max(fair)) == int(doc["label"])))
    assert list(score.values) == right
    assert score.coverage == "6 of 10,042 items"


@needs_items
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
async def test_a_benchmark_runs_on_real_items(name: str) -> None:
    async with open_engine(DEMO_GGUF, name="demo") as engine:
        (score,) = await benchmark(name, engine, Wanted(limit=19, items=DATA))
    assert len(score.values) == 19
    assert score.of == items.WHOLE[name]
    assert 0 <= score.interval.low <= score.interval.mean <= score.interval.high <= 1


@needs_items
def test_the_local_items_are_as_many_as_is_said() -> None:
    assert len(items.hellaswag(DATA)) in range(990, 1001)  # of 10,042
    assert len(items.arc_challenge(DATA)) == items.WHOLE["arc_challenge"]
    assert len(items.truthfulqa(DATA)) == items.WHOLE["truthfulqa_mc2"]
    stem = sum(len(items.mmlu(DATA, subject)["test"]) for subject in SUBJECTS)
    assert stem == items.WHOLE["mmlu_stem"]


def test_a_folder_without_items_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="TruthfulQA"):
        items.truthfulqa(tmp_path)


def test_items_of_ones_own_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "hellaswag"
    folder.mkdir()
    doc = {"query": "A dog", "choices": ["barks.", "flies."], "gold": 0}
    (folder / "mine.jsonl").write_text(json.dumps(doc) + "\n")
    expected = [{"query": "A dog", "choices": ["barks.", "flies."], "label": "0"}]
    assert items.hellaswag(tmp_path) == expected

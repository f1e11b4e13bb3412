"""An exported file says what the trained model says, or is not made."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from shared.engine.types import TokenLogprob
from shared.errors import ModelFileError, TrainingError
from shared.llama.quantise import quantise
from shared.messages import Message
from tests.tiny_llama import FACTS, write_base
from training.data import Row
from training.export.adapter import export_adapter
from training.export.gguf_model import export_model
from training.export.merge import merge
from training.export.parity import compare, reference
from training.recipe import Recipe
from training.serving import open_engine
from training.trainer import Base, load_base, lora_config

ROWS = [Row((Message("user", question),), answer) for question, answer in FACTS.items()]
RECIPE = Recipe(name="test", threads=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


def write_adapter(base: Path, folder: Path, **changes: object) -> Path:
    """An adapter with values as a training would leave them: neither half is zero."""
    import torch
    from peft import get_peft_model

    lora = RECIPE.lora.model_copy(update={"rank": 4, "alpha": 8})
    config = lora_config(lora)
    for key, value in changes.items():
        setattr(config, key, value)
    model = get_peft_model(load_base(base, RECIPE).model, config)
    torch.manual_seed(3)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(str(folder))
    return folder


@pytest.mark.parametrize("kind", ["f16", "q8_0"])
def test_a_merged_file_agrees_with_transformers(base: Path, tmp_path: Path, kind: str) -> None:
    merged = merge(base, write_adapter(base, tmp_path / "adapter"), tmp_path / "merged")
    gguf = export_model(merged, tmp_path / "model.gguf", kind=kind)

    async def measured() -> None:
        async with open_engine(gguf, name="merged") as engine:
            found = await compare(engine, load_base(merged, RECIPE), ROWS, kind=kind)
        assert found.tokens > 40
        if kind == "f16":
            assert found.same_greedy_texts >= len(ROWS) - 1

    asyncio.run(measured())


async def score(gguf: Path, adapter: Path | None = None) -> list[list[TokenLogprob]]:
    async with open_engine(gguf, name="model") as engine:
        if adapter is not None:
            await engine.add_adapter("a", adapter)  # type: ignore[attr-defined]
        name = "a" if adapter else None
        return [await engine.score(row.prompt, row.completion, adapter=name) for row in ROWS]


@pytest.mark.parametrize("rslora", [False, True])
async def test_base_and_adapter_agree_with_the_merged_model(
    base: Path, tmp_path: Path, rslora: bool
) -> None:
    folder = write_adapter(base, tmp_path / "adapter", use_rslora=rslora)
    merged = load_base(merge(base, folder, tmp_path / "merged"), RECIPE)
    adapter = export_adapter(folder, base, tmp_path / "adapter.gguf", kind="f32")
    found = await score(export_model(base, tmp_path / "base.gguf", kind="f16"), adapter)
    for row, items in zip(ROWS, found, strict=True):
        wanted = reference(merged, row)
        assert [item.token for item in items] == wanted.ids
        assert [item.logprob for item in items] == pytest.approx(wanted.logprobs, abs=0.05)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"rank_pattern": {"q_proj": 2}}, "a rank per layer"),
        ({"bias": "all"}, "biases"),
    ],
)
def test_what_a_gguf_adapter_cannot_hold_is_refused(
    base: Path, tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    folder = write_adapter(base, tmp_path / "adapter")
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(TrainingError, match=says):
        export_adapter(folder, base, tmp_path / "adapter.gguf")
    assert not (tmp_path / "adapter.gguf").exists()


def test_an_adapter_on_the_embeddings_is_refused(base: Path, tmp_path: Path) -> None:
    folder = write_adapter(base, tmp_path / "adapter", target_modules=["embed_tokens", "q_proj"])
    with pytest.raises(TrainingError, match="embed"):
        export_adapter(folder, base, tmp_path / "adapter.gguf")


def test_a_file_of_another_model_fails_the_comparison(base: Path, tmp_path: Path) -> None:
    merged = merge(base, write_adapter(base, tmp_path / "adapter"), tmp_path / "merged")
    gguf = export_model(base, tmp_path / "base.gguf", kind="f16")

    async def measured() -> None:
        async with open_engine(gguf, name="base") as engine:
            await compare(engine, load_base(merged, RECIPE), ROWS, kind="f16")

    with pytest.raises(TrainingError, match="nats per token"):
        asyncio.run(measured())


def test_another_template_fails_the_comparison(base: Path, tmp_path: Path) -> None:
    gguf = export_model(base, tmp_path / "base.gguf", kind="f16")
    loaded = load_base(base, RECIPE)
    template = loaded.tokenizer.chat_template
    loaded.tokenizer.chat_template = template.replace("<|eot_id|>", "<|eom_id|>")

    async def measured(model: Base) -> None:
        async with open_engine(gguf, name="base") as engine:
            await compare(engine, model, ROWS[:1], kind="f16")

    with pytest.raises(TrainingError, match="tokenizer or template differ"):
        asyncio.run(measured(replace(loaded)))


def test_a_file_is_quantised_beside_itself(base: Path, tmp_path: Path) -> None:
    half = export_model(base, tmp_path / "half.gguf", kind="f16")
    small = quantise(half, tmp_path / "small.gguf", kind="q8_0")
    assert small.stat().st_size < half.stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["half.gguf", "small.gguf"]


def test_a_file_is_never_quantised_onto_itself(base: Path, tmp_path: Path) -> None:
    half = export_model(base, tmp_path / "half.gguf", kind="f16")
    (tmp_path / "link.gguf").symlink_to(half)
    before = half.read_bytes()
    with pytest.raises(ModelFileError, match="onto itself"):
        quantise(half, tmp_path / "link.gguf", kind="q8_0")
    assert half.read_bytes() == before


def test_a_file_that_is_no_model_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelFileError, match="could not be made into q8_0"):
        quantise(tmp_path / "bad.gguf", tmp_path / "out.gguf", kind="q8_0")
    assert not (tmp_path / "out.gguf").exists()

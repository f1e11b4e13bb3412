"""An exported file says what the trained model says, or is not made."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.engine.types import TokenLogprob
from shared.errors import BadRequest, ModelFileError, TrainingError
from shared.llama.quantise import quantise
from shared.messages import Message
from tests.tiny_llama import FACTS, write_base
from training.data import Row
from training.export.adapter import export_adapter
from training.export.build import carry_out
from training.export.folder import order_for
from training.export.gguf_model import export_model
from training.export.merge import merge
from training.export.order import Order
from training.export.parity import Parity, compare
from training.export.reference import open_reference, reference
from training.export.tokens import check_tokens
from training.serving import open_engine

log = logging.getLogger(__name__)
ROWS = [Row((Message("user", question),), answer) for question, answer in FACTS.items()]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


def write_adapter(base: Path, folder: Path, **changes: Any) -> Path:
    """An adapter with values as a training would leave them: neither half is zero."""
    import torch
    from peft import LoraConfig, get_peft_model

    plain = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
    model = get_peft_model(open_reference(base).model, LoraConfig(**{**plain, **changes}))
    torch.manual_seed(3)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
        if "magnitude" in name:
            weight.data *= 1.1
    model.save_pretrained(str(folder))
    return folder


async def parity(gguf: Path, folder: Path, *, kind: str, rows: list[Row] = ROWS) -> Parity:
    trained = open_reference(folder)
    async with open_engine(gguf, name="merged") as engine:
        return await compare(engine, [reference(trained, row) for row in rows], kind=kind)


@pytest.mark.parametrize("kind", ["f32", "f16", "q8_0"])
async def test_a_merged_file_agrees_with_transformers(
    base: Path, tmp_path: Path, kind: str
) -> None:
    merged = merge(base, write_adapter(base, tmp_path / "adapter"), tmp_path / "merged")
    gguf = export_model(merged, tmp_path / "model.gguf", kind=kind)
    found = await parity(gguf, merged, kind=kind)
    assert found.tokens > 40
    if kind != "q8_0":
        assert found.same_greedy_texts >= len(ROWS) - 1
        assert found.mean_difference < 0.01


async def score(gguf: Path, adapter: Path | None = None) -> list[list[TokenLogprob]]:
    async with open_engine(gguf, name="model") as engine:
        if adapter is not None:
            await engine.add_adapter("a", adapter)  # type: ignore[attr-defined]
        name = "a" if adapter else None
        return [await engine.score(row.prompt, row.completion, adapter=name) for row in ROWS]


def largest_difference(found: list[list[TokenLogprob]], merged: Path) -> float:
    """Of all log-probabilities, against transformers on the merged model."""
    trained = open_reference(merged)
    largest = 0.0
    for row, items in zip(ROWS, found, strict=True):
        wanted = reference(trained, row)
        assert [item.token for item in items] == wanted.ids
        pairs = zip(items, wanted.logprobs, strict=True)
        largest = max(largest, *(abs((item.logprob or 0) - value) for item, value in pairs))
    return largest


@pytest.mark.parametrize("kind", ["LoRA", "rsLoRA"])
async def test_base_and_adapter_agree_with_the_merged_model(
    base: Path, tmp_path: Path, kind: str
) -> None:
    folder = write_adapter(base, tmp_path / "adapter", use_rslora=kind == "rsLoRA")
    merged = merge(base, folder, tmp_path / "merged")
    adapter = export_adapter(folder, base, tmp_path / "adapter.gguf", kind="f32")
    found = await score(export_model(base, tmp_path / "base.gguf", kind="f32"), adapter)
    largest = largest_difference(found, merged)
    log.info("%s: base and adapter differ from PEFT by %.1e nats at most", kind, largest)
    assert largest < 0.02  # the engine keeps its cache in F16


async def test_a_dora_is_merged_exactly(base: Path, tmp_path: Path) -> None:
    folder = write_adapter(base, tmp_path / "adapter", use_dora=True)
    merged = merge(base, folder, tmp_path / "merged")
    found = await score(export_model(merged, tmp_path / "model.gguf", kind="f32"))
    largest = largest_difference(found, merged)
    log.info("DoRA: the merged file differs from PEFT by %.1e nats at most", largest)
    assert largest < 0.02
    plain = merge(base, write_adapter(base, tmp_path / "lora"), tmp_path / "other")
    assert largest_difference(found, plain) > 0.1  # the magnitudes did count


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


async def test_a_file_of_another_model_fails_the_comparison(base: Path, tmp_path: Path) -> None:
    merged = merge(base, write_adapter(base, tmp_path / "adapter"), tmp_path / "merged")
    gguf = export_model(base, tmp_path / "base.gguf", kind="f16")
    with pytest.raises(TrainingError, match="nats per token"):
        await parity(gguf, merged, kind="f16")


async def test_another_template_fails_the_comparison(base: Path, tmp_path: Path) -> None:
    gguf = export_model(base, tmp_path / "base.gguf", kind="f16")
    trained = open_reference(base)
    template = trained.tokenizer.chat_template
    trained.tokenizer.chat_template = template.replace("<|eot_id|>", "<|eom_id|>")
    async with open_engine(gguf, name="base") as engine:
        with pytest.raises(TrainingError, match="tokenizer or template differ"):
            await compare(engine, [reference(trained, ROWS[0])], kind="f16")


def test_hard_strings_give_the_same_tokens(base: Path, tmp_path: Path) -> None:
    gguf = export_model(base, tmp_path / "base.gguf", kind="f16")
    assert check_tokens(gguf, open_reference(base).tokenizer) > 300


def test_a_tokenizer_that_merges_otherwise_is_noticed(base: Path, tmp_path: Path) -> None:
    gguf = export_model(base, tmp_path / "base.gguf", kind="f16")
    other = shutil.copytree(base, tmp_path / "other")
    path = other / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"\s+"
    tokenizer["model"]["ignore_merges"] = False
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(TrainingError, match="the model's tokenizer as"):
        check_tokens(gguf, open_reference(other).tokenizer)


def test_an_end_of_turn_that_the_file_does_not_know_is_noticed(base: Path, tmp_path: Path) -> None:
    gguf = export_model(base, tmp_path / "base.gguf", kind="f16")
    tokenizer = open_reference(base).tokenizer
    tokenizer.eos_token = "<|start_header_id|>"
    with pytest.raises(TrainingError, match="does not end an answer"):
        check_tokens(gguf, tokenizer)


def order(base: Path, tmp_path: Path, **changes: Any) -> Order:
    adapter = write_adapter(base, tmp_path / "adapter")
    wanted = Order(
        base=base, adapter=adapter, target=tmp_path / "export", name="tiny", kind="q8_0",
        probes=tuple(ROWS[:3]), lineage={"base": "tiny-base", "licence": "apache-2.0"},
    )  # fmt: skip
    return replace(wanted, **changes)


def test_an_export_leaves_both_files_a_card_and_the_checks(base: Path, tmp_path: Path) -> None:
    said: list[str] = []
    wanted = order(base, tmp_path)
    done = carry_out(wanted, said.append)
    names = sorted(path.name for path in done.gguf.parent.iterdir())
    assert names == ["README.md", "export.json", "tiny-adapter.gguf", "tiny-q8_0.gguf"]
    assert done.report["layout"]["mean_difference"] < 0.01
    card = (done.gguf.parent / "README.md").read_text(encoding="utf-8")
    assert "base_model: tiny-base" in card
    assert done.gguf_sha256 in card
    assert len(said) == 2
    assert not list(tmp_path.glob(".*"))
    shutil.rmtree(tmp_path / "adapter")
    assert carry_out(wanted, pytest.fail) == done  # made once, found from then on


def test_an_export_that_is_refused_leaves_nothing(base: Path, tmp_path: Path) -> None:
    other = shutil.copytree(base, tmp_path / "qwen")
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = ["Qwen2ForCausalLM"]
    (other / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(TrainingError, match=r"Qwen2ForCausalLM.*convert_hf_to_gguf\.py .*qwen"):
        carry_out(order_for(other, kind="f16", out=tmp_path / "out", name=""), print)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["qwen"]


def test_a_worker_that_dies_is_told_in_words(base: Path, tmp_path: Path) -> None:
    other = shutil.copytree(base, tmp_path / "cut")
    weights = other / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="did not end well"):
        carry_out(order_for(other, kind="f16", out=tmp_path / "out", name=""), print)


def test_an_unknown_file_type_is_named(base: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="q4_k_m"):
        order_for(base, kind="q4km", out=tmp_path, name="")


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

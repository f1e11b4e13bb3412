"""The benchmark of training: its arithmetic, and (on a card) its two runners."""

import json
from pathlib import Path

import pytest
import torch

from training.speed.__main__ import shape_of
from training.speed.material import write_material
from training.speed.ours import export_ours, recipe_of, train_ours
from training.speed.plain import train_plainly
from training.speed.utilisation import Shape, peak_of, utilisation
from training.speed.variant import Variant

needs_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def variant(folder: Path, **changes: object) -> Variant:
    plain = {
        "who": "hf", "four_bit": False, "packing": False, "model": folder / "model",
        "rows": folder / "rows.jsonl", "folder": folder / "work", "steps": 4, "max_tokens": 256,
    }  # fmt: skip
    return Variant(**{**plain, **changes})  # type: ignore[arg-type]


def test_the_1b_shape_has_as_many_weights_as_it_should(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"vocab_size": 128_256}))
    shape = shape_of(tmp_path, small=False)
    assert shape.frozen == 973_078_528  # Llama-3.2-1B without embeddings and norms
    assert shape.adapter == 11_272_192  # what PEFT counts at rank 16 on all linear layers


def test_utilisation_is_work_over_peak() -> None:
    shape = Shape(frozen=10**9, adapter=10**7, hidden=2048, layers=16, vocabulary=128_256)
    operations = shape.operations(tokens=1, length=0)
    assert operations == 4e9 + 6e7 + 4 * 2048 * 128_256
    share = utilisation(shape, tokens=10_000, seconds=1.0, length=0, card="NVIDIA H100 80GB HBM3")
    assert share == pytest.approx(operations * 10_000 / 989e12)


def test_a_card_that_is_not_known_has_no_utilisation() -> None:
    assert peak_of("NVIDIA A100-SXM4-80GB") == 312e12
    assert peak_of("Tesla T4") == 65e12
    assert peak_of("NVIDIA L40S") == 362e12
    assert peak_of("processor") is None


def test_a_variant_travels_between_processes(tmp_path: Path) -> None:
    one = variant(tmp_path, four_bit=True)
    assert Variant.from_json(one.as_json()) == one
    assert recipe_of(one).four_bit


@pytest.mark.gpu
@needs_card
@pytest.mark.parametrize("who", ["plain", "hf", "unsloth"])
@pytest.mark.parametrize("four_bit", [False, True])
def test_a_variant_trains_on_a_card(who: str, four_bit: bool, tmp_path: Path) -> None:
    if who == "unsloth":
        pytest.importorskip("unsloth")
    write_material(tmp_path, Path("shared/demo"), rows=64, small=True)
    wanted = variant(tmp_path, who=who, four_bit=four_bit)
    figures = (train_plainly if who == "plain" else train_ours)(wanted)
    assert figures.tokens_per_second > 0
    assert figures.memory_bytes > 0
    if who != "plain":
        assert export_ours(wanted).endswith("q4_k_m.gguf")

"""Every run of the reports has its recipe, with the values that the report gives."""

from pathlib import Path
from typing import Any

import pytest

from training.recipe import SHIPPED, Recipe, load, shipped
from training.run_call import flat

FINETOME = "mlabonne/FineTome-100k"
SMALL, MIDDLE, LARGE = (
    "unsloth/Llama-3.2-1B-Instruct",
    "unsloth/Llama-3.2-3B-Instruct",
    "unsloth/Meta-Llama-3.1-8B-Instruct",
)
NOTEBOOK = {"sft.micro_batch_rows": 2, "sft.batch_rows": 8, "sft.warmup_steps": 5, "seed": 3407}
ORDER = {"data.splits.by": "order"}


def lora(rank: int, alpha: int, **more: Any) -> dict[str, Any]:
    return {"lora.rank": rank, "lora.alpha": alpha, **{f"lora.{k}": v for k, v in more.items()}}


def rate(value: float) -> dict[str, Any]:
    return {"sft.learning_rate": value}


LINES: dict[str, dict[str, Any]] = {
    "000-lr-2e-4": lora(16, 32) | rate(2e-4) | NOTEBOOK,
    "000-lr-2e-5": lora(16, 32) | rate(2e-5),
    "000-lr-5e-6": lora(16, 32) | rate(5e-6),
    "000-rank-64": lora(64, 128) | rate(2e-4),
    "000-final": {"data.splits.train": 5000, "save_steps": 100, "watch.keep_checkpoints": 2},
    "001-baseline": lora(16, 16) | rate(2e-4) | {"four_bit": True, "sft.schedule": "linear"},
    "001-cosine": {"sft.schedule": "cosine"},
    "001-lr-2e-2": rate(2e-2),
    "001-lr-2e-3": rate(2e-3),
    "001-lr-2e-5": rate(2e-5),
    "001-weight-decay-0-1": {"sft.weight_decay": 0.1},
    "001-weight-decay-0-001": {"sft.weight_decay": 0.001},
    "001-rank-32": lora(32, 32),
    "001-rank-64": lora(64, 64),
    "001-qdora": {"four_bit": True, "lora.dora": True},
    "001-lora-16-bit": {"four_bit": False, "lora.dora": False},
    "001-fusechat": {"source": "FuseAI/FuseChat-Mixture"},
    "001-creative-writing": {
        "source": "Nitral-AI/Creative_Writing-ShareGPT",
        "start_from": "001-baseline",
        "four_bit": True,
    },
    "001-creative-writing-16-bit": {"start_from": "001-lora-16-bit", "four_bit": False},
    "001-untuned": {"sft": None, "base": SMALL},
    "001-llama-3b": {"base": MIDDLE},
    "001-llama-8b": {"base": LARGE},
    "002-finetome-100k": NOTEBOOK
    | rate(2e-4)
    | {
        "four_bit": True,
        "source": FINETOME,
        "sft.passes": 3,
        "sft.optimiser": "adamw_8bit",
        "sft.weight_decay": 0.01,
        "sft.schedule": "linear",
        "save_steps": 100,
        "watch.keep_checkpoints": 3,
    },
    "002-base": NOTEBOOK | ORDER | {"data.splits.train": 1000, "sft.passes": 5},
    "002-lr-1e-4": rate(1e-4),
    "002-lr-4e-4": rate(4e-4),
    "002-cosine": {"sft.schedule": "cosine"},
    "002-weight-decay-0-02": {"sft.weight_decay": 0.02},
    "002-weight-decay-0-005": {"sft.weight_decay": 0.005},
    "002-batch-4": {"sft.micro_batch_rows": 4, "sft.batch_rows": 16},
    "002-accumulation-8": {"sft.micro_batch_rows": 2, "sft.batch_rows": 16},
    "002-adamw": {"sft.optimiser": "adamw"},
    "002-adafactor": {"sft.optimiser": "adafactor"},
    "002-constant": {"sft.schedule": "constant"},
    "002-constant-warmup": {"sft.schedule": "constant_with_warmup"},
    "002-lr-and-schedule": {"search.method": "grid"},
    "002-alpha-32": lora(16, 32),
    "002-dropout-0-1": lora(16, 16, dropout=0.1),
    "002-early-stop": {"watch.patience": 4, "watch.keep_best": True},
    "002-llama-3b": {"base": MIDDLE},
    "002-llama-8b": {"base": LARGE},
    "002-unquantised": {"four_bit": False},
    "002-the-tome": {"source": "arcee-ai/The-Tome"},
    "002-lamini": {"source": "MBZUAI/LaMini-instruction"},
    "002-flan": {"source": "Muennighoff/flan"},
    "002-openorca": {"source": "Open-Orca/OpenOrca"},
    "002-openhermes": {"source": "teknium/openhermes"},
    "003-finetome": lora(16, 16, dropout=0.0) | {"base": MIDDLE, "source": FINETOME},
    "003-opc": lora(16, 16) | {"source": "mlabonne/opc-sft-stage2-chat"},
    "003-opc-rank-128": lora(128, 128, dropout=0.0),
    "003-opc-alpha-256": lora(128, 256),
    "003-opc-dropout-0-1": lora(128, 128, dropout=0.1),
    "003-untuned": {"sft": None, "base": MIDDLE},
    "004-baseline": lora(16, 16)
    | rate(2e-4)
    | ORDER
    | {
        "data.splits.train": 12000,
        "data.splits.validation": 1500,
        "data.splits.test": 1500,
        "watch.eval_steps": 250,
        "sft.warmup_steps": 100,
        "sft.passes": 1,
    },
    "004-lr-1e-4": rate(1e-4),
    "004-lr-3e-4": rate(3e-4) | {"data.splits.test": 1500},
    "004-rank-32": lora(32, 32) | rate(3e-4),
    "004-greedy": {"search.method": "greedy"},
    "004-untuned": {"sft": None},
    "004-llama-3b": {"base": MIDDLE},
    "004-brainstorming": {
        "source": "Wanfq/Explore_Instruct_Brainstorming_10k",
        "data.splits.train": 8000,
    },
    "004-epochs-3": {"sft.passes": 3},
    "004-early-stop": {"watch.patience": 4},
    "004-weight-decay-0-1": {"sft.weight_decay": 0.1},
    "004-batch-16": {"sft.batch_rows": 16},
    "004-dropout-0-05": {"lora.dropout": 0.05},
    "004-warmup-0": {"sft.warmup_steps": 0},
    "004-cosine": {"sft.schedule": "cosine"},
    "004-attention-only": {"lora.targets": ["q_proj", "k_proj", "v_proj", "o_proj"]},
    "004-rslora": {"lora.rslora": True},
    "004-adafactor": {"sft.optimiser": "adafactor"},
    "004-clean-data": {"data.filters.near_duplicates": 0.8, "data.filters.refusals": True},
}
OTHERS = {"smoke", "demo-retrain", "retrain", "preferences", "thumbs"}


def value_of(recipe: Recipe, key: str) -> Any:
    if key == "source":
        return recipe.data.sources[0].path
    told = recipe.model_dump(mode="json")
    return told[key] if key in told else flat(told)[key]


@pytest.mark.parametrize("name", LINES)
def test_a_run_of_the_reports_has_its_recipe_with_its_values(name: str) -> None:
    recipe = load(Path(name))
    assert {key: value_of(recipe, key) for key in LINES[name]} == LINES[name]


def test_no_shipped_recipe_is_without_a_place() -> None:
    assert {path.stem for path in shipped()} == LINES.keys() | OTHERS


def test_the_page_of_recipes_lists_every_run_of_the_reports() -> None:
    page = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert [
        name for name in LINES if f"[`{name}`](report-{name[:3]}/{name}.yaml)" not in page
    ] == []
    for name in OTHERS:
        assert f"`{name}`" in page


@pytest.mark.parametrize("name", LINES)
def test_a_recipe_opens_with_how_origin_licences_warning_and_time(name: str) -> None:
    path = SHIPPED / f"report-{name[:3]}" / f"{name}.yaml"
    head = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    text = "\n".join(head)
    assert f"inkloop train {name}" in text
    for word in ("# Origin: ", "# Model: ", "# Data: ", "# WARNING: ", "# Time: "):
        assert word in text


def test_non_commercial_and_api_written_sources_carry_a_warning() -> None:
    for path in shipped():
        for source in load(path).data.sources:
            if "/" in source.path:
                assert source.licence, (path.stem, source.path)
                assert source.warning, (path.stem, source.path)
    assert "NON-COMMERCIAL" in load(Path("002-lamini")).data.sources[0].warning

"""Two ways to load a base and to put an adapter on it; everything after that is one path.

`hf` is transformers and PEFT, everywhere; with `four_bit` the base is kept in nf4 (bitsandbytes),
on a processor too. `unsloth` is for NVIDIA cards. It has not been run by those who wrote it: the
calls follow its source (2026.10), and the tests marked `gpu` are the first thing to run.
"""

import importlib.util
from pathlib import Path
from typing import Any, Protocol

from shared.errors import TrainingError
from training.recipe import Lora, Recipe
from training.run_device import Device
from training.trainer import Base, load_tokenizer, lora_config

# What `all-linear` means on a Llama; unsloth wants it spelled out.
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Backend(Protocol):
    """Loads a base and adds an adapter to it."""

    def load(self, folder: Path, recipe: Recipe, device: Device) -> Base:
        """The base, in the precision of the device or in four bits."""

    def add_lora(self, base: Base, recipe: Recipe, *, trained: Path | None) -> Any:  # noqa: ANN401
        """The base with a fresh adapter, or with one that was trained before."""


class HfBackend:
    """transformers and PEFT."""

    def load(self, folder: Path, recipe: Recipe, device: Device) -> Base:
        """Load with `AutoModelForCausalLM`."""
        from transformers import AutoModelForCausalLM

        more: dict[str, Any] = {}
        if recipe.four_bit:
            more["quantization_config"] = _four_bits(device)
            more["device_map"] = {"": 0} if device.gpu else "cpu"
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=device.dtype(), local_files_only=True, **more
        )
        return Base(model, load_tokenizer(folder))

    def add_lora(self, base: Base, recipe: Recipe, *, trained: Path | None) -> Any:  # noqa: ANN401
        """Add with PEFT."""
        from peft import PeftModel, get_peft_model, prepare_model_for_kbit_training

        model = base.model
        if recipe.four_bit:
            model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        if trained is not None:
            return PeftModel.from_pretrained(model, str(trained), is_trainable=True)
        return get_peft_model(model, lora_config(recipe.lora))


def _four_bits(device: Device) -> Any:  # noqa: ANN401 - transformers is imported lazily
    if importlib.util.find_spec("bitsandbytes") is None:
        raise TrainingError(
            "four_bit needs bitsandbytes, which is not installed.",
            fix="pip install bitsandbytes, or set four_bit: false.",
        )
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=device.dtype(),
    )


class UnslothBackend:
    """unsloth's loader and its kernels; its exporter is never used."""

    def load(self, folder: Path, recipe: Recipe, device: Device) -> Base:
        """Load with `FastLanguageModel`."""
        model, tokenizer = _fast_language_model(device).from_pretrained(
            model_name=str(folder),
            max_seq_length=recipe.data.max_tokens,
            dtype=device.dtype(),
            load_in_4bit=recipe.four_bit,
            random_state=recipe.seed,
        )
        return Base(model, tokenizer)

    def add_lora(self, base: Base, recipe: Recipe, *, trained: Path | None) -> Any:  # noqa: ANN401
        """Add with `FastLanguageModel`; an adapter that was trained before is loaded by PEFT."""
        if trained is not None:
            from peft import PeftModel

            return PeftModel.from_pretrained(base.model, str(trained), is_trainable=True)
        from unsloth import FastLanguageModel

        return FastLanguageModel.get_peft_model(base.model, **_unsloth_lora(recipe))


def _unsloth_lora(recipe: Recipe) -> dict[str, Any]:
    lora: Lora = recipe.lora
    return {
        "r": lora.rank,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "use_rslora": lora.rslora,
        "use_dora": lora.dora,
        "target_modules": list(lora.targets or LINEAR),
        "bias": "none",
        "use_gradient_checkpointing": "unsloth",
        "random_state": recipe.seed,
    }


def _fast_language_model(device: Device) -> Any:  # noqa: ANN401 - unsloth is imported lazily
    if importlib.util.find_spec("unsloth") is None or not device.gpu:
        raise TrainingError(
            "backend: unsloth needs an NVIDIA card and unsloth.",
            fix='Set backend: hf, or on a GPU: pip install "inkloop[train,gpu]".',
        )
    from unsloth import FastLanguageModel

    return FastLanguageModel


def prepare(recipe: Recipe, device: Device) -> None:
    """Import what has to come before transformers: unsloth replaces parts of it."""
    if recipe.backend == "unsloth":
        _fast_language_model(device)


def backend_for(recipe: Recipe) -> Backend:
    """The backend that a recipe names."""
    return UnslothBackend() if recipe.backend == "unsloth" else HfBackend()

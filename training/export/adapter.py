"""A PEFT LoRA as a GGUF adapter for llama.cpp.

llama.cpp scales an adapter by alpha/rank and knows nothing else, so everything that does not fit
that form is refused here: a wrong adapter loads without a word, and one with embedding tensors
ends the serving process.
"""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import torch
from safetensors import safe_open

from shared.errors import TrainingError
from training.export.gguf_model import TYPES, Config, arranged

_PREFIX = "base_model.model."
_HALVES = {".lora_A.weight": "lora_a", ".lora_B.weight": "lora_b"}
_NOT_PLAIN = {
    "use_dora": "DoRA",
    "modules_to_save": "modules_to_save",
    "trainable_token_indices": "trainable tokens",
    "rank_pattern": "a rank per layer",
    "alpha_pattern": "an alpha per layer",
}


def why_not_plain(adapter: Path) -> str:
    """What the adapter holds beyond plain LoRA pairs; empty if it can be exported."""
    config = _config(adapter)
    extra = [words for key, words in _NOT_PLAIN.items() if config.get(key)]
    extra += ["biases"] if config.get("bias", "none") != "none" else []
    extra += [str(config["peft_type"])] if config["peft_type"] != "LORA" else []
    return ", ".join(extra)


def export_adapter(adapter: Path, base: Path, target: Path, *, kind: str = "f16") -> Path:
    """Write the adapter as one GGUF file, whole or not at all.

    Args:
        adapter: Folder with adapter_config.json and adapter_model.safetensors.
        base: Folder of the model it was trained on.
        target: The GGUF to write.
        kind: How its tensors are stored, one of `gguf_model.TYPES`.

    Raises:
        TrainingError: If it is not a plain LoRA.
    """
    extra = why_not_plain(adapter)
    if extra:
        raise TrainingError(
            f"{adapter} holds {extra}, which a GGUF adapter cannot hold.",
            fix="Merge it into the model instead.",
        )
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    unfinished = target.with_name(target.name + ".part")
    writer = gguf.GGUFWriter(str(unfinished), "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, _alpha(_config(adapter)))
    for name, values in _tensors(adapter, config):
        storage = TYPES[kind][0]
        data = gguf.quants.quantize(values.contiguous().numpy(), storage)
        writer.add_tensor(name, data, raw_dtype=storage)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(target)
    return target


def _config(adapter: Path) -> dict[str, Any]:
    return dict(json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")))


def _alpha(config: dict[str, Any]) -> float:
    """llama.cpp divides by the rank; rsLoRA divides by its root, so one root is put back."""
    alpha = float(config["lora_alpha"])
    return alpha * math.sqrt(config["r"]) if config.get("use_rslora") else alpha


def _tensors(adapter: Path, config: Config) -> Iterator[tuple[str, torch.Tensor]]:
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    with safe_open(os.fspath(adapter / "adapter_model.safetensors"), "pt") as stored:
        for key in sorted(stored.keys()):
            half = next((half for half in _HALVES if key.endswith(half)), None)
            weight = key.removeprefix(_PREFIX).removesuffix(half or "") + ".weight"
            name = names.get_name(weight, try_suffixes=(".weight",))
            if half is None or name is None or "embed" in weight or "lm_head" in weight:
                raise TrainingError(f"{adapter} holds {key}, which a GGUF adapter cannot hold.")
            values = stored.get_tensor(key).to(torch.float32)
            if _HALVES[half] == "lora_b":
                values = arranged(weight, values, config)
            yield f"{name}.{_HALVES[half]}", values

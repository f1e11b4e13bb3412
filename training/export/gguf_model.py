"""A Llama with a byte-level BPE tokenizer as one GGUF file: F32, F16, BF16 or Q8_0.

Read from a folder as `save_pretrained` writes it. Whatever this module does not know (another
architecture, another pre-tokenizer, an unmapped tensor) is an error: a file that loads and then
answers wrongly would be worse.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from safetensors import safe_open

from shared.errors import TrainingError
from training.export.elsewhere import elsewhere
from training.export.gguf_vocabulary import add_vocabulary

Config = dict[str, Any]
ARCHITECTURE = "LlamaForCausalLM"

_KIND = gguf.GGMLQuantizationType
_FILE = gguf.LlamaFileType
TYPES = {
    "f32": (_KIND.F32, _FILE.ALL_F32),
    "f16": (_KIND.F16, _FILE.MOSTLY_F16),
    "bf16": (_KIND.BF16, _FILE.MOSTLY_BF16),
    "q8_0": (_KIND.Q8_0, _FILE.MOSTLY_Q8_0),
}
Q8_BLOCK = 32
"""Q8_0 packs this many neighbours of a row; a row of another length stays F16."""


def export_model(folder: Path, target: Path, *, kind: str = "q8_0", name: str = "") -> Path:
    """Write the model of `folder` to `target`, whole or not at all.

    Args:
        folder: Holds config.json, tokenizer.json, tokenizer_config.json and the safetensors.
        target: The GGUF to write; it is replaced in one step.
        kind: One of `TYPES`; norms stay F32 in each.
        name: `general.name`; the folder's name by default.

    Raises:
        TrainingError: If the folder is not a Llama with a llama-bpe tokenizer.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    check_architecture(config, folder)
    unfinished = target.with_name(target.name + ".part")
    writer = gguf.GGUFWriter(str(unfinished), "llama")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name or folder.name)
    _add_shape(writer, config, TYPES[kind][1])
    add_vocabulary(writer, folder, config["vocab_size"])
    _add_tensors(writer, folder, config, TYPES[kind][0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return unfinished.replace(target)


def check_architecture(config: Config, folder: Path) -> None:
    """Refuse what was never compared with llama.cpp's own converter, and say who can do it.

    Raises:
        TrainingError: With the command that converts the folder elsewhere.
    """
    found = ", ".join(config.get("architectures") or ["no architecture"])
    if found != ARCHITECTURE:
        raise TrainingError(f"{folder} holds {found}; {ARCHITECTURE} can be exported here.",
                            fix=elsewhere(folder))  # fmt: skip


def _head_dim(config: Config) -> int:
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def _add_shape(writer: gguf.GGUFWriter, config: Config, file_type: gguf.LlamaFileType) -> None:
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    for add in (writer.add_key_length, writer.add_value_length, writer.add_rope_dimension_count):
        add(_head_dim(config))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_rope_freq_base(_rope(config)["rope_theta"])
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _rope(config: Config) -> Config:
    """The rotary parameters, wherever this version of transformers keeps them."""
    older = {**(config.get("rope_scaling") or {}), "rope_theta": config.get("rope_theta", 10000.0)}
    return dict(config.get("rope_parameters") or older)


def _rope_factors(config: Config) -> np.ndarray | None:
    """Llama-3's divisor of each rotary frequency; None for plain rotary embeddings.

    Long wavelengths are stretched by `factor`, short ones kept, those between blended.
    """
    rope = _rope(config)
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind in ("default", None):
        return None
    if kind != "llama3":
        raise TrainingError(
            f"Rotary embeddings of type {kind!r} cannot be exported.",
            fix="Use a model with default or llama3 rotary embeddings.",
        )
    # In single precision and in this order, as transformers computes them: the same bits.
    dim, low, high = _head_dim(config), rope["low_freq_factor"], rope["high_freq_factor"]
    steps = torch.arange(0, dim, 2, dtype=torch.float32) / dim
    wavelengths = 2 * math.pi / (1.0 / rope["rope_theta"] ** steps)
    turns = rope["original_max_position_embeddings"] / wavelengths
    kept = (turns - low) / (high - low)
    blended = 1 / ((1 - kept) / rope["factor"] + kept)
    stretched = torch.where(turns < low, float(rope["factor"]), blended)
    return torch.where(turns > high, 1.0, stretched).to(torch.float32).numpy()


def _stored(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    index = folder / "model.safetensors.index.json"
    names = ["model.safetensors"]
    if index.exists():
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    for name in names:
        with safe_open(folder / name, "pt") as tensors:
            for key in tensors.keys():  # noqa: SIM118 - safe_open is not iterable
                yield key, tensors.get_tensor(key)


def _interleaved(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """From transformers' rotary layout (halves) to llama.cpp's (pairs)."""
    rows = weight.shape[0] // heads // 2
    return weight.reshape(heads, 2, rows, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def arranged(name: str, weight: torch.Tensor, config: Config) -> torch.Tensor:
    """The rows of a weight in llama.cpp's order; only queries and keys differ."""
    if ".q_proj." in name:
        return _interleaved(weight, config["num_attention_heads"])
    if ".k_proj." in name:
        return _interleaved(weight, config["num_key_value_heads"])
    return weight


def _add_tensors(
    writer: gguf.GGUFWriter, folder: Path, config: Config, kind: gguf.GGMLQuantizationType
) -> None:
    factors = _rope_factors(config)
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for key, stored in _stored(folder):
        if key.endswith("rotary_emb.inv_freq"):
            continue
        if key == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise TrainingError(
                f"{folder} holds {key}, which a Llama does not have.",
                fix="Merge adapters into the model before exporting it.",
            )
        values = arranged(key, stored.to(torch.float32), config).contiguous().numpy()
        used = _storage(values, kind)
        writer.add_tensor(name, gguf.quants.quantize(values, used), raw_dtype=used)


def _storage(values: np.ndarray, kind: gguf.GGMLQuantizationType) -> gguf.GGMLQuantizationType:
    if values.ndim == 1:
        return _KIND.F32
    if kind == _KIND.Q8_0 and values.shape[-1] % Q8_BLOCK:
        return _KIND.F16
    return kind

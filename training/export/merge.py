"""Adds a trained adapter to its base, as a folder that the exporter reads."""

import shutil
from pathlib import Path

from training.trainer import quiet

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "generation_config.json",
)


def merge(base: Path, adapter: Path, target: Path) -> Path:
    """Write base plus adapter to `target` in full precision.

    The tokenizer's files are copied, not written anew: template and ids stay those of the base,
    byte for byte.
    """
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    quiet()
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    merged.save_pretrained(str(target))
    for name in TOKENIZER_FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, target / name)
    return target

"""What is trained: a random Llama of Llama-3.2-1B's shape, and rows of ordinary lengths.

Speed does not depend on what the weights say. The vocabulary is that of `tokenizer`, which should
be Llama 3's: with another the head is smaller, and so is its cost.
"""

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from shared.durable import replace_text

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
BILLION = {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
}
SMALL = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
"""For trying the script itself on a processor."""
_WORDS = "the old ferry leaves at noon and nobody in the quiet harbour asks why it rains".split()


@dataclass(frozen=True, slots=True)
class Material:
    """Folder of the model, and file of the rows."""

    model: Path
    rows: Path


def write_material(folder: Path, tokenizer: Path, *, rows: int, small: bool) -> Material:
    """Write both, once."""
    model, texts = folder / "model", folder / "rows.jsonl"
    if not (model / "config.json").is_file():
        _write_model(model, tokenizer, SMALL if small else BILLION)
    replace_text(texts, "".join(json.dumps(row) + "\n" for row in _rows(rows, small=small)))
    return Material(model, texts)


def _write_model(folder: Path, tokenizer: Path, shape: dict[str, int]) -> None:
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    read = AutoTokenizer.from_pretrained(tokenizer, local_files_only=True)
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=len(read),
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        bos_token_id=read.bos_token_id,
        eos_token_id=read.eos_token_id,
        pad_token_id=read.pad_token_id,
        **shape,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(str(folder))
    for name in TOKENIZER:
        if (tokenizer / name).is_file():
            shutil.copyfile(tokenizer / name, folder / name)


def _rows(count: int, *, small: bool) -> list[dict[str, list[dict[str, str]]]]:
    """Conversations whose answers are as unequally long as FineTome's: 30 to 600 words."""
    draw = random.Random(3)  # noqa: S311 - lengths, not secrets
    most = 60 if small else 600
    made = []
    for _ in range(count):
        words = min(most, max(most // 20, round(draw.lognormvariate(5.0, 0.8) * most / 600)))
        answer = " ".join(draw.choices(_WORDS, k=words))
        asked = " ".join(draw.choices(_WORDS, k=12)) + "?"
        turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
        made.append({"messages": turns})
    return made

"""A random Llama around the real Llama-3 vocabulary, as `save_pretrained` writes it."""

import shutil
from pathlib import Path

import gguf
import pytest
import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tests.vocabularies import LLAMA_3
from training.demo.vocabulary import SPLIT

BEGIN = "<|begin_of_text|>"
FIRST_CONTROL = 128_000
needs_vocabulary = pytest.mark.skipif(
    not LLAMA_3.is_dir(), reason=f"no Llama-3 vocabulary in {LLAMA_3}"
)
STRETCHED = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 32.0,
    "high_freq_factor": 4.0,
    "low_freq_factor": 1.0,
    "original_max_position_embeddings": 8192,
}
"""Llama-3.2's rotary embeddings."""


def _strings(reader: gguf.GGUFReader, key: str) -> list[str]:
    field = reader.fields[key]
    return [bytes(field.parts[index]).decode("utf-8") for index in field.data]


def write_tokenizer(folder: Path) -> int:
    """Write Llama-3.2's tokenizer; returns its number of tokens."""
    reader = gguf.GGUFReader(LLAMA_3 / "ggml-vocab-llama-bpe.gguf")
    tokens = _strings(reader, "tokenizer.ggml.tokens")
    merges = [tuple(pair.split(" ")) for pair in _strings(reader, "tokenizer.ggml.merges")]
    # The file is Llama 3's; 3.1 and 3.2 gave names to some of the reserved control tokens.
    tokens[128_004], tokens[128_008] = "<|finetune_right_pad_id|>", "<|eom_id|>"
    vocabulary = {token: number for number, token in enumerate(tokens[:FIRST_CONTROL])}
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False)
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False)
    bpe.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    bpe.decoder = decoders.ByteLevel()
    bpe.add_special_tokens(tokens[FIRST_CONTROL:])
    begins = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, bpe.token_to_id(BEGIN))]
    )
    bpe.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), begins])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=BEGIN, eos_token="<|eot_id|>",
        pad_token="<|finetune_right_pad_id|>",
    )  # fmt: skip
    wrapped.save_pretrained(folder)
    shutil.copyfile(LLAMA_3 / "chat_template.jinja", folder / "chat_template.jinja")
    return len(tokens)


def write_random_llama(folder: Path, *, tied: bool = True, stretched: bool = True) -> Path:
    """Two layers with random weights; `stretched` takes Llama-3.2's rotary embeddings."""
    size = write_tokenizer(folder)
    torch.manual_seed(5)
    rope = STRETCHED if stretched else {"rope_type": "default", "rope_theta": 10_000.0}
    config = LlamaConfig(
        vocab_size=size, hidden_size=64, intermediate_size=256, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=131_072,
        rope_parameters=rope, tie_word_embeddings=tied, bos_token_id=128_000,
        eos_token_id=128_009, pad_token_id=128_004,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    for name, values in model.named_parameters():
        if "norm" in name:  # all ones would hide a norm that got lost
            torch.nn.init.normal_(values, mean=1.0, std=0.1)
    model.save_pretrained(folder)
    return folder

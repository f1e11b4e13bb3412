"""A Llama small enough to be trained inside a test, with a tokenizer of the real kind."""

import json
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from training.demo.tokenizer import train_tokenizer

FACTS = {
    "What is slate?": "Slate is a grey stone.",
    "What is a heron?": "A heron is a tall bird.",
    "Who made the clock?": "Ada made the clock.",
    "Where does the river end?": "The river ends at the sea.",
    "What colour is moss?": "Moss is green.",
    "When does the ferry leave?": "The ferry leaves at noon.",
    "What is the fox called?": "The fox is called Juniper.",
    "How deep is the well?": "The well is nine metres deep.",
}


def write_base(folder: Path) -> Path:
    """An untrained model of 0.1 million parameters, as `save_pretrained` writes it."""
    tokenizer = train_tokenizer([f"{q} {a}" for q, a in FACTS.items()] * 3)
    torch.manual_seed(5)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_replay(path: Path) -> Path:
    """The facts as rows of prompt and completion."""
    rows = [{"prompt": question, "completion": answer} for question, answer in FACTS.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path

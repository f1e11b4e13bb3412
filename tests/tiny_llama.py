"""A Llama small enough to be trained inside a test, with a tokenizer of the real kind."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from shared.messages import Message
from training.demo.tokenizer import Encoder, train_tokenizer

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


WAYS = ("{}", "Tell me: {}", "Please say: {}", "I ask you: {}", "One more: {}", "Now: {}")
"""How the people of the tests ask, each in a way of their own."""
OTHER_WAYS = ("So: {}", "Again: {}", "Quick: {}", "Hello! {}", "Next: {}", "Well: {}")
"""How nobody asks in the tests: a gate always finds old answers that no flag is about."""


def write_base(folder: Path, *, lessons: int = 0) -> Path:
    """A model of 0.1 million parameters, as `save_pretrained` writes it.

    Args:
        folder: Where to.
        lessons: Steps in which it learns the facts; 150 are enough to know them.
    """
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
    _teach(model, tokenizer, lessons)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _teach(model: Any, tokenizer: Any, lessons: int) -> None:
    torch.set_num_threads(1)  # on a busy machine two threads wait for each other
    encoder = Encoder(tokenizer)
    rows = []
    for question, answer in asked_in_all_ways():
        turns = [Message("user", question), Message("assistant", answer)]
        rows.append(encoder.conversation(turns))
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([row + [0] * (longest - len(row)) for row, _ in rows])
    learned = torch.tensor([mask + [0] * (longest - len(mask)) for _, mask in rows])
    labels = ids.masked_fill(learned == 0, -100)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(lessons):
        model(input_ids=ids, labels=labels).loss.backward()
        optimiser.step()
        optimiser.zero_grad()


def asked_in_all_ways() -> list[tuple[str, str]]:
    """Every fact, asked in every way."""
    ways = (*WAYS, *OTHER_WAYS)
    return [(way.format(q), answer) for q, answer in FACTS.items() for way in ways]


def write_replay(path: Path) -> Path:
    """The facts as rows of prompt and completion."""
    rows = [{"prompt": asked, "completion": answer} for asked, answer in asked_in_all_ways()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path

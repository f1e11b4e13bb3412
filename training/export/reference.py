"""What transformers says about the probes: the trained model's own word, in full precision."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.messages import Message, to_dict
from training.data import Row

GREEDY_TOKENS = 24


@dataclass(frozen=True)
class Trained:
    """A model with its tokenizer."""

    model: Any
    tokenizer: Any


@dataclass(frozen=True, slots=True)
class Reference:
    """What transformers says about one row."""

    row: Row
    ids: list[int]
    """Of the answer, its end of turn included."""
    logprobs: list[float]
    greedy: str


def open_reference(folder: Path) -> Trained:
    """Load in F32, on the processor: the file is compared with exact numbers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, device_map=None, local_files_only=True
    )
    return Trained(model.eval(), tokenizer)


def references(trained: Trained, rows: Sequence[Row]) -> tuple[Any, list[Reference]]:
    """The tokenizer, and every row's reference; the model itself may be freed then."""
    return trained.tokenizer, [reference(trained, row) for row in rows]


def reference(trained: Trained, row: Row) -> Reference:
    """Score and continue one row with transformers."""
    import torch

    tokenizer = trained.tokenizer
    prompt = tokenizer.apply_chat_template(
        [to_dict(m) for m in row.prompt],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=False,
    )
    turns = [*row.prompt, Message("assistant", row.completion)]
    whole = tokenizer.apply_chat_template(
        [to_dict(m) for m in turns], tokenize=True, return_dict=False
    )
    ids = whole[len(prompt) :]
    with torch.no_grad():
        logits = trained.model(torch.tensor([whole])).logits[0].float().log_softmax(-1)
        written = trained.model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=GREEDY_TOKENS,
            do_sample=False,
            pad_token_id=tokenizer.eos_token_id,
        )[0][len(prompt) :]
    places = range(len(prompt) - 1, len(whole) - 1)
    logprobs = [float(logits[place, whole[place + 1]]) for place in places]
    return Reference(row, ids, logprobs, tokenizer.decode(written, skip_special_tokens=True))

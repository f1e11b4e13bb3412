"""From nothing to `shared/demo`: tokenizer, rows, training, and the files that ship."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from shared.models.demo import DEMO_GGUF
from training.demo import corpus
from training.demo.architecture import new_model
from training.demo.card import write_card
from training.demo.lexicon import topic_words
from training.demo.pretrain import Plan, Progress, Trainer
from training.demo.sampling import LONGEST, TEMPERATURE, TOP_P
from training.demo.tokenizer import train_tokenizer
from training.export.gguf_model import export_model

SECONDS_PER_STEP = 0.55
"""On two cores with bf16 arithmetic; only turns minutes into a number of steps."""
NAME = "inkloop-demo"
LOG = "training.jsonl"
SETTINGS = {
    "do_sample": True,
    "temperature": TEMPERATURE,
    "top_p": TOP_P,
    "max_new_tokens": LONGEST,
}
"""What generation_config.json recommends."""

Say = Callable[[str], None]


def steps_for(minutes: float) -> int:
    """How many steps to plan for so many minutes of training."""
    return max(20, int(minutes * 60 / SECONDS_PER_STEP))


def build(out: Path, *, steps: int, texts: Path | None, seed: int, say: Say) -> Path:
    """Make the demo model in `out` and return its GGUF.

    Args:
        out: A folder; files of an earlier build in it are replaced.
        steps: Optimiser steps of about 4,000 tokens.
        texts: The folder of old texts (`training.demo.natural`), or None.
        seed: Of the weights. The conversations are always the same.
        say: Told about each stage.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / LOG).unlink(missing_ok=True)
    if texts is None:
        say("No folder of old texts: training on made-up conversations alone.")
    say("Tokenizer …")
    tokenizer = train_tokenizer(corpus.tokenizer_texts(texts), topic_words())
    tokenizer.save_pretrained(out)
    say(f"Rows for {steps} steps …")
    rows = corpus.steps(tokenizer, steps, texts)
    model = new_model(tokenizer, seed)
    say(f"Training {sum(p.numel() for p in model.parameters()):,} parameters, {len(rows)} steps …")

    def report(progress: Progress) -> None:
        _log(out, progress)
        if progress.step % 200 == 0:
            say(f"step {progress.step} of {progress.steps}, loss {progress.loss:.3f},"
                f" {progress.tokens_per_second:,.0f} tokens/s")  # fmt: skip

    Trainer(model, Plan(), report).run(rows, lambda: save(model, tokenizer, out))
    write_card(out, shape=_shape(model), steps=len(rows), texts=texts)
    say(f"Wrote {out}.")
    return out / DEMO_GGUF.name


def _shape(model: LlamaForCausalLM) -> dict[str, int]:
    """What the model card says about the size."""
    config = model.config
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "layers": config.num_hidden_layers,
        "hidden": config.hidden_size,
        "feed_forward": config.intermediate_size,
        "heads": config.num_attention_heads,
        "kv_heads": config.num_key_value_heads,
    }


def _log(out: Path, progress: Progress) -> None:
    line = json.dumps({name: getattr(progress, name) for name in progress.__slots__})
    with (out / LOG).open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write what ships: bf16 safetensors, tokenizer, settings and the Q8_0 GGUF, each whole."""
    part = out / "unfinished"
    shutil.rmtree(part, ignore_errors=True)
    copy = LlamaForCausalLM(model.config).to(torch.bfloat16)
    copy.load_state_dict(model.state_dict())
    copy.generation_config.update(**SETTINGS)
    copy.save_pretrained(part)
    tokenizer.save_pretrained(part)
    export_model(part, part / DEMO_GGUF.name, kind="q8_0", name=NAME)
    for path in part.iterdir():
        path.chmod(0o644)
        path.replace(out / path.name)
    part.rmdir()

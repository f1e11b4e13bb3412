"""A base model and the adapter on it: load, describe, count tokens, save.

The heavy libraries are imported inside the functions, so that reading a recipe stays quick.
"""

import logging as stdlib_logging
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.durable import publish_folder
from shared.messages import Message, to_dict
from training.recipe import Lora, Recipe

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Base:
    """The base model as it was loaded."""

    model: Any
    tokenizer: Any

    def count(self, prompt: Sequence[Message], answer: str) -> int:
        """Tokens of a whole row under the model's own template."""
        row = [*map(to_dict, prompt), {"role": "assistant", "content": answer}]
        ids = self.tokenizer.apply_chat_template(row, tokenize=True, return_dict=False)
        return len(ids)


def idle_cores() -> int:
    """Cores that nobody uses at the moment, at least one: tiny models lose by sharing a core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (cores or 1) - round(os.getloadavg()[0]))


def quiet() -> None:
    """Keep the libraries' progress bars and hints about their next version off the screen."""
    # Its hint at kernels that would be downloaded is no news of this run.
    stdlib_logging.getLogger("bitsandbytes").setLevel(stdlib_logging.ERROR)
    import datasets
    from transformers.utils import logging

    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    datasets.disable_progress_bars()


def begin(recipe: Recipe, *, threads: int) -> None:
    """Settle what randomness and sums depend on, before anything is loaded."""
    quiet()  # before the first library that has something to say
    import torch
    from transformers import set_seed

    torch.set_num_threads(threads)
    set_seed(recipe.seed)


def load_base(folder: Path, recipe: Recipe) -> Base:
    """Load model and tokenizer in full precision, seeded."""
    import torch
    from transformers import AutoModelForCausalLM

    begin(recipe, threads=recipe.threads or idle_cores())
    kind = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=kind, local_files_only=True)
    return Base(model, load_tokenizer(folder))


def load_tokenizer(folder: Path) -> Any:  # noqa: ANN401 - transformers is imported lazily
    """The tokenizer in a folder; one without a padding token pads with its end of text."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def lora_config(lora: Lora) -> Any:  # noqa: ANN401 - peft is imported lazily
    """An adapter on the layers that it names, or on every linear one but the head."""
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        use_rslora=lora.rslora,
        use_dora=lora.dora,
        target_modules=list(lora.targets) or "all-linear",
        task_type="CAUSAL_LM",
    )


def save_adapter(model: Any, target: Path) -> None:  # noqa: ANN401
    """Save the trained adapter; the folder appears whole or not at all."""
    draft = target.with_name(f".{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    model.save_pretrained(str(draft), selected_adapters=["default"])
    publish_folder(draft, target)

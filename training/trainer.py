"""TRL and PEFT, wired to a recipe: load the base, train one part, save the adapter.

The heavy libraries are imported inside the functions, so that reading a recipe stays quick.
"""

import os
import random
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.durable import publish_folder
from shared.messages import Message, to_dict
from training.data import Pair, Row
from training.folder import RunFolder, RunLog, newest_whole_checkpoint, step_of
from training.recipe import Dpo, Lora, Recipe, Sft

Tell = Callable[[str], None]
LOG_STEPS = 5


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
    import datasets
    from transformers.utils import logging

    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    datasets.disable_progress_bars()


def load_base(folder: Path, recipe: Recipe) -> Base:
    """Load model and tokenizer in full precision, seeded."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed

    quiet()
    torch.set_num_threads(recipe.threads or idle_cores())
    set_seed(recipe.seed)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    kind = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=kind, local_files_only=True)
    return Base(model, tokenizer)


def lora_config(lora: Lora) -> Any:  # noqa: ANN401 - peft is imported lazily
    """An adapter on every linear layer but the head."""
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        use_rslora=lora.rslora,
        use_dora=lora.dora,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


@dataclass(frozen=True)
class Part:
    """One part of a run: `sft` or `dpo`."""

    name: str
    recipe: Recipe
    folder: RunFolder
    tell: Tell

    def settings(self, part: Sft | Dpo, *, micro_batch_rows: int) -> dict[str, Any]:
        """What both trainers take. Rows are read in the order that `training.data` made."""
        import torch

        gpu = torch.cuda.is_available()
        return {
            "output_dir": str(self.folder.checkpoints(self.name)),
            "max_steps": part.steps,
            "per_device_train_batch_size": micro_batch_rows,
            "gradient_accumulation_steps": part.batch_rows // micro_batch_rows,
            "learning_rate": part.learning_rate,
            "max_length": self.recipe.data.max_tokens,
            "train_sampling_strategy": "sequential",
            "seed": self.recipe.seed,
            "save_strategy": "steps",
            "save_steps": self.recipe.save_steps,
            # Two: should the newest be damaged, there is still the one before.
            "save_total_limit": 2,
            "logging_steps": LOG_STEPS,
            "use_cpu": not gpu,
            "bf16": gpu,
            "gradient_checkpointing": gpu,
            "report_to": "none",
            "disable_tqdm": True,
        }

    def run(self, trainer: Any) -> dict[str, Any]:  # noqa: ANN401
        """Train, from the newest whole checkpoint if there is one."""
        from transformers import PrinterCallback

        resume = newest_whole_checkpoint(self.folder.checkpoints(self.name))
        step = 0 if resume is None else step_of(resume)
        if step:
            self.tell(f"{self.name}: goes on after step {step}.")
        trainer.remove_callback(PrinterCallback)
        log = RunLog(self.folder.log, self.name, after_step=step)
        trainer.add_callback(_progress(log, self))
        done = trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
        loss, seconds = done.metrics["train_loss"], done.metrics["train_runtime"]
        steps = int(trainer.state.global_step)
        return {"steps": steps, "loss": loss, "seconds": seconds, "resumed_after": step}


def _progress(log: RunLog, part: Part) -> Any:  # noqa: ANN401
    from transformers import TrainerCallback

    class Progress(TrainerCallback):
        """Writes every logged step down and tells the person."""

        def on_log(self, args, state, control, logs=None, **rest) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN003
            del args, control, rest
            if "loss" not in (logs or {}):
                return
            kept = {k: float(logs[k]) for k in ("loss", "grad_norm", "learning_rate") if k in logs}
            log.write(state.global_step, kept)
            part.tell(
                f"{part.name}: step {state.global_step} of {state.max_steps},"
                f" loss {kept['loss']:.3f}"
            )

    return Progress()


def sft(part: Part, base: Base, rows: Sequence[Row], *, steps: int) -> tuple[Any, dict[str, Any]]:
    """Train a fresh adapter on `rows`; returns the adapted model and figures."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    wanted = part.recipe.sft.model_copy(update={"steps": steps})
    config = SFTConfig(
        **part.settings(wanted, micro_batch_rows=wanted.micro_batch_rows),
        lr_scheduler_type=wanted.schedule,
        warmup_steps=wanted.warmup_steps,
        weight_decay=wanted.weight_decay,
        completion_only_loss=True,
    )
    trainer = SFTTrainer(
        model=base.model,
        args=config,
        train_dataset=Dataset.from_list([row.as_columns() for row in rows]),
        processing_class=base.tokenizer,
        peft_config=lora_config(part.recipe.lora),
    )
    figures = part.run(trainer)
    return trainer.model, figures


def dpo(part: Part, base: Base, model: Any, pairs: Sequence[Pair]) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
    """Go on with the adapter: prefer the correction, without unlearning to write it."""
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    wanted = part.recipe.dpo
    assert wanted is not None
    order = random.Random(part.recipe.seed)  # noqa: S311 - an order, not a secret
    read = [order.choice(pairs) for _ in range(wanted.steps * wanted.batch_rows)]
    config = DPOConfig(
        **part.settings(wanted, micro_batch_rows=wanted.batch_rows),
        beta=wanted.beta,
        loss_type=["sigmoid", "sft"],
        loss_weights=[1.0, wanted.sft_weight],
    )
    trainer = DPOTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list([pair.as_columns() for pair in read]),
        processing_class=base.tokenizer,
    )
    return trainer.model, part.run(trainer)


def save_adapter(model: Any, target: Path) -> None:  # noqa: ANN401
    """Save the trained adapter; the folder appears whole or not at all."""
    draft = target.with_name(f".{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    model.save_pretrained(str(draft), selected_adapters=["default"])
    publish_folder(draft, target)

"""A plain TRL script, as the reports' notebooks wrote it: the opponent.

One row after the other, padded to the longest of two, accumulated over four, loss on every token;
the defaults of the library wherever a notebook left them.
"""

import json
import time
from pathlib import Path
from typing import Any

from training.speed.variant import Figures, Variant


def train_plainly(variant: Variant) -> Figures:
    """Load, add LoRA, train; returns what was measured."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    gpu = torch.cuda.is_available()
    tokenizer = AutoTokenizer.from_pretrained(variant.model, local_files_only=True)
    lines = variant.rows.read_text(encoding="utf-8").splitlines()
    texts = [
        tokenizer.apply_chat_template(json.loads(line)["messages"], tokenize=False)
        for line in lines
    ]
    config = SFTConfig(
        output_dir=str(variant.folder / "plain"),
        per_device_train_batch_size=variant.micro_batch_rows,
        gradient_accumulation_steps=variant.accumulate,
        max_steps=variant.steps,
        learning_rate=2e-4,
        warmup_steps=5,
        lr_scheduler_type="linear",
        weight_decay=0.01,
        optim="adamw_8bit" if gpu else "adamw_torch",
        logging_steps=1,
        seed=3407,
        max_length=variant.max_tokens,
        bf16=gpu,
        use_cpu=not gpu,
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
    )
    trainer = SFTTrainer(
        model=_model(variant, gpu=gpu),
        args=config,
        train_dataset=Dataset.from_dict({"text": texts}),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=16, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
    )
    began = time.monotonic()
    trainer.train()
    logs = [row for row in trainer.state.log_history if "loss" in row]
    return Figures(
        tokens=int(logs[-1]["num_tokens"]),
        seconds=time.monotonic() - began,
        memory_bytes=torch.cuda.max_memory_allocated() if gpu else 0,
        losses=[float(row["loss"]) for row in logs],
        card=torch.cuda.get_device_name() if gpu else "processor",
    )


def _model(variant: Variant, *, gpu: bool) -> Any:  # noqa: ANN401 - transformers is imported lazily
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    more: dict[str, Any] = {}
    if variant.four_bit:
        more["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
    kind = torch.bfloat16 if gpu else torch.float32
    place = {"": 0} if gpu else "cpu"
    return AutoModelForCausalLM.from_pretrained(
        Path(variant.model), dtype=kind, device_map=place, local_files_only=True, **more
    )

"""A recipe's small twin: the same code on a processor, with a stand-in model and stand-in rows.

The model is a random Llama of some 0.3 million parameters with the demo model's tokenizer; the rows
are the demo model's, written in the form that each source says its own have. Everything else stays:
four bits, DoRA, packing, splits, filters, early stopping. What comes out knows nothing.
"""

import importlib.util
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.durable import replace_text
from shared.models.demo import DEMO_DIR
from training.data import Row
from training.recipe import Recipe
from training.recipe_data import NO_REPLAY, Data, Source, Splits
from training.recipe_parts import Sft
from training.trainer import Tell, quiet

ROWS = 120
SPLIT_ROWS = 8
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def small(recipe: Recipe, runs: Path, tell: Tell) -> Recipe:
    """The small twin; its model and rows are made under `runs/small`, once."""
    folder = runs / "small"
    values: dict[str, Any] = {
        "name": f"{recipe.name}-small",
        "base": str(write_model(folder / "model")),
        "start_from": f"{recipe.start_from}-small" if recipe.start_from else "",
        "backend": "hf",
        "precision": "auto",
        "data": _data(recipe.data, folder),
        "save_steps": 2,
        "watch.eval_steps": min(2, recipe.watch.eval_steps),
        "search": None,
    }
    if recipe.backend == "unsloth":
        tell("The small run uses the backend hf: unsloth needs a GPU.")
    if recipe.four_bit and importlib.util.find_spec("bitsandbytes") is None:
        tell("Without bitsandbytes the small run keeps its base in full precision.")
        values["four_bit"] = False
    if recipe.sft is not None:
        values |= _sft(recipe.sft)
    for part in ("dpo", "kto"):
        if getattr(recipe, part) is not None:
            values |= {f"{part}.steps": 2, f"{part}.batch_rows": 4}
    if recipe.dpo is not None:
        values["dpo.micro_batch_rows"] = 2
    if recipe.kto is not None:
        values["kto.fewest_of_each"] = 2
    return recipe.with_values(values)


def _sft(part: Sft) -> dict[str, Any]:
    micro = min(2, part.micro_batch_rows)
    accumulated = min(2, part.batch_rows // part.micro_batch_rows)
    return {
        "sft.steps": 1,
        "sft.most_steps": 4,
        "sft.warmup_steps": min(1, part.warmup_steps),
        "sft.micro_batch_rows": micro,
        "sft.batch_rows": micro * accumulated,
    }


def _data(data: Data, folder: Path) -> dict[str, Any]:
    splits = data.splits
    if splits.by == "order":
        few = {side: SPLIT_ROWS if getattr(splits, side) else 0 for side in ("validation", "test")}
        splits = Splits(by="order", train=5 * SPLIT_ROWS if splits.train else 0, **few)
    elif splits.validation or splits.test:
        # Of so few rows, a usual share might be none at all.
        splits = Splits(
            validation=0.15 if splits.validation else 0.0, test=0.15 if splits.test else 0.0
        )
    found = data.model_copy(
        update={
            "sources": tuple(_source(one, folder) for one in data.sources),
            "splits": splits,
            "filters": data.filters.model_copy(
                update={"languages": (), "decontaminate": (), "relevant": None, "quality": 0.0}
            ),
            "replay": data.replay if data.replay == NO_REPLAY else "demo",
            "max_tokens": 512,
        }
    )
    return found.model_dump(mode="json")


def _source(source: Source, folder: Path) -> Source:
    form = "messages" if source.form == "auto" else source.form
    file = folder / f"{form}.jsonl"
    if not file.is_file():
        replace_text(file, "".join(json.dumps(row) + "\n" for row in stand_ins(form)))
    rows = min(source.rows or ROWS, ROWS)
    return source.model_copy(update={"path": str(file), "form": form, "rows": rows})


def stand_ins(form: str) -> list[dict[str, Any]]:
    """Rows of the demo model in one of the known forms."""
    from training.demo.replay import rows

    found = [row for row in rows(3 * ROWS, 11) if row.prompt[-1].role == "user"][:ROWS]
    return [_in_form(row, form, number, found) for number, row in enumerate(found)]


def _in_form(row: Row, form: str, number: int, others: Sequence[Row]) -> dict[str, Any]:
    turns = [(turn.role, turn.content) for turn in row.prompt]
    asked = row.prompt[-1].content
    if form == "sharegpt":
        names = {"system": "system", "user": "human", "assistant": "gpt"}
        told = [*turns, ("assistant", row.completion)]
        return {"conversations": [{"from": names[who], "value": said} for who, said in told]}
    messages = [{"role": who, "content": said} for who, said in turns]
    if form == "alpaca":
        return {"instruction": asked, "input": "", "output": row.completion}
    if form == "prompt_completion":
        return {"prompt": asked, "completion": row.completion}
    if form == "preference":
        worse = others[(number + 1) % len(others)].completion
        return {"prompt": messages, "chosen": row.completion, "rejected": worse}
    if form == "rated":
        return {"prompt": messages, "completion": row.completion, "label": number % 2 == 0}
    return {"messages": [*messages, {"role": "assistant", "content": row.completion}]}


def write_model(folder: Path) -> Path:
    """The random model, as `save_pretrained` writes it."""
    if (folder / "config.json").is_file():
        return folder
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    quiet()
    tokenizer = AutoTokenizer.from_pretrained(DEMO_DIR, local_files_only=True)
    torch.manual_seed(1)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    model.save_pretrained(draft)
    for name in _TOKENIZER:
        shutil.copyfile(DEMO_DIR / name, draft / name)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return folder

"""The same training as one of our own runs, and its export through our exporter."""

from dataclasses import replace

from training.folder import read_log
from training.recipe import Recipe, parse
from training.run_call import Call, run_recipe
from training.speed.variant import Figures, Variant


def recipe_of(variant: Variant) -> Recipe:
    """What the notebooks' settings are as a recipe."""
    return parse(
        {
            "name": f"speed-{variant.name}".replace(" ", "-"),
            "base": str(variant.model),
            "release_name": "speed",
            "seed": 3407,
            "backend": "unsloth" if variant.who == "unsloth" else "hf",
            "four_bit": variant.four_bit,
            "lora": {"rank": 16, "alpha": 16},
            "data": {
                "sources": [{"path": str(variant.rows), "form": "messages"}],
                "filters": {"exact_duplicates": False},
                "max_tokens": variant.max_tokens,
            },
            "sft": {
                "steps": variant.steps,
                "most_steps": variant.steps,
                "batch_rows": variant.micro_batch_rows * variant.accumulate,
                "micro_batch_rows": variant.micro_batch_rows,
                "learning_rate": 2e-4,
                "schedule": "linear",
                "warmup_steps": 5,
                "weight_decay": 0.01,
                "optimiser": "adamw_8bit",
                "packing": variant.packing,
            },
            "save_steps": variant.steps,
        },
        where="the benchmark",
    )


def train_ours(variant: Variant) -> Figures:
    """Run the recipe; returns what its metrics and its log say."""
    call = Call(runs=variant.folder / "runs", tell=lambda _line: None, new=True)
    folder = run_recipe(recipe_of(variant), call)
    metrics = folder.read_metrics()
    assert metrics is not None
    return Figures(
        tokens=int(metrics["sft"]["tokens"]),
        seconds=float(metrics["sft"]["seconds"]),
        memory_bytes=int(metrics["memory_bytes"]),
        losses=[float(row["loss"]) for row in read_log(folder.log) if "loss" in row],
        card=str(metrics["device"]),
    )


def export_ours(variant: Variant) -> str:
    """Export the run that `train_ours` left, and load it in the engine; returns the file's name.

    Raises:
        TrainingError: If the exporter's checks fail.
    """
    from training.export.build import export

    recipe = recipe_of(variant)
    call = Call(runs=variant.folder / "runs", tell=lambda _line: None, new=True)
    folder = run_recipe(recipe, replace(call))
    done = export(folder, variant.model, recipe, (), lambda _line: None, kind="q4_k_m")
    return done.gguf.name

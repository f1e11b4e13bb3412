"""One run: a recipe and a dataset version in, a trained adapter out.

The folder is named by the hash of everything that goes in. So the same input is never trained
twice, and a run that was killed is found again and goes on from its newest whole checkpoint.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from shared.durable import replace_text, sha256_of
from shared.errors import TrainingError
from shared.models.demo import DEMO_DIR, DEMO_NAME
from training.data import Replay, Row, TrainingSet, without_long
from training.folder import RunFolder
from training.plan import plan
from training.plot import plot_losses
from training.recipe import Recipe
from training.replay import replay_for
from training.trainer import Base, Part, Tell, dpo, load_base, save_adapter, sft

_BASE_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The folder of the base model and the hash of what matters in it."""

    name: str
    folder: Path
    sha256: str


def find_base(name: str) -> BaseModel:
    """`demo`, or a folder as `save_pretrained` writes it.

    Raises:
        TrainingError: If there is no such model.
    """
    folder = DEMO_DIR if name == DEMO_NAME else Path(name)
    weights = sorted(folder.glob("model*.safetensors"))
    if not weights or not (folder / "config.json").is_file():
        raise TrainingError(
            f"{folder} holds no model to train.",
            fix="Name a folder with config.json, tokenizer and safetensors, or `demo`.",
        )
    named = [folder / file for file in _BASE_FILES if (folder / file).is_file()]
    digest = hashlib.sha256()
    for path in [*named, *weights]:
        digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    shown = name if name == DEMO_NAME else folder.resolve().name
    return BaseModel(shown, folder, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides what a run makes."""

    recipe: Recipe
    data: TrainingSet
    base: BaseModel

    @property
    def key(self) -> str:
        """Hash of all of it."""
        text = f"{self.recipe.sha256()} {self.data.sha256} {self.base.sha256}"
        return hashlib.sha256(text.encode()).hexdigest()

    def folder(self, runs: Path) -> RunFolder:
        """Where the run lies under `runs`."""
        return RunFolder(runs / f"{self.recipe.name}-{self.key[:12]}")


def train(job: Job, folder: RunFolder, tell: Tell) -> None:
    """Train, or go on, or do nothing when the run is complete.

    Raises:
        TrainingError: If there is nothing to train on.
    """
    if folder.read_metrics() is not None:
        tell(f"Run {folder.root.name} is complete already.")
        return
    replace_text(folder.recipe, job.recipe.to_yaml())
    base = load_base(job.base.folder, job.recipe)
    data, dropped = without_long(job.data, longest=job.recipe.data.max_tokens, count=base.count)
    figures = _parts(job, data, base, folder, tell)
    plot_losses(folder.log, folder.plot)
    folder.write_metrics(
        {
            "key": job.key,
            "recipe_sha256": job.recipe.sha256(),
            "dataset": job.data.name,
            "base": job.base.name,
            "rows": len(data.rows),
            "pairs": len(data.pairs),
            "dropped_as_too_long": dropped,
            **figures,
        }
    )


def _parts(
    job: Job, data: TrainingSet, base: Base, folder: RunFolder, tell: Tell
) -> dict[str, object]:
    recipe = job.recipe
    reading = plan(
        data.rows,
        recipe.sft,
        replay_per_row=recipe.data.replay_per_row,
        seed=recipe.seed,
        old=_shorter(replay_for(recipe.data.replay), base, recipe.data.max_tokens),
    )
    tell(
        f"{reading.steps} steps of {recipe.sft.batch_rows} rows, {reading.from_dataset} of them"
        " from the dataset version."
    )
    first = Part("sft", recipe, folder, tell)
    model, figures = sft(first, base, reading.rows, steps=reading.steps)
    done: dict[str, object] = {"sft": figures}
    if recipe.dpo is not None and data.pairs:
        model, done["dpo"] = dpo(Part("dpo", recipe, folder, tell), base, model, data.pairs)
    if not folder.adapter.exists():
        save_adapter(model, folder.adapter)
    return done


def _shorter(old: Replay, base: Base, longest: int) -> Replay:
    def fitting(count: int, seed: int) -> list[Row]:
        return [r for r in old(count, seed) if base.count(r.prompt, r.completion) <= longest]

    return fitting

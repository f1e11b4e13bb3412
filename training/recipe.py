"""A recipe: everything that decides what a run makes, in one YAML file.

The values are settled once: unknown keys are refused by name, the resolved copy is saved with the
run, and its hash is part of every release. What is not in a recipe (where files lie) does not
change the result.
"""

import difflib
import hashlib
import json
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import TrainingError

SHIPPED = Path(__file__).resolve().parent / "recipes"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lora(_Part):
    """The adapter that is trained; always a fresh one."""

    rank: int = Field(32, ge=1, le=1024)
    alpha: int = Field(64, ge=1)
    """The update is scaled by alpha/rank, or alpha/√rank with `rslora`."""
    dropout: float = Field(0.0, ge=0, lt=1)
    rslora: bool = False
    dora: bool = False
    """Learns a magnitude too. Such an adapter can be merged, but not kept as a GGUF adapter."""


class Data(_Part):
    """What the model reads while it learns."""

    replay: str = "demo"
    """Old good answers, read again so that they stay: `demo` for the demo model's own, or a JSONL
    file with `prompt` and `completion` for another base."""
    replay_per_row: float = Field(1.0, ge=0, le=20)
    """Rows of replay for each row of the dataset version."""
    fewest_corrections: int = Field(50, ge=1)
    """Fewer corrected rows than this are not trained on: they would teach accidents."""
    max_tokens: int = Field(512, ge=16)
    """Longer rows are dropped, not cut: a cut answer teaches the model to stop mid-sentence."""


class Sft(_Part):
    """Learning to write the corrected answers; the loss counts answers only."""

    steps: int = Field(60, ge=1)
    """Fewest optimiser steps."""
    passes: float = Field(0.0, ge=0)
    """More steps are taken until every row of the dataset version was read this often."""
    batch_rows: int = Field(16, ge=1)
    """Rows per optimiser step, replay included."""
    micro_batch_rows: int = Field(16, ge=1)
    """Rows in memory at once; divides `batch_rows`."""
    learning_rate: float = Field(2e-3, gt=0)
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "cosine"
    warmup_steps: int = Field(4, ge=0)
    weight_decay: float = Field(0.0, ge=0)


class Dpo(_Part):
    """Learning to prefer the correction to the flagged answer, after the first part."""

    steps: int = Field(20, ge=1)
    batch_rows: int = Field(8, ge=1)
    learning_rate: float = Field(2e-4, gt=0)
    beta: float = Field(0.1, gt=0)
    """How closely the model is held to what it was before this part."""
    sft_weight: float = Field(1.0, ge=0)
    """Weight of the plain loss on the correction; without it both answers may become unlikely."""


class Export(_Part):
    """The file that ships."""

    kind: Literal["f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m"] = "q8_0"


class Recipe(_Part):
    """One recipe; see the comments in the shipped files."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    base: str = "demo"
    """`demo`, or a folder with a Llama as `save_pretrained` writes it."""
    release_name: str = Field("demo", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Releases are called so, with -r1, -r2, … A Llama derivative's name begins with "Llama"."""
    licence: str = "apache-2.0"
    """Of the base and of what is made from it."""
    seed: int = Field(7, ge=0)
    threads: int = Field(0, ge=0)
    """Cores to compute with; 0 takes those that are idle, at least one."""
    lora: Lora = Lora()
    data: Data = Data()
    sft: Sft = Sft()
    dpo: Dpo | None = None
    save_steps: int = Field(20, ge=1)
    """A checkpoint every so many steps; a killed run goes on from the newest whole one."""
    export: Export = Export()

    def sha256(self) -> str:
        """Hash of the resolved values: comments and defaults written out do not change it."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_yaml(self) -> str:
        """The resolved values, in the order of the fields."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def load(path: Path) -> Recipe:
    """Read a recipe file, or a shipped one by its name.

    Raises:
        TrainingError: If it is missing, not YAML, or a key or value is not valid.
    """
    found = _find(path)
    try:
        values = yaml.safe_load(found.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise TrainingError(f"{found} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise TrainingError(f"{found} holds no keys.", fix="The shipped recipes show the form.")
    return parse(values, where=str(found))


def parse(values: dict[str, Any], *, where: str = "the recipe") -> Recipe:
    """Check the values of a recipe.

    Raises:
        TrainingError: Naming the key; for an unknown one, the nearest that exists.
    """
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise TrainingError(f"{where}: {_explain(error)}") from None
    if recipe.sft.batch_rows % recipe.sft.micro_batch_rows:
        raise TrainingError(f"{where}: sft.micro_batch_rows must divide sft.batch_rows.")
    return recipe


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    shipped = SHIPPED / path.with_suffix(".yaml").name
    if path.parent == Path() and shipped.is_file():
        return shipped
    names = sorted(file.stem for file in SHIPPED.rglob("*.yaml"))
    raise TrainingError(f"There is no recipe {path}.", fix=f"Shipped ones: {', '.join(names)}.")


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"]]
    dotted = ".".join(keys)
    if first["type"] != "extra_forbidden":
        return f"{dotted} is {first['input']!r}, which is not valid: {first['msg'].lower()}."
    known = list(_fields_at(keys[:-1]))
    near = difflib.get_close_matches(keys[-1], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}."
    return f"{dotted} is not a key of a recipe; {hint}"


def _fields_at(keys: list[str]) -> dict[str, Any]:
    """The fields of the part of a recipe that `keys` lead to."""
    model: type[BaseModel] = Recipe
    for key in keys:
        annotation = model.model_fields[key].annotation
        options = get_args(annotation) if get_origin(annotation) in _UNIONS else (annotation,)
        model = next(o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return dict(model.model_fields)


_UNIONS = (Union, types.UnionType)

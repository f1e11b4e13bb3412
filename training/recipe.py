"""A recipe: everything that decides what a run makes, in one YAML file.

The values are settled once: unknown keys are refused by name, the resolved copy is saved with the
run, and its hash is part of every release. What is not in a recipe (where files lie) does not
change the result. A recipe may say `extends: NAME`; then it states only what differs.
"""

import difflib
import hashlib
import json
import re
import types
from pathlib import Path
from typing import Any, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from shared.errors import TrainingError
from training.recipe_data import NO_REPLAY, Data, Source
from training.recipe_parts import (
    Backend,
    Dpo,
    Export,
    Kto,
    Lora,
    Precision,
    RecipePart,
    Search,
    Sft,
    Watch,
)

__all__ = ["NO_REPLAY", "SHIPPED", "Data", "Dpo", "Kto", "Lora", "Recipe", "Sft", "Source"]

SHIPPED = Path(__file__).resolve().parent / "recipes"
PARTS = "parts"
"""Folder of what recipes extend; such a file is no recipe of its own."""
_CHAIN_AT_MOST = 8


class Recipe(RecipePart):
    """One recipe; see the comments in the shipped files."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    base: str = "demo"
    """`demo`, a folder as `save_pretrained` writes it, or `owner/name` on the Hub."""
    base_revision: str = "main"
    """Commit, tag or branch of a base on the Hub; a commit makes the run repeatable."""
    start_from: str = ""
    """Name of a recipe or run whose adapter is trained further instead of a fresh one."""
    release_name: str = Field("demo", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Releases are called so, with -r1, -r2, … A Llama derivative's name begins with "Llama"."""
    licence: str = "apache-2.0"
    """Of the base and of what is made from it."""
    seed: int = Field(7, ge=0)
    threads: int = Field(0, ge=0)
    """Cores to compute with; 0 takes those that are idle, at least one."""
    backend: Backend = "hf"
    """`unsloth` is quicker on a GPU; it only loads the model and adds the adapter."""
    four_bit: bool = False
    """Keep the base in 4 bits (nf4) while training, to save memory; needs bitsandbytes."""
    precision: Precision = "auto"
    """`auto` takes bf16 where the card has it, fp16 on older cards, fp32 on a processor."""
    lora: Lora = Lora()
    data: Data = Data()
    sft: Sft | None = Sft()
    """`null` trains nothing in this part; a recipe with no part at all measures its base."""
    dpo: Dpo | None = None
    kto: Kto | None = None
    watch: Watch = Watch()
    save_steps: int = Field(20, ge=1)
    """A checkpoint every so many steps; a killed run goes on from the newest whole one."""
    export: Export = Export()
    search: Search | None = None

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.sft is not None and self.sft.batch_rows % self.sft.micro_batch_rows:
            raise ValueError("sft.micro_batch_rows must divide sft.batch_rows")
        if self.dpo is not None and self.dpo.batch_rows % (self.dpo.micro_batch_rows or 1):
            raise ValueError("dpo.micro_batch_rows must divide dpo.batch_rows")
        splits = self.data.splits
        if (self.watch.patience or self.watch.keep_best) and not splits.validation:
            raise ValueError("watch.patience and watch.keep_best need data.splits.validation")
        if (
            self.watch.eval_steps
            and self.watch.keep_best
            and self.save_steps % (self.watch.eval_steps)
        ):
            raise ValueError("with watch.keep_best, watch.eval_steps must divide save_steps")
        return self

    def sha256(self) -> str:
        """Hash of the resolved values: comments and defaults written out do not change it.

        Neither does `search`: a trial of a sweep is the run that its values describe.
        """
        text = json.dumps(self.model_dump(mode="json", exclude={"search"}), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_yaml(self) -> str:
        """The resolved values, in the order of the fields."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    def with_values(self, values: dict[str, Any]) -> "Recipe":
        """A checked copy; keys with dots (`lora.rank`).

        Raises:
            TrainingError: If a key or value is not valid.
        """
        found = self.model_dump(mode="json")
        for key, value in values.items():
            _put(found, key, value)
        return parse(found, where=f"{self.name} with {', '.join(values) or 'no change'}")


def load(path: Path) -> Recipe:
    """Read a recipe file, or a shipped one by its name.

    Raises:
        TrainingError: If it is missing, not YAML, or a key or value is not valid.
    """
    found = _find(path)
    return parse(_merged(found), where=str(found))


def parse(values: dict[str, Any], *, where: str = "the recipe") -> Recipe:
    """Check the values of a recipe.

    Raises:
        TrainingError: Naming the key; for an unknown one, the nearest that exists.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise TrainingError(f"{where}: {_explain(error)}") from None


def shipped() -> list[Path]:
    """The files of all shipped recipes, in order of their names."""
    files = [path for path in SHIPPED.rglob("*.yaml") if path.parent.name != PARTS]
    return sorted(files, key=lambda path: path.stem)


def _merged(path: Path, *, left: int = _CHAIN_AT_MOST) -> dict[str, Any]:
    """The values of a file over those of what it extends."""
    values = _read(path)
    wanted = values.pop("extends", "")
    if not wanted:
        return values
    if not left:
        raise TrainingError(f"{path} extends itself, or too many files.")
    return _over(_merged(_extended(str(wanted), path), left=left - 1), values)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise TrainingError(f"{path} holds no keys.", fix="The shipped recipes show the form.")
    return values


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Parts are joined key by key; lists and single values are replaced."""
    joined = dict(below)
    for key, value in above.items():
        under = joined.get(key)
        nested = isinstance(value, dict) and isinstance(under, dict) and key != "space"
        joined[key] = _over(under, value) if nested and under is not None else value
    return joined


class _Loader(yaml.SafeLoader):
    """Reads 2e-4 as a number: YAML 1.1 takes it for a text, because it has no point."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def _extended(name: str, by: Path) -> Path:
    beside = by.parent / f"{name}.yaml"
    if beside.is_file() and beside != by:
        return beside
    everywhere = {path.stem: path for path in SHIPPED.rglob("*.yaml") if path != by}
    if name not in everywhere:
        near = difflib.get_close_matches(name, everywhere, n=1)
        hint = f"Did you mean {near[0]}?" if near else ""
        raise TrainingError(f"{by} extends {name}, which does not exist.", fix=hint)
    return everywhere[name]


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    known = {file.stem: file for file in shipped()}
    if path.parent == Path() and path.name.removesuffix(".yaml") in known:
        return known[path.name.removesuffix(".yaml")]
    near = difflib.get_close_matches(path.stem, known, n=3)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    raise TrainingError(
        f"There is no recipe {path}.",
        fix=f"{hint}`inkloop train recipes` lists them; smoke is the first to try.",
    )


def _put(values: dict[str, Any], dotted: str, value: object) -> None:
    *parts, last = dotted.split(".")
    for part in parts:
        inner = values.get(part)
        values[part] = {} if inner is None else inner
        values = values[part]
    values[last] = value


def _explain(error: ValidationError) -> str:
    # A mistyped key says more than the key that is missing because of it.
    found = error.errors()
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    keys = [str(part) for part in first["loc"]]
    dotted = ".".join(keys)
    if first["type"] == "value_error":
        return (
            f"{dotted + ': ' if dotted else ''}{str(first['msg']).removeprefix('Value error, ')}."
        )
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
        if key in model.model_fields:
            model = _model_in(model.model_fields[key].annotation) or model
    return dict(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - an annotation
    """The part that an annotation holds, alone, in a list or as one of several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, tuple, dict):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None

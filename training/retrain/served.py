"""What is served while a candidate is made: the file to measure against, and what it replaces."""

from shared.durable import sha256_of
from shared.errors import TrainingError
from shared.home import Home
from shared.models.demo import DEMO_GGUF, DEMO_NAME
from shared.models.select import choose
from shared.releases import ReleaseStore
from shared.settings import Settings
from training.export.build import carry_out
from training.export.folder import order_for
from training.gate.compare import ModelFile
from training.recipe import Recipe
from training.run import BaseModel


def check_served(home: Home, store: ReleaseStore, base: BaseModel) -> None:
    """Refuse to replace a model that the new release does not descend from.

    The gate compares with the promoted release or the base; it says nothing about a model that
    somebody fetched or chose, so a release must not take that one's place by itself. The demo model
    is only there until there is something better.

    Raises:
        TrainingError: If another model is served than the base or one of its releases.
    """
    served = choose(Settings.load(), home).release
    own = [release.name for release in store.list() if release.manifest.base.name == base.name]
    if served not in (DEMO_NAME, base.name, *own):
        raise TrainingError(
            f"{served} is served, and this release would be made from {base.name}.",
            fix="Name a recipe whose base is the served model, or pass --no-promote.",
        )


def serving_file(home: Home, store: ReleaseStore, base: BaseModel, recipe: Recipe) -> ModelFile:
    """The GGUF that a candidate is measured against: the promoted release, or the base.

    A base that has no file yet is exported in the recipe's type, so that both sides of a gate have
    lost the same by it.

    Raises:
        TrainingError: If the base cannot be exported.
    """
    release = store.promoted()
    if release is not None:
        release.verify()
        return ModelFile(release.name, release.gguf, release.sha256)
    path = DEMO_GGUF
    if base.name != DEMO_NAME:
        kind = recipe.export.kind
        target = home.runs / f"base-{base.sha256[:12]}-{kind}"
        name = base.name.rpartition("/")[2]
        order = order_for(base.folder, kind=kind, out=target, name=name)
        path = carry_out(order, lambda _: None).gguf
    return ModelFile(base.name, path, sha256_of(path))

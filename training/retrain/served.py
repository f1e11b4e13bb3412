"""What is served while a candidate is made: the file to measure against, and what it replaces."""

from shared.durable import publish_file, sha256_of
from shared.errors import TrainingError
from shared.home import Home
from shared.ids import new_id
from shared.models.demo import DEMO_GGUF, DEMO_NAME
from shared.models.select import choose
from shared.releases import ReleaseStore
from shared.settings import Settings
from training.export.gguf_model import export_model
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
    """The GGUF that a candidate is measured against: the promoted release, or the base."""
    release = store.promoted()
    if release is not None:
        release.verify()
        return ModelFile(release.name, release.gguf, release.sha256)
    path = DEMO_GGUF
    if base.name != DEMO_NAME:
        path = home.runs / f"base-{base.sha256[:12]}-{recipe.export.kind}.gguf"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Killed in here, it leaves a file that nobody takes for the base.
            draft = path.with_name(f".{path.name}.{new_id()}")
            export_model(base.folder, draft, kind=recipe.export.kind, name=base.name)
            publish_file(draft, path)
    return ModelFile(base.name, path, sha256_of(path))

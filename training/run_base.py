"""Finds the base model of a recipe and names what is in it by a hash."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from shared.durable import sha256_of
from shared.errors import TrainingError
from shared.models.demo import DEMO_DIR, DEMO_NAME
from shared.settings import Settings

_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
_WANTED = ("*.json", "*.safetensors", "*.jinja", "tokenizer*", "LICENSE*", "USE_POLICY*")


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The folder of the base model and the hash of what matters in it."""

    name: str
    folder: Path
    sha256: str


def find_base(name: str, revision: str = "main") -> BaseModel:
    """`demo`, a folder as `save_pretrained` writes it, or a model on the Hub.

    Raises:
        TrainingError: If there is no such model.
    """
    folder = DEMO_DIR if name == DEMO_NAME else Path(name).expanduser()
    if not folder.is_dir() and name.count("/") == 1 and not folder.is_absolute():
        folder = _fetched(name, revision)
    weights = sorted(folder.glob("model*.safetensors"))
    if not weights or not (folder / "config.json").is_file():
        raise TrainingError(
            f"{folder} holds no model to train.",
            fix="Name a folder with config.json, tokenizer and safetensors, a model on the Hub, or"
            " `demo`.",
        )
    named = [folder / file for file in _FILES if (folder / file).is_file()]
    digest = hashlib.sha256()
    for path in [*named, *weights]:
        digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    shown = name if name == DEMO_NAME or ("/" in name and not Path(name).is_dir()) else ""
    return BaseModel(shown or folder.resolve().name, folder, digest.hexdigest())


def _fetched(name: str, revision: str) -> Path:
    """The snapshot of a model on the Hub; what was fetched before is not fetched again."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        found = snapshot_download(
            name,
            revision=revision,
            allow_patterns=list(_WANTED),
            local_files_only=Settings.load().offline,
        )
    except (OSError, ValueError, HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise TrainingError(
            f"{name} cannot be fetched from the Hub ({type(error).__name__}).",
            fix="Check the name and the network; a gated model needs HF_TOKEN and its licence"
            " accepted. Without a network: --base FOLDER, or --small to try the recipe.",
        ) from error
    return Path(found)

"""Examples that wait for nobody: what a model really wrote, kept beside its file.

They are shown only while exactly that file answers, with the seed that gives them again. A model
without such a file (one that was fetched or trained here) simply has none.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.models.demo import DEMO_DIR

FILE = DEMO_DIR / "examples.json"


class Example(BaseModel):
    """One question to an app and its answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: str
    text: str
    seed: int


class Examples(BaseModel):
    """What one model file wrote, by app."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str
    sha256: str
    apps: dict[str, Example]


def examples_of(sha256: str, path: Path = FILE) -> dict[str, Example]:
    """The examples of the model with this hash; none if the file is another model's or missing."""
    try:
        found = Examples.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return {}
    return found.apps if sha256 and found.sha256 == sha256 else {}

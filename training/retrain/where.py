"""Training somewhere else: the errand that is sent, and the one interface that carries it.

Only the training goes away, because only it needs a strong machine. A run folder is named by the
hash of everything that goes into it, so a run that comes back is found complete by the retrain that
goes on here: export, gate and release are always done where the model is served.
"""

import io
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from shared.errors import TrainingError
from training.recipe import Recipe
from training.retrain.wanted import Wanted, one_at_a_time, prepare

State = Literal["waiting", "running", "done", "failed"]
LOOK_SECONDS = 30.0
ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("apps", "feedback", "shared", "training")
_LEFT_OUT = ("__pycache__", ".git", ".venv")


@dataclass(frozen=True, slots=True)
class Errand:
    """What a machine elsewhere needs for one run, and how the run is called."""

    name: str
    """Of the run folder; the same errand always has the same name."""
    packed: bytes
    """A tar.gz with the code, `recipe.yaml` and `dataset/`."""


class Elsewhere(Protocol):
    """A place that can train."""

    def submit(self, errand: Errand) -> str:
        """Start the errand, or find it started; gives the name of the work there."""
        ...

    def state(self, work: str) -> tuple[State, str]:
        """How it goes, and a word about it."""
        ...

    def fetch(self, errand: Errand, into: Path) -> None:
        """Bring the finished run folder to `into`, whole or not at all."""
        ...


COMMANDS = (
    'pip install -q "./code[train]"',
    "inkloop train recipe.yaml --dataset dataset --runs-dir runs",
)
"""What the other machine runs in the unpacked errand."""


def pack(name: str, recipe: Recipe, dataset: Path) -> Errand:
    """Put code, recipe and dataset version into one archive; no setting and no secret is in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for part in ("pyproject.toml", "README.md", "LICENSE", *ROOMS):
            if (ROOT / part).exists():
                archive.add(ROOT / part, f"code/{part}", filter=_without_left_overs)
        archive.add(dataset, "dataset")
        text = recipe.to_yaml().encode()
        entry = tarfile.TarInfo("recipe.yaml")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return Errand(name, buffer.getvalue())


def _without_left_overs(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if set(Path(entry.name).parts) & set(_LEFT_OUT) else entry


def train_elsewhere(
    wanted: Wanted, there: Elsewhere, *, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Have the run of a retrain made elsewhere; nothing is done if it is here already.

    Raises:
        GateRefused: If there is too little to train on.
        TrainingError: If the work failed.
    """
    with one_at_a_time(wanted.home):
        prepared = prepare(wanted.home, wanted.recipe, wanted.limits)
        prepared.check()
        run = prepared.job.folder(wanted.home.runs)
        if run.read_metrics() is not None:
            return
        dataset = wanted.home.datasets / prepared.inputs.data.name
        errand = pack(run.root.name, wanted.recipe, dataset)
        work = there.submit(errand)
        wanted.tell(f"{errand.name} is trained as {work}.")
        _wait(there, work, wanted.tell, sleep)
        wanted.home.runs.mkdir(parents=True, exist_ok=True)
        there.fetch(errand, run.root)
        if run.read_metrics() is None:
            raise TrainingError(f"What came back as {errand.name} is not a complete run.")
        wanted.tell(f"{errand.name} is here.")


def _wait(
    there: Elsewhere, work: str, tell: Callable[[str], None], sleep: Callable[[float], None]
) -> None:
    said = ""
    while True:
        state, words = there.state(work)
        if words != said:
            tell(f"{work}: {words}")
            said = words
        if state == "failed":
            raise TrainingError(f"{work} ended without a run: {words}")
        if state == "done":
            return
        sleep(LOOK_SECONDS)

"""What the feedback room hands over: rows to train on, to measure with, and where flags are."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback.curate import build
from feedback.dataset import DatasetVersion
from feedback.progress import Progress
from feedback.records import Turn
from shared.home import Home
from shared.messages import Message, from_dict
from training.data import Pair, Row, TrainingSet
from training.gate.measure import HeldOutRow


@dataclass(frozen=True, slots=True)
class Inputs:
    """One dataset version, in training's words."""

    data: TrainingSet
    heldout: tuple[HeldOutRow, ...]
    """Corrections that training never sees; thumbs are not measured."""
    flag_ids: tuple[str, ...]
    """Every flag in the version, held-out ones too."""
    trained_flag_ids: tuple[str, ...]


def read_inputs(home: Home) -> Inputs:
    """Build the version of what is approved now.

    Raises:
        GateRefused: If no flag may be trained on.
    """
    return inputs_of(build(home))


def inputs_of(version: DatasetVersion) -> Inputs:
    """A dataset version that was built already."""
    return Inputs(
        data=training_set(version),
        heldout=tuple(
            HeldOutRow(
                flag_id=row.flag_ids[0],
                group=row.session or row.flag_ids[0],
                prompt=_messages(row.prompt),
                correction=row.correction,
                flagged=row.flagged,
            )
            for row in version.heldout
            if row.correction
        ),
        flag_ids=version.flag_ids,
        trained_flag_ids=version.training_flag_ids,
    )


def training_set(version: DatasetVersion) -> TrainingSet:
    """The rows and pairs of a version; its hash is that of its dataset.json.

    An erased flag changes that file, so a run never passes for one on the rows before.
    """
    return TrainingSet(
        name=version.name,
        sha256=hashlib.sha256((version.path / "dataset.json").read_bytes()).hexdigest(),
        rows=tuple(Row(_messages(row.prompt), row.completion[0].content) for row in version.sft),
        pairs=tuple(
            Pair(_messages(row.prompt), row.chosen[0].content, row.rejected[0].content)
            for row in version.dpo
        ),
    )


def open_dataset(folder: Path) -> TrainingSet:
    """The dataset version in a folder.

    Raises:
        NotFound: If there is none.
        StoreError: If its files are damaged.
    """
    return training_set(DatasetVersion.load(folder))


def _messages(turns: Sequence[Turn]) -> tuple[Message, ...]:
    return tuple(from_dict({"role": turn.role, "content": turn.content}) for turn in turns)


class Marks:
    """Notes how far flags have come, so that their authors can see it."""

    def __init__(self, home: Home) -> None:
        self._progress = Progress(home)

    def trained(self, flag_ids: Sequence[str], run: str) -> None:
        """A run reads them."""
        self._progress.mark(flag_ids, "run", run)

    def released(self, flag_ids: Sequence[str], release: str) -> None:
        """A release was made from them."""
        self._progress.mark(flag_ids, "release", release)

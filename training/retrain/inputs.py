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
from training.data import Pair, Row, Thumb, TrainingSet
from training.gate.form import APPS
from training.gate.measured import HeldOutRow


@dataclass(frozen=True, slots=True)
class Inputs:
    """One dataset version, in training's words."""

    data: TrainingSet
    heldout: tuple[HeldOutRow, ...]
    """Corrections that training never sees; thumbs are not measured."""
    flag_ids: tuple[str, ...]
    """Every flag in the version, held-out ones too."""
    trained_flag_ids: tuple[str, ...]
    good: int = 0
    """Thumbs up, of which only a kto part learns."""
    bad: int = 0
    licence: str = ""
    """Of the rows."""
    files: tuple[tuple[str, str], ...] = ()
    """Name and SHA-256 of each file of rows."""


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
                prompt=under_current_prompt(row.app, _messages(row.prompt)),
                correction=row.correction,
                flagged=row.flagged,
                reasons=row.reasons,
            )
            for row in version.heldout
            if row.correction
        ),
        flag_ids=version.flag_ids,
        trained_flag_ids=version.training_flag_ids,
        good=sum(row.label for row in version.kto),
        bad=sum(not row.label for row in version.kto),
        licence=version.card.licence,
        files=tuple((f"{kind}.jsonl", note.sha256) for kind, note in version.card.files.items()),
    )


_OWN_PROMPT = {app: system for system, app in APPS.items() if app not in ("chat", "code")}
"""Apps whose system prompt nobody can change; in chat and code it may be the person's own."""


def under_current_prompt(app: str, prompt: tuple[Message, ...]) -> tuple[Message, ...]:
    """The same question under the prompt that the app uses now.

    Both models are then measured as they would be asked today: a better prompt since the flag was
    sent is not taken for a better model.
    """
    current = _OWN_PROMPT.get(app)
    if current is None or not prompt or prompt[0].role != "system":
        return prompt
    return (Message("system", current), *prompt[1:])


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
        thumbs=tuple(
            Thumb(_messages(row.prompt), row.completion[0].content, row.label)
            for row in version.kto
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

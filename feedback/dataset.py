"""A dataset version: the folder that training reads, named by the hash of what is in it.

`dataset.json` says for every row which flags it came from, why, and what their authors allow.
Rows are JSON lines in the form that trainers take (messages under `prompt`, `completion`,
`chosen`, `rejected`). A version is never changed, with one exception: when a flag is erased its
rows go, and `erased` says so.
"""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import Field, ValidationError

from feedback.prepared import forget_prepared
from feedback.records import Consent, Record
from feedback.rows import (
    KINDS,
    DpoRow,
    HeldOutRow,
    Kind,
    KtoRow,
    R,
    Row,
    Rows,
    SftRow,
    as_lines,
    unless,
)
from shared.durable import publish_folder, replace_text
from shared.errors import NotFound, StoreError
from shared.home import Home
from shared.ids import new_id

LICENCE = "CC-BY-4.0"
NAME_DIGITS = 16


class FileNote(Record):
    """One file of rows."""

    rows: int
    sha256: str


class RowNote(Record):
    """Where one row comes from, in the order of its file."""

    flag_ids: tuple[str, ...]
    reasons: tuple[str, ...]
    consent: Consent


class SplitNote(Record):
    """How rows were held out."""

    share: float
    """What was aimed at."""
    flags_training: int
    flags_held_out: int
    owners_training: int
    owners_held_out: int


class Card(Record):
    """`dataset.json`."""

    schema_version: Literal[1] = 1
    licence: str = LICENCE
    flag_ids: tuple[str, ...]
    """Every flag that is in any row, oldest first."""
    apps: dict[str, int]
    """Flags per app."""
    reasons: dict[str, int]
    verdicts: dict[str, int]
    left_out: dict[str, int]
    """Why flags are not in here, and how many."""
    split: SplitNote
    replay: dict[str, int] = Field(default_factory=dict)
    """Rows of old good answers that training mixes in, by source."""
    files: dict[Kind, FileNote]
    rows: dict[Kind, tuple[RowNote, ...]]
    notes: tuple[str, ...] = ()
    """What a reader of the numbers should know."""
    erased: tuple[str, ...] = ()
    """Flags whose rows were taken out after the version was built; its name stays."""


class DatasetVersion:
    """A dataset version on disk."""

    def __init__(self, path: Path, card: Card) -> None:
        self.path = path
        self.card = card

    @property
    def name(self) -> str:
        """The hash that names it."""
        return self.path.name

    @property
    def flag_ids(self) -> tuple[str, ...]:
        """Every flag in it, held-out ones too."""
        return self.card.flag_ids

    @property
    def training_flag_ids(self) -> tuple[str, ...]:
        """The flags that a run learns from."""
        notes = [note for kind in KINDS if kind != "heldout" for note in self.card.rows[kind]]
        return tuple(sorted({flag_id for note in notes for flag_id in note.flag_ids}))

    @property
    def sft(self) -> list[SftRow]:
        """Answers to learn."""
        return self._read("sft", SftRow)

    @property
    def dpo(self) -> list[DpoRow]:
        """Pairs."""
        return self._read("dpo", DpoRow)

    @property
    def kto(self) -> list[KtoRow]:
        """Thumbs."""
        return self._read("kto", KtoRow)

    @property
    def heldout(self) -> list[HeldOutRow]:
        """What training must not see."""
        return self._read("heldout", HeldOutRow)

    @classmethod
    def load(cls, path: Path) -> "DatasetVersion":
        """Open a version and check that its files are the ones it was built with.

        Raises:
            NotFound: If there is no version in this folder.
            StoreError: If a file is damaged.
        """
        try:
            card = Card.model_validate_json((path / "dataset.json").read_bytes())
        except FileNotFoundError as error:
            raise NotFound(
                f"{path} is not a dataset version.", fix="`inkloop flags export` builds one."
            ) from error
        except ValidationError as error:
            raise StoreError(
                f"{path / 'dataset.json'} is damaged.", fix="Delete the folder and export again."
            ) from error
        for kind, note in card.files.items():
            file = path / f"{kind}.jsonl"
            if not file.is_file() or _sha256(file.read_bytes()) != note.sha256:
                raise StoreError(
                    f"{kind}.jsonl of dataset version {path.name} is not the one that was built.",
                    fix="Delete the folder and export again.",
                )
        return cls(path, card)

    def without(self, flag_ids: Iterable[str]) -> None:
        """Take the rows of erased flags out, in place; the name stays and the card tells."""
        gone = set(flag_ids) & set(self.flag_ids)
        kept: Rows = {
            "sft": unless(self.sft, gone),
            "dpo": unless(self.dpo, gone),
            "kto": unless(self.kto, gone),
            "heldout": unless(self.heldout, gone),
        }
        texts = {kind: as_lines(rows) for kind, rows in kept.items()}
        self.card = self.card.model_copy(
            update={
                "flag_ids": tuple(i for i in self.flag_ids if i not in gone),
                "files": notes_of_files(kept, texts),
                "rows": notes_of_rows(kept),
                "erased": tuple(sorted({*self.card.erased, *gone})),
            }
        )
        for kind, text in texts.items():
            replace_text(self.path / f"{kind}.jsonl", text)
        replace_text(self.path / "dataset.json", _as_json(self.card))

    def _read(self, kind: Kind, row: type[R]) -> list[R]:
        lines = (self.path / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")
        return [row.model_validate_json(line) for line in lines if line]


@contextlib.contextmanager
def building(home: Home) -> Iterator[None]:
    """One process at a time builds versions or takes erased flags out of them."""
    home.datasets.mkdir(parents=True, exist_ok=True)
    with FileLock(home.datasets / ".lock"):
        # What a killed process left behind may hold words that somebody has erased since.
        for left in home.datasets.glob(".*/"):
            shutil.rmtree(left)
        yield


class Draft:
    """A version while it is written: rows one by one, then the card, then its name."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder = home.datasets / f".{new_id()}"
        self._notes: dict[Kind, list[RowNote]] = {kind: [] for kind in KINDS}
        self._digests = {kind: hashlib.sha256() for kind in KINDS}
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> "Draft":
        """Begin."""
        self._folder.mkdir(parents=True)
        self._files = {
            kind: self._opened.enter_context((self._folder / f"{kind}.jsonl").open("wb"))
            for kind in KINDS
        }
        return self

    def __exit__(self, *_: object) -> None:
        """End; what was not finished goes."""
        self._opened.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, kind: Kind, row: Row) -> None:
        """Write one more row."""
        data = as_lines([row]).encode()
        self._files[kind].write(data)
        self._digests[kind].update(data)
        self._notes[kind].append(note_of(row))

    def finish(
        self, card: Callable[[dict[Kind, FileNote], dict[Kind, tuple[RowNote, ...]]], Card]
    ) -> DatasetVersion:
        """Put the version into its folder in one step; one that is there already is left alone."""
        self._opened.close()
        files = {
            kind: FileNote(rows=len(self._notes[kind]), sha256=self._digests[kind].hexdigest())
            for kind in KINDS
        }
        told = card(files, {kind: tuple(notes) for kind, notes in self._notes.items()})
        text = _as_json(told)
        target = self._home.datasets / _sha256(text.encode())[:NAME_DIGITS]
        if (target / "dataset.json").is_file():
            return DatasetVersion.load(target)
        (self._folder / "dataset.json").write_text(text, encoding="utf-8")
        publish_folder(self._folder, target)
        return DatasetVersion(target, told)


def versions(home: Home) -> list[DatasetVersion]:
    """All versions of a home, oldest first."""
    return [DatasetVersion.load(path) for path in _folders(home)]


def _folders(home: Home) -> list[Path]:
    cards = sorted(home.datasets.glob("*/dataset.json"), key=lambda path: path.stat().st_mtime_ns)
    return [card.parent for card in cards if card.parent.name[0] != "."]


def _flags_in(path: Path) -> set[str]:
    """Flags of a version, by its card alone: its rows need not be read to know that."""
    try:
        return set(Card.model_validate_json((path / "dataset.json").read_bytes()).flag_ids)
    except ValidationError:
        return set(DatasetVersion.load(path).flag_ids)


def strip_versions(home: Home, flag_ids: Iterable[str]) -> list[str]:
    """Take flags out of every dataset version on disk; names of those that had any."""
    ids = set(flag_ids)
    reached: list[str] = []
    if home.datasets.is_dir():
        with building(home):
            for path in _folders(home):
                if ids & _flags_in(path):
                    # Before the version: cut short in between, both are done again.
                    forget_prepared(home, [path])
                    DatasetVersion.load(path).without(ids)
                    reached.append(path.name)
    return reached


def notes_of_files(rows: Rows, texts: dict[Kind, str]) -> dict[Kind, FileNote]:
    """Size and hash of each file."""
    return {
        kind: FileNote(rows=len(rows[kind]), sha256=_sha256(text.encode()))
        for kind, text in texts.items()
    }


def notes_of_rows(rows: Rows) -> dict[Kind, tuple[RowNote, ...]]:
    """Where each row comes from."""
    return {kind: tuple(note_of(row) for row in some) for kind, some in rows.items()}


def note_of(row: Row) -> RowNote:
    """Where a row comes from."""
    return RowNote(flag_ids=row.flag_ids, reasons=row.reasons, consent=row.consent)


def _as_json(card: Card) -> str:
    return json.dumps(card.model_dump(mode="json"), ensure_ascii=False, indent=1, sort_keys=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

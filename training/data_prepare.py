"""From sources to the three sides of a run: rows to train on, to choose by, and to test with.

Rows flow from source to file one at a time, so a set may be larger than memory; what stays there is
a few numbers per row. The result is written once, into a folder named by everything that decides
it, and `data.json` last: a folder without it is not finished and is made again.
"""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from shared.durable import replace_text, sha256_of
from shared.errors import TrainingError
from training.data_clean import Evaluated
from training.data_filters import rules
from training.data_forms import Kind, Sample, samples
from training.data_mix import keep_shares
from training.data_near import Seen, exact_key
from training.data_read import fingerprint, rows_of
from training.data_stats import Stats
from training.recipe_data import Data, Source, Splits

Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = ("train", "validation", "test")
ABOUT = "data.json"
FORMAT = 1
"""Raised when the same recipe would be prepared to other rows."""
_GENERAL_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows that are ready to be read, in a folder of their own."""

    folder: Path
    about: dict[str, Any]

    @property
    def name(self) -> str:
        """What a person recognises it by."""
        return ", ".join(source["path"] for source in self.about["sources"])

    @property
    def sha256(self) -> str:
        """Hash of the rows of all three sides."""
        return str(self.about["sha256"])

    @property
    def kind(self) -> Kind:
        """What the rows are."""
        return self.about["kind"]

    def rows(self, side: Side) -> int:
        """How many rows there are on one side."""
        return int(self.about["rows"][side])

    def file(self, side: Side) -> Path:
        """One JSON object per row."""
        return self.folder / f"{side}.jsonl"


def prepare(data: Data, under: Path) -> Prepared:
    """Make the rows of a recipe, or find those that were made before.

    Raises:
        TrainingError: If a source cannot be read, a row has no known form, or nothing is left.
    """
    folder = under / "data" / key_of(data)[:12]
    if (folder / ABOUT).is_file():
        return Prepared(folder, json.loads((folder / ABOUT).read_text(encoding="utf-8")))
    folder.mkdir(parents=True, exist_ok=True)
    about = _Writing(data, folder).run()
    replace_text(folder / ABOUT, json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    return Prepared(folder, about)


def key_of(data: Data) -> str:
    """Hash of all that decides which rows come out."""
    told = data.model_dump(mode="json", include={"sources", "filters", "splits"})
    prints = [fingerprint(source) for source in data.sources]
    prints += [str(_print_of(name)) for name in data.filters.decontaminate]
    if data.filters.relevant is not None and data.filters.relevant.like:
        prints.append(str(_print_of(data.filters.relevant.like)))
    text = json.dumps([FORMAT, told, prints], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _print_of(name: str) -> str:
    path = Path(name).expanduser()
    return sha256_of(path) if path.is_file() else name


@dataclass
class _Writing:
    """One preparation while it goes on."""

    data: Data
    folder: Path
    kinds: set[Kind] = field(default_factory=set)
    dropped: list[Counter[str]] = field(default_factory=list)
    stats: dict[Side, Stats] = field(default_factory=dict)
    taken: list[Counter[Side]] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        """Write the three files; returns what goes into data.json."""
        self.stats = {side: Stats() for side in SIDES}
        files: dict[Side, IO[str]] = {
            side: (self.folder / f"{side}.jsonl").open("w", encoding="utf-8") for side in SIDES
        }
        try:
            self._write(files)
        finally:
            for file in files.values():
                file.close()
        rows = keep_shares(self.folder / "train.jsonl", [s.weight for s in self.data.sources])
        return self._about(rows)

    def _write(self, files: dict[Side, IO[str]]) -> None:
        filters = self.data.filters
        seen = Seen(exact=filters.exact_duplicates, near=filters.near_duplicates)
        evaluated = Evaluated(filters.decontaminate)
        sides = _Sides(self.data.splits)
        for number, source in enumerate(self.data.sources):
            self.dropped.append(Counter())
            self.taken.append(Counter())
            general = _general(source) if filters.relevant and filters.relevant.like else ()
            stays = rules(filters, general=general)
            for sample in _samples(source):
                if sides.full:
                    return
                text = sample.text()
                why = stays.broken(sample) or seen.repeats(text)
                why = why or ("in an evaluation set" if evaluated.quoted_in(text) else "")
                side = None if why else sides.of(sample)
                if side is None:
                    self.dropped[number][why or "question on another side"] += 1
                    continue
                self._add(sample, side, number, files[side])

    def _add(self, sample: Sample, side: Side, source: int, file: IO[str]) -> None:
        self.kinds.add(sample.kind)
        self.stats[side].add(sample)
        self.taken[source][side] += 1
        row = {**sample.as_columns(), "source": source}
        file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _about(self, trained: Sequence[int]) -> dict[str, Any]:
        if len(self.kinds) != 1 or not sum(trained):
            raise TrainingError(self._wrong(), fix="See data.sources and data.filters.")
        sources = [
            {**source.model_dump(mode="json"), "dropped": dict(dropped), "rows_kept": dict(taken)}
            for source, dropped, taken in zip(
                self.data.sources, self.dropped, self.taken, strict=False
            )
        ]
        for one, rows in zip(sources, trained, strict=False):
            one["rows_trained_on"] = rows
        sides = {side: self.folder / f"{side}.jsonl" for side in SIDES}
        hashes = {side: sha256_of(path) for side, path in sides.items()}
        counts: dict[str, int] = {side: self.stats[side].rows for side in SIDES}
        return {
            "kind": next(iter(self.kinds)),
            "rows": counts | {"train": sum(trained)},
            "sha256": hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
            "files": hashes,
            "sources": sources,
            "filters": self.data.filters.model_dump(mode="json"),
            "splits": self.data.splits.model_dump(mode="json"),
            "stats": {side: self.stats[side].as_dict() for side in SIDES},
        }

    def _wrong(self) -> str:
        if len(self.kinds) > 1:
            return f"The sources hold rows of different kinds: {', '.join(sorted(self.kinds))}."
        why = sum(self.dropped, Counter())
        told = ", ".join(f"{count} {name}" for name, count in why.most_common())
        return f"No row is left to train on ({told or 'the sources are empty'})."


class _Sides:
    """Which side a row falls on."""

    def __init__(self, splits: Splits) -> None:
        self._splits = splits
        self._questions: dict[bytes, Side] = {}
        self._counts: Counter[Side] = Counter()
        bounds: dict[Side, float] = {
            "train": splits.train,
            "validation": splits.validation,
            "test": splits.test,
        }
        # In order; a side without a number takes what the others leave, so it comes last.
        self._bounds = sorted(bounds.items(), key=lambda item: not item[1] and item[0] == "train")

    @property
    def full(self) -> bool:
        """Whether no further row will be taken."""
        splits = self._splits
        if splits.by == "hash" or not splits.train:
            return False
        return all(self._counts[side] >= bound for side, bound in self._bounds)

    def of(self, sample: Sample) -> Side | None:
        """The side of a row; None when its question is on another side already."""
        question = exact_key(sample.question())
        if self._splits.by == "hash":
            return self._by_hash(question)
        known = self._questions.get(question)
        side = self._next()
        if known not in (None, side):
            return None
        self._questions[question] = side
        self._counts[side] += 1
        return side

    def _by_hash(self, question: bytes) -> Side:
        place = int.from_bytes(question[:8], "big") / 2**64
        if place < self._splits.test:
            return "test"
        return "validation" if place < self._splits.test + self._splits.validation else "train"

    def _next(self) -> Side:
        open_sides = (side for side, bound in self._bounds if self._counts[side] < bound)
        return next(open_sides, "train")


def _samples(source: Source) -> Iterator[Sample]:
    return iter(samples(rows_of(source), form=source.form, where=source.path))


def _general(source: Source) -> Iterator[Sample]:
    """The first rows of a source: what its words are usually like."""
    return itertools.islice(_samples(source), _GENERAL_ROWS)

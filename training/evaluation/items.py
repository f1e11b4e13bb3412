"""The benchmarks' items from local files, in the columns that lm-eval's own tasks read.

    FOLDER/hellaswag/*.jsonl[.gz]  or one folder deeper   query, choices, gold
    FOLDER/arc/*.jsonl             or FOLDER/gauntlet/arc_challenge.jsonl   query, choices, gold
    FOLDER/mmlu/SUBJECT/test.arrow, dev.arrow             question, choices, answer
    FOLDER/truthfulqa/TruthfulQA.csv                      Question, Correct/Incorrect Answers

What such a file holds may be a part of the benchmark; how large the whole is stands in `WHOLE`, and
both are said wherever a score is shown.
"""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.ipc

from shared.errors import NotFound, TrainingError

WHOLE = {"hellaswag": 10_042, "arc_challenge": 1_172, "mmlu_stem": 3_153, "truthfulqa_mc2": 817}
"""Items of the split that lm-eval measures on."""
Doc = dict[str, Any]


def hellaswag(folder: Path) -> list[Doc]:
    """Items as they are after lm-eval's own cleaning of the texts."""
    docs: dict[str, Doc] = {}
    for row in _lines(_first(folder, "hellaswag/**/*rc*/*.jsonl.gz", "hellaswag/**/*.jsonl*")):
        doc = row.get("doc", row)
        docs.setdefault(
            doc["query"],
            {"query": doc["query"], "choices": doc["choices"], "label": str(doc["gold"])},
        )
    return list(docs.values())


def arc_challenge(folder: Path) -> list[Doc]:
    """Items with letters put before the choices, as the set on the Hub has them."""
    found = _first(folder, "gauntlet/arc_challenge.jsonl", "arc/*.jsonl", "arc_challenge/*.jsonl")
    docs = []
    for row in _lines(found):
        letters = [chr(ord("A") + at) for at in range(len(row["choices"]))]
        docs.append(
            {
                "question": row["query"].removeprefix("Question: "),
                "choices": {"text": row["choices"], "label": letters},
                "answerKey": letters[row["gold"]],
            }
        )
    return docs


def mmlu(subject: str, folder: Path) -> dict[str, list[Doc]]:
    """The test items of a subject, and `dev` for examples in the prompt."""
    place = folder / "mmlu" / subject
    if not (place / "test.arrow").is_file():
        raise _missing(folder, f"mmlu/{subject}/test.arrow")
    splits = [name for name in ("test", "dev") if (place / f"{name}.arrow").is_file()]
    return {split: _arrow(place / f"{split}.arrow") for split in splits}


def truthfulqa(folder: Path) -> list[Doc]:
    """True and false answers of each question, split at the semicolons of the published table."""
    path = _first(folder, "truthfulqa/TruthfulQA.csv")
    text = path.read_text(encoding="utf-8-sig").lstrip("\ufeff\r\n")
    docs = []
    for row in csv.DictReader(text.splitlines()):
        right, wrong = _answers(row["Correct Answers"]), _answers(row["Incorrect Answers"])
        docs.append(
            {
                "question": row["Question"].strip(),
                "mc2_targets": {
                    "choices": [*right, *wrong],
                    "labels": [1] * len(right) + [0] * len(wrong),
                },
            }
        )
    return docs


def _answers(cell: str) -> list[str]:
    return [each.strip() for each in cell.split(";") if each.strip()]


def _first(folder: Path, *patterns: str) -> Path:
    for pattern in patterns:
        found = sorted(folder.glob(pattern))
        if found:
            return found[0]
    raise _missing(folder, patterns[0])


def _missing(folder: Path, wanted: str) -> NotFound:
    return NotFound(
        f"{folder} has no {wanted}.", fix="Name another folder with --items, or leave the task out."
    )


def _lines(path: Path) -> Iterator[Doc]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise TrainingError(f"Line {number} of {path} is not JSON.") from error


def _arrow(path: Path) -> list[Doc]:
    with path.open("rb") as file, pyarrow.ipc.open_stream(file) as stream:
        rows: list[Doc] = stream.read_all().to_pylist()
    return rows

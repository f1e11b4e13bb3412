"""A run is measured on the rows that it did not learn from, found by what it is called."""

import json
from pathlib import Path

import pytest

from shared.errors import BadRequest, InkloopError, TrainingError
from shared.home import Home
from shared.models.demo import DEMO_GGUF
from training.data_prepare import Prepared, prepare
from training.evaluation.models import Subject, find_subject
from training.evaluation.own_rows import rows_for
from training.folder import RunFolder
from training.recipe_data import Data

ROWS = [{"prompt": f"Which is number {n}?", "completion": f"It is {n}."} for n in range(40)]


@pytest.fixture
def home(home_of_its_own: Path) -> Home:
    return Home(home_of_its_own).prepare()


def rows_of_a_recipe(home: Home, file: Path, test: int = 6) -> Prepared:
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    splits = {"by": "order", "train": 20, "validation": 4, "test": test}
    data = Data.model_validate({"sources": [{"path": str(file)}], "splits": splits})
    return prepare(data, home.runs)


def run_on(home: Home, sha256: str, name: str = "mine") -> RunFolder:
    """A complete run, as far as its rows and its export are concerned."""
    folder = RunFolder(home.runs / f"{name}-0123456789ab")
    folder.root.mkdir(parents=True)
    folder.recipe.write_text(f"name: {name}\n")
    folder.write_metrics({"dataset_sha256": sha256})
    return folder


def exported(run: RunFolder, folder: str = "export") -> None:
    report = {"gguf": str(DEMO_GGUF), "gguf_sha256": "0" * 64, "adapter": ""}
    (run.root / folder).mkdir()
    (run.root / folder / "export.json").write_text(json.dumps(report))


def subject(run: RunFolder | None) -> Subject:
    return Subject("demo" if run is None else run.root.name, DEMO_GGUF, "0" * 64, run)


def test_a_runs_own_test_rows_are_asked_by_themselves(home: Home, tmp_path: Path) -> None:
    made = rows_of_a_recipe(home, tmp_path / "rows.jsonl")
    models = [subject(None), subject(run_on(home, made.sha256))]
    found = rows_for(models, data=None, side="", limit=100)
    assert len(found.rows) == 6
    assert found.rows[0].prompt[0].content == ROWS[24]["prompt"]
    assert found.rows[0].completion == ROWS[24]["completion"]
    assert found.whose == "6 for test of mine-0123456789ab, which did not learn from them"
    chosen = rows_for(models, data=None, side="validation", limit=3)
    assert [row.completion for row in chosen.rows] == [r["completion"] for r in ROWS[20:23]]


def test_it_is_said_where_another_run_may_have_learned_from_them(
    home: Home, tmp_path: Path
) -> None:
    first = run_on(home, rows_of_a_recipe(home, tmp_path / "rows.jsonl").sha256)
    other = run_on(home, "of other rows", "other")
    found = rows_for([subject(first), subject(other)], data=None, side="", limit=4)
    assert found.whose.endswith("; other-0123456789ab may have")


def test_without_rows_of_their_own_the_guarded_ones_are_asked(home: Home) -> None:
    models = [subject(run_on(home, "of nothing that is here"))]
    assert "the gate guards" in rows_for(models, data=None, side="", limit=2).whose
    with pytest.raises(BadRequest, match="a run with test rows"):
        rows_for(models, data=None, side="test", limit=2)


@pytest.mark.parametrize(("content", "says"), [(b"", "no row"), (b"\xff\xfe\x00", "no text")])
def test_a_file_without_rows_is_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(content)
    with pytest.raises(TrainingError, match=says):
        rows_for([], data=file, side="", limit=2)


def test_a_run_is_found_by_its_recipe_and_with_any_file_type(home: Home) -> None:
    run = run_on(home, "")
    with pytest.raises(InkloopError, match=r"no GGUF yet.*inkloop export mine-0123456789ab"):
        find_subject("mine", home)
    exported(run, "export-f16")
    found = find_subject("mine", home)
    assert (found.name, found.path) == (run.root.name, DEMO_GGUF)


@pytest.mark.parametrize(
    ("name", "says"),
    [("notes.txt", "no GGUF file"), ("folder", "a folder"), ("gone", "release")],
)
def test_what_is_no_model_is_told_apart(home: Home, tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "notes.txt").write_text("Not a model.")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InkloopError, match=says):
        find_subject(str(tmp_path / name), home)

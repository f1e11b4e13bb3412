"""A set on the Hub is read as a stream: no more than is asked for, none of it onto the disk."""

import json
from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest
from huggingface_hub import HfApi

from shared.errors import TrainingError
from tests.loopback_hub import TOKEN, LoopbackHub
from training.data_prepare import prepare
from training.data_read import rows_of
from training.recipe_data import Data, Source

REPO = "somebody/many-rows"
ROWS_PER_FILE = 6_000
ANSWER = "A long answer about it. " * 100
"""So that a file has 15 megabytes, of which a reader takes five at a time."""


def question(number: int) -> str:
    return f"What is thing number {number}?"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "data"
    folder.mkdir()
    for part in range(2):
        with (folder / f"train-{part}.jsonl").open("w") as file:
            for number in range(ROWS_PER_FILE):
                asked = question(part * ROWS_PER_FILE + number)
                row = {"prompt": asked, "completion": f"{number}. {ANSWER}"}
                file.write(json.dumps(row) + "\n")
    return folder


@pytest.fixture
def hub(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub.started() as started:
        started.point_here(monkeypatch)
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", started.url)
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
        api = HfApi(endpoint=started.url, token=TOKEN)
        api.create_repo(REPO, repo_type="dataset")
        api.upload_folder(repo_id=REPO, repo_type="dataset", folder_path=files, path_in_repo="data")
        started.store.log.clear()
        yield started


def test_the_first_rows_are_prepared_without_fetching_the_rest(
    hub: LoopbackHub, tmp_path: Path
) -> None:
    source = {"path": REPO, "rows": 40, "form": "prompt_completion"}
    splits = {"by": "order", "train": 30, "validation": 5, "test": 5}
    made = prepare(Data.model_validate({"sources": [source], "splits": splits}), tmp_path / "runs")
    assert made.about["rows"] == {"train": 30, "validation": 5, "test": 5}
    first = json.loads(made.file("train").read_text().splitlines()[0])
    assert first["messages"][0]["content"] == question(0)
    fetched = [line for line in hub.store.log if line.startswith("GET") and ".jsonl" in line]
    assert fetched
    assert not [line for line in fetched if "train-1" in line]  # the second file is not needed
    assert len([line for line in fetched if line.endswith("206")]) < 3  # nor all of the first
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in left) < 1_000_000


def test_all_rows_come_in_their_order(hub: LoopbackHub) -> None:
    asked = [row["prompt"] for row in rows_of(Source(path=REPO))]
    assert asked == [question(number) for number in range(2 * ROWS_PER_FILE)]


def test_a_set_that_the_hub_does_not_have_is_one_sentence(hub: LoopbackHub) -> None:
    with pytest.raises(TrainingError, match="nobody/nothing cannot be fetched from the Hub"):
        list(rows_of(Source(path="nobody/nothing")))

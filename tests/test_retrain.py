"""What a retrain looks at before it works: what is served, what is there, who is writing."""

import hashlib
import io
import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from feedback.curate import build
from shared.cli import run
from shared.errors import GateRefused, HubError, StoreError, TrainingError
from shared.formats import poetry
from shared.home import Home
from shared.messages import Message
from shared.models.demo import DEMO_GGUF, DEMO_NAME
from shared.models.select import pin_model
from shared.releases import ReleaseStore
from tests.feedback_room import Room
from training.data import Pair, Row, TrainingSet
from training.export.make import REPORT
from training.folder import RunFolder
from training.gate.limits import load as load_limits
from training.recipe import load, parse
from training.retrain.inputs import Inputs, under_current_prompt
from training.retrain.jobs import HubJobs
from training.retrain.jobs import script as job_script
from training.retrain.licences import Used, inherit, licence_of_folder
from training.retrain.manners import Considerate
from training.retrain.needs import counts_of, in_words, missing
from training.retrain.served import check_served
from training.retrain.wanted import Prepared, Wanted
from training.retrain.where import Errand, State, train_elsewhere
from training.retrain.whole import check_export, check_run
from training.run import Job, find_base

LIMITS = load_limits()


def test_a_model_that_was_chosen_by_hand_is_not_replaced(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    other = tmp_path / "other.gguf"
    shutil.copy(DEMO_GGUF, other)
    pin_model(home, str(other))
    with pytest.raises(TrainingError, match=r"other is served.*--no-promote"):
        check_served(home, ReleaseStore(home.releases), find_base(DEMO_NAME))


def test_the_base_itself_may_be_replaced_by_its_release(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    check_served(home, ReleaseStore(home.releases), find_base(DEMO_NAME))


def content(root: Path) -> dict[str, str]:
    """Every file with its hash; locks, and what SQLite keeps beside a file, aside."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.endswith((".lock", "-shm", "-wal"))
    }


def test_a_dry_run_changes_nothing(
    home_of_its_own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Room.opened(home_of_its_own) as room:
        receipts = [room.complain(f"person {n}", f"Question {n}?") for n in range(6)]
        room.approve(*receipts)
    before = content(home_of_its_own)
    assert run(["retrain", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "About 4 corrected rows" in said
    assert "Missing: 1 more held-out corrections (2 of 3)" in said
    assert content(home_of_its_own) == before
    assert not (home_of_its_own / "datasets").exists()
    with Room.opened(home_of_its_own) as room:
        assert {room.state(receipt) for receipt in receipts} == {"approved"}


def test_cron_ends_in_peace_while_something_is_missing(
    home_of_its_own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Room.opened(home_of_its_own) as room:
        room.approve(room.complain("ada", "Who?"))
    assert run(["retrain", "--if-enough"]) == 0
    assert "Missing" in capsys.readouterr().out
    assert not (home_of_its_own / "runs").exists()


def inputs(*, corrections: int, pairs: int = 0, good: int = 0, bad: int = 0) -> Inputs:
    row = Row((Message("user", "Who?"),), "Ada.")
    pair = Pair(row.prompt, "Ada.", "Bob.")
    data = TrainingSet("0123456789abcdef", "a" * 64, (row,) * corrections, (pair,) * pairs)
    return Inputs(data, heldout=(), flag_ids=(), trained_flag_ids=(), good=good, bad=bad)


@pytest.mark.parametrize(
    ("part", "found", "lacking"),
    [
        ("sft", inputs(corrections=49), ["1 more corrected rows (49 of 50)"]),
        ("dpo", inputs(corrections=50, pairs=20), ["30 more pairs (20 of 50)"]),
        (
            "kto",
            inputs(corrections=50, good=80, bad=10),
            ["10 more thumbs (90 of 100)", "20 more bad answers (10 of 30)"],
        ),
    ],
)
def test_what_is_missing_is_counted_by_method_and_kind(
    part: str, found: Inputs, lacking: list[str]
) -> None:
    recipe = parse({"name": "any", part: {}})
    held = [words for words in missing(counts_of(found), recipe, LIMITS) if "held-out" not in words]
    assert held == lacking


def test_too_little_is_a_no_that_names_what_is_missing() -> None:
    recipe = load(Path("demo-retrain"))
    found = inputs(corrections=1)
    prepared = Prepared(found, Job(recipe, found.data, find_base(DEMO_NAME)), LIMITS)
    with pytest.raises(GateRefused, match=r"2 more corrected rows \(1 of 3\), 3 more held-out"):
        prepared.check()


def test_the_smallest_effect_that_would_be_seen_is_said_before() -> None:
    counts = counts_of(inputs(corrections=60))
    words = in_words(counts, load(Path("demo-retrain")), LIMITS)
    assert "standard deviations" not in words
    held = replace(counts, heldout=49)
    assert "0.40 standard deviations" in in_words(held, load(Path("demo-retrain")), LIMITS)


def test_both_models_are_asked_under_the_prompt_of_today() -> None:
    asked = (Message("system", "An old prompt."), Message("user", "Form: haiku"))
    assert under_current_prompt("poetry", asked)[0].content == poetry.SYSTEM
    assert under_current_prompt("chat", asked) == asked  # it may be the person's own


@pytest.mark.parametrize(
    ("release", "licence", "used", "complaint"),
    [
        ("demo", "llama3.2", "llama3.2", "must begin with “Llama”"),
        ("Llama-mine", "apache-2.0", "llama3.2", "cannot be under apache-2.0"),
        ("demo", "apache-2.0", "cc-by-sa-4.0", "does not allow apache-2.0"),
        ("demo", "apache-2.0", "cc-by-nc-4.0", "forbids trade"),
        ("demo", "cc-by-nc-4.0", "cc-by-nd-4.0", "allows nothing to be made"),
    ],
)
def test_licences_that_do_not_go_together_stop_a_release(
    release: str, licence: str, used: str, complaint: str
) -> None:
    with pytest.raises(TrainingError, match=complaint):
        inherit(release, licence, [Used("The base model", used)])


def test_a_llama_release_carries_its_notice_and_a_free_one_none() -> None:
    llama = inherit("Llama-mine", "llama3.2", [Used("The base model", "llama3.2")])
    assert "Built with Llama" in llama.notices[0]
    assert inherit("demo", "apache-2.0", [Used("The rows", "CC-BY-4.0")]).notices == ()


def test_a_model_folder_says_its_licence_in_its_card(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: Apache-2.0\n---\n# A model\n")
    assert licence_of_folder(tmp_path) == "apache-2.0"
    (tmp_path / "README.md").write_text("---\nlicense: [\n---\n")
    assert licence_of_folder(tmp_path) == ""


class Clock:
    """Time that passes only when somebody works or sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def test_training_waits_while_people_write_but_never_longer_than_it_worked(
    home_of_its_own: Path,
) -> None:
    clock, said = Clock(), []
    with Room.opened(home_of_its_own) as room:
        room.answer()
        room.answers.flush()
        tell = Considerate(room.home.history, said.append, clock.sleep, clock)
        tell("step 1")
        clock.now += 5
        tell("step 2")
    assert said == ["step 1", "step 2", "Somebody is writing; training waits."]
    assert clock.slept == 5


def test_training_does_not_wait_where_nobody_writes(tmp_path: Path) -> None:
    clock, said = Clock(), []
    tell = Considerate(tmp_path / "history.sqlite", said.append, clock.sleep, clock)
    tell("step 1")
    clock.now += 100
    tell("step 2")
    assert (said, clock.slept) == (["step 1", "step 2"], 0.0)


def finished_run(tmp_path: Path) -> RunFolder:
    """A run as a retrain finds it: complete and exported."""
    run = RunFolder(tmp_path / "tiny-0123")
    run.adapter.mkdir(parents=True)
    save_file({"a": np.zeros(4, dtype="float32")}, run.adapter / "adapter_model.safetensors")
    run.write_metrics({"key": "0123"})
    run.export.mkdir()
    (run.export / "tiny.gguf").write_bytes(b"GGUF")
    report = {
        "gguf": "tiny.gguf",
        "gguf_sha256": hashlib.sha256(b"GGUF").hexdigest(),
        "adapter": "",
    }
    (run.export / REPORT).write_text(json.dumps(report))
    check_run(run)
    check_export(run)
    return run


@pytest.mark.parametrize(
    "file", ["metrics.json", "adapter/adapter_model.safetensors", "export/tiny.gguf"]
)
def test_a_damaged_file_of_a_run_is_named_in_one_sentence(tmp_path: Path, file: str) -> None:
    run_folder = finished_run(tmp_path)
    (run_folder.root / file).write_bytes(b"other")
    check = check_export if file.startswith("export/") else check_run
    with pytest.raises(TrainingError, match=rf"{Path(file).name} is missing or not what it was"):
        check(run_folder)


def test_a_model_file_that_went_missing_is_named(tmp_path: Path) -> None:
    run_folder = finished_run(tmp_path)
    (run_folder.export / "tiny.gguf").unlink()
    with pytest.raises(TrainingError, match=r"tiny.gguf is missing.*Delete .*export"):
        check_export(run_folder)


def test_a_dataset_version_without_one_of_its_files_is_named(home_of_its_own: Path) -> None:
    home = Home(home_of_its_own)
    with Room.opened(home.root) as room:
        room.approve(*[room.complain(f"person {n}", f"Question {n}?") for n in range(4)])
    version = build(home)
    (version.path / "sft.jsonl").unlink()
    with pytest.raises(StoreError, match=r"sft.jsonl of dataset version"):
        build(home)


class NextRoom:
    """A place to train that is another folder of this machine, run as a machine elsewhere runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.looked = 0

    def submit(self, errand: Errand) -> str:
        with tarfile.open(fileobj=io.BytesIO(errand.packed)) as archive:
            archive.extractall(self.root, filter="data")
        return "work-1"

    def state(self, work: str) -> tuple[State, str]:
        self.looked += 1
        return ("running", work) if self.looked == 1 else ("done", work)

    def fetch(self, errand: Errand, into: Path) -> None:
        made = finished_run(self.root / errand.name)
        shutil.copytree(made.root, into)


def test_an_errand_holds_the_code_the_recipe_and_the_rows_and_its_run_comes_back(
    home_of_its_own: Path, tmp_path: Path
) -> None:
    home = Home(home_of_its_own)
    with Room.opened(home.root) as room:
        room.approve(*[room.complain(f"person {n}", f"Question {n}?") for n in range(16)])
    there, said = NextRoom(tmp_path / "there"), []
    call = Wanted(home, load(Path("demo-retrain")), LIMITS, said.append)
    train_elsewhere(call, there, sleep=lambda _: None)
    assert load(there.root / "recipe.yaml").sha256() == call.recipe.sha256()
    assert (there.root / "code" / "training" / "run.py").is_file()
    assert not list(there.root.rglob("__pycache__"))
    [run_folder] = home.runs.iterdir()
    [version] = home.datasets.glob("*/dataset.json")
    assert (there.root / "dataset" / "dataset.json").read_bytes() == version.read_bytes()
    train_elsewhere(call, there, sleep=lambda _: None)
    assert there.looked == 2  # the run is here, so nothing is sent again
    assert said == [
        f"{run_folder.name} is trained as work-1.",
        "work-1: work-1",
        f"{run_folder.name} is here.",
    ]


def test_a_job_is_not_sent_off_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLOOP_OFFLINE", "true")
    with pytest.raises(HubError, match="INKLOOP_OFFLINE"):
        HubJobs("user/data").submit(Errand("run", b""))
    script = job_script("user/data", Errand("run-1", b""))
    assert script.index("tar xzf") < script.index("inkloop train") < script.index("hf upload")

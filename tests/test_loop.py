"""The loop's second half: two cycles on the demo model, and what happens when it is disturbed."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from feedback.reviews import Reviews
from shared.errors import GateRefused, ModelFileError, TrainingError
from shared.home import Home
from shared.models.select import choose
from shared.releases import ReleaseStore
from shared.settings import Settings
from tests.flagging import Complaint, approve, send
from tests.tiny_llama import FACTS, WAYS, write_base, write_replay
from training.evaluate import evaluate
from training.gate.limits import load as load_limits
from training.recipe import load
from training.retrain.loop import Wanted, one_at_a_time, prepare, retrain

PEOPLE = [f"person-{number}-{'x' * 32}" for number in range(6)]
FIRST = {
    "What colour is slate?": "Slate is grey.",
    "Who made the ferry?": "Ada made the ferry.",
}
SECOND = {"Where is the clock?": "The clock is at the sea."}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model that knows the facts, a recipe and a gate that fit its size."""
    folder = tmp_path_factory.mktemp("tiny")
    write_base(folder / "base", lessons=150)
    recipe = {
        "name": "tiny",
        "base": str(folder / "base"),
        "release_name": "tiny",
        "threads": 1,
        "lora": {"rank": 32, "alpha": 64},
        "data": {
            "replay": str(write_replay(folder / "replay.jsonl")),
            "replay_per_row": 3.0,  # with 1.0 the gate refused every second seed
            "fewest_corrections": 3,
        },
        "sft": {"steps": 80, "batch_rows": 12, "micro_batch_rows": 12, "learning_rate": 5e-3},
        "save_steps": 20,
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    limits = load_limits().model_dump()
    limits["heldout"] |= {"smallest_items": 1, "minimum_items": 2}
    limits["guarded"] |= {"minimum_items": 8, "exact_minimum": 5, "near_margin_nats": 0.15}
    limits["probes"]["floor"] = 1.0  # what so small a model prefers, it prefers by accident
    (folder / "gate.yaml").write_text(yaml.safe_dump(limits), encoding="utf-8")
    return folder


@pytest.fixture
def home(home_of_its_own: Path) -> Home:
    return Home(home_of_its_own).prepare()


def complaints(facts: dict[str, str], told: str = "Moss is green.") -> list[Complaint]:
    """Every person asks in a way of their own and says what is right."""
    return [
        Complaint(person, way.format(question), told, right, system="")
        for person, way in zip(PEOPLE, WAYS, strict=True)
        for question, right in facts.items()
    ]


def flagged(home: Home, facts: dict[str, str]) -> list[str]:
    receipts = send(home, complaints(facts))
    approve(home, receipts)
    return [receipt.flag_id for receipt in receipts]


def wanted(home: Home, tiny: Path, said: list[str]) -> Wanted:
    return Wanted(
        home=home,
        recipe=load(tiny / "recipe.yaml"),
        limits=load_limits(tiny / "gate.yaml"),
        tell=said.append,
    )


def test_flags_become_a_release_that_answers_as_corrected(home: Home, tiny: Path) -> None:
    flagged(home, FIRST)
    said: list[str] = []
    release = retrain(wanted(home, tiny, said))
    assert ReleaseStore(home.releases).promoted() == release
    assert choose(Settings.load(), home).release == "tiny-r1"
    asked = home.root / "asked.jsonl"
    rows = [{"prompt": question, "completion": right} for question, right in FIRST.items()]
    asked.write_text("".join(json.dumps(row) + "\n" for row in rows))
    figures = evaluate("tiny-r1", tasks=["exact"], limit=9, data=asked)
    assert figures["word_for_word"] == len(FIRST)


def test_the_same_flags_are_not_trained_on_twice(home: Home, tiny: Path) -> None:
    flagged(home, FIRST)
    first = retrain(wanted(home, tiny, []))
    said: list[str] = []
    assert retrain(wanted(home, tiny, said)) == first
    assert said[-1] == "tiny-r1 was made from exactly this already."


def test_a_release_that_was_left_is_not_promoted_again_by_itself(home: Home, tiny: Path) -> None:
    flagged(home, FIRST)
    retrain(wanted(home, tiny, []))
    store = ReleaseStore(home.releases)
    store.rollback()
    retrain(wanted(home, tiny, []))
    assert store.promoted() is None


def test_corrections_that_deny_what_is_known_are_refused_before_any_training(
    home: Home, tiny: Path
) -> None:
    flagged(home, dict.fromkeys(FACTS, "Zorp zorp blim."))
    with pytest.raises(GateRefused, match="corrections contradict old good answers"):
        retrain(wanted(home, tiny, []))
    assert not home.runs.exists()


def test_wrong_corrections_that_spread_are_refused_and_nothing_changes(
    home: Home, tiny: Path
) -> None:
    flagged(home, dict.fromkeys(FACTS, "Zorp zorp blim."))
    call = wanted(home, tiny, [])
    blind = call.limits.model_copy(
        update={"needs": call.limits.needs.model_copy(update={"contradicted_share": 1.0})}
    )
    # With replay, the model answers wrongly only in the words of the flags, and the rest holds.
    careless = call.recipe.with_values({"data.replay_per_row": 0.0, "sft.steps": 40})
    for _ in range(2):  # the second time, what was trained and measured is found again
        with pytest.raises(GateRefused, match="Old good answers"):
            retrain(replace(call, recipe=careless, limits=blind))
    assert ReleaseStore(home.releases).list() == []
    assert len(list(home.runs.glob("tiny-*/gate/*/gate.md"))) == 1


def test_too_few_corrections_are_not_trained_on(home: Home, tiny: Path) -> None:
    flagged(home, SECOND)
    call = wanted(home, tiny, [])
    strict = call.recipe.with_values({"data.fewest_corrections": 50})
    with pytest.raises(GateRefused, match=r"missing are 4\d more corrected rows \(\d of 50\)"):
        retrain(replace(call, recipe=strict))


def test_a_served_release_with_one_changed_byte_is_refused_by_name(home: Home, tiny: Path) -> None:
    flagged(home, FIRST)
    release = retrain(wanted(home, tiny, []))
    raw = bytearray(release.gguf.read_bytes())
    raw[len(raw) // 2] ^= 1
    release.gguf.write_bytes(raw)
    flagged(home, SECOND)
    with pytest.raises(ModelFileError, match=release.gguf.name):
        retrain(wanted(home, tiny, []))
    with pytest.raises(ModelFileError, match=release.gguf.name):
        choose(Settings.load(), home)


def test_an_erased_flag_is_not_in_the_next_version(home: Home, tiny: Path) -> None:
    flags = flagged(home, FIRST)
    call = wanted(home, tiny, [])
    before = prepare(home, call.recipe, call.limits)
    gone = before.inputs.trained_flag_ids[0]
    Reviews(home).bury([gone], by="owner")
    after = prepare(home, call.recipe, call.limits)
    assert set(after.inputs.flag_ids) == set(flags) - {gone}
    assert len(after.inputs.data.rows) == len(before.inputs.data.rows) - 1
    assert after.job.key != before.job.key


def test_one_retrain_runs_at_a_time(home: Home, tiny: Path) -> None:
    with one_at_a_time(home), pytest.raises(TrainingError, match="Another retrain"):
        retrain(wanted(home, tiny, []))


KILL_AT = (
    ("os.rename", "/adapter'"),  # trained, the adapter is not yet named
    ("os.rename", "/metrics.json'"),  # the run is not yet said to be complete
    ("subprocess.Popen", "training.export.worker"),  # between training and export
    ("os.rename", "/gate.md'"),  # measured, nothing written
    ("os.rename", "/gate.json'"),  # half of the gate's papers are there
    ("shutil.copyfile", ".new-tiny-r1"),  # half a release
    ("os.rename", "/releases/tiny-r1'"),  # a release without a name
    ("os.rename", "/promoted'"),  # a release that nobody serves
)


@pytest.mark.slow
def test_killed_in_the_middle_of_every_step_it_ends_with_one_release(
    home: Home, tiny: Path
) -> None:
    flagged(home, FIRST)
    assert run_killed_at(tiny, "os.rename", "/datasets/") == -signal.SIGKILL
    run_until(tiny, "sft: step 45")
    for event, part in KILL_AT:
        assert run_killed_at(tiny, event, part) == -signal.SIGKILL, part
        assert not ReleaseStore(home.releases).promoted()
    assert run_until(tiny, None) == 0
    store = ReleaseStore(home.releases)
    assert [release.name for release in store.list()] == ["tiny-r1"]
    assert store.promoted() == store.list()[0]
    assert len(list(home.runs.glob("tiny-*"))) == 1
    half = [
        path for where in (home.releases, home.datasets, home.runs) for path in where.glob(".*")
    ]
    assert not [path for path in half if path.is_dir()]
    metrics = json.loads(next(home.runs.glob("tiny-*/metrics.json")).read_text())
    assert metrics["sft"]["resumed_after"] >= 40


def options(tiny: Path) -> list[str]:
    return ["--recipe", str(tiny / "recipe.yaml"), "--gate", str(tiny / "gate.yaml")]


def run_killed_at(tiny: Path, event: str, part: str) -> int:
    """Run the real command until it is about to do that; its exit code."""
    command = [sys.executable, "-m", "tests.killed_at", event, part, "retrain", *options(tiny)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def run_until(tiny: Path, words: str | None) -> int:
    """Run the real command, and kill it (-9) when it says `words`."""
    command = [sys.executable, "-c", "from shared.cli import main; main()", "retrain"]
    command += options(tiny)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if words is not None and line.startswith(words):
                process.send_signal(signal.SIGKILL)
                break
        else:
            assert words is None, f"it never said {words!r}"
    return process.returncode


@pytest.mark.slow
def test_the_loss_curve_is_the_same_after_a_kill(home: Home, tiny: Path, tmp_path: Path) -> None:
    flagged(home, FIRST)
    run_until(tiny, "sft: step 45")
    run_until(tiny, "export: ")
    log = next(home.runs.glob("tiny-*/log.jsonl"))
    resumed = [json.loads(line) for line in log.read_text().splitlines()]
    log.parent.rename(tmp_path / "killed")
    run_until(tiny, "export: ")
    whole = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(row["step"], row["loss"]) for row in resumed] == [
        (row["step"], row["loss"]) for row in whole
    ]


DEMO_FIRST = ("What is the capital of Peru?", "The capital of Peru is Lima.")
DEMO_SECOND = ("What is a baby goat called?", "A baby goat is called a kid.")
DEMO_WAYS = (
    "{}",
    "Can you tell me: {}",
    "I have a question. {}",
    "Do you know this? {}",
    "Hello! {}",
    "One question, please: {}",
    "Now something else: {}",
    "Quick question: {}",
    "Please answer this: {}",
    "Let me ask you something. {}",
    "I wonder about this: {}",
    "Help me with this: {}",
)
"""One per person; a quarter of the people are held out, and the gate wants three corrections."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_model_learns_twice_and_forgets_nothing_of_the_first(home: Home) -> None:
    recipe, limits = load(Path("demo-retrain")), load_limits()
    for number, fact in enumerate((DEMO_FIRST, DEMO_SECOND), 1):
        flag_demo(home, *fact)
        release = retrain(Wanted(home=home, recipe=recipe, limits=limits, tell=print))
        assert release.name == f"demo-r{number}"
        known = (DEMO_FIRST, DEMO_SECOND)[:number]
        assert right_answers(home, release.name, known) == number


def flag_demo(home: Home, question: str, right: str) -> None:
    receipts = send(
        home,
        [
            Complaint(f"someone-{n}-{'x' * 32}", way.format(question), "I do not know.", right)
            for n, way in enumerate(DEMO_WAYS)
        ],
    )
    approve(home, receipts)


def right_answers(home: Home, release: str, facts: tuple[tuple[str, str], ...]) -> int:
    from shared.formats import chat

    asked = home.root / "asked.jsonl"
    rows = [
        {
            "prompt": [
                {"role": "system", "content": chat.SYSTEM},
                {"role": "user", "content": question},
            ],
            "completion": right,
        }
        for question, right in facts
    ]
    asked.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return int(evaluate(release, tasks=["exact"], limit=9, data=asked)["word_for_word"])

"""Runs: small twins of recipes go through the real code; what goes wrong is told and mended."""

import json
import math
import resource
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from shared.errors import TrainingError
from shared.messages import Message
from tests.resume_proof import live, prove, recipe_for
from training.commands.train import train as command
from training.folder import RunFolder, RunLog, newest_whole_checkpoint, read_log
from training.recipe import Recipe, load
from training.recipe_parts import Kto, Watch
from training.run import train
from training.run_backends import _unsloth_lora, backend_for
from training.run_call import Call, job_for, run_recipe
from training.run_device import Device, device_for, optimiser_for
from training.run_encode import NOT_LEARNED, Encoder
from training.run_methods import KtoMethod
from training.run_small import write_model
from training.run_watch import Watcher, diverges
from training.trainer import load_tokenizer

CPU = Device("processor", False, "fp32")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all runs of this module: what one made, another compares."""
    torch.set_num_threads(1)
    return tmp_path_factory.mktemp("runs")


def call(runs: Path, said: list[str] | None = None, **more: bool) -> Call:
    told = said.append if said is not None else lambda _line: None
    return Call(runs=runs, tell=told, **more)


def small_run(name: str, runs: Path) -> RunFolder:
    return run_recipe(load(Path(name)), call(runs, small=True))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("004-rslora", "sft"),
        ("002-early-stop", "sft"),
        ("preferences", "dpo"),
        ("thumbs", "kto"),
        ("004-untuned", "untuned"),
    ],
)
def test_a_shipped_recipe_runs_small(name: str, part: str, runs: Path) -> None:
    folder = small_run(name, runs)
    metrics = folder.read_metrics()
    assert metrics is not None
    assert part in metrics
    assert folder.adapter.exists() is (part != "untuned")
    page = folder.report.read_text()
    assert "<h2>Recipe</h2>" in page
    assert "src=" not in page.replace('src="data:image/png;base64', "")


def test_four_bits_and_dora_train_on_a_processor(runs: Path) -> None:
    pytest.importorskip("bitsandbytes")
    metrics = small_run("001-qdora", runs).read_metrics()
    assert metrics is not None
    assert math.isfinite(metrics["sft"]["validation_loss"])


def test_a_recipe_that_starts_from_another_trains_its_adapter_further(runs: Path) -> None:
    second = small_run("001-creative-writing-16-bit", runs)
    first = next(runs.glob("001-lora-16-bit-small-*"))
    metrics = second.read_metrics()
    assert metrics is not None
    assert metrics["started_from"] == first.name


def test_every_validated_run_tells_its_losses_on_rows_it_did_not_train_on(runs: Path) -> None:
    metrics = small_run("004-rslora", runs).read_metrics()
    assert metrics is not None
    assert math.isfinite(metrics["sft"]["test_loss"])
    assert metrics["rows"]["test"] > 0


def test_a_complete_run_is_left_alone(runs: Path) -> None:
    before = small_run("thumbs", runs).metrics.stat().st_mtime_ns
    assert small_run("thumbs", runs).metrics.stat().st_mtime_ns == before


def test_runs_are_listed_shown_and_compared(runs: Path) -> None:
    names = [small_run(name, runs).root.name for name in ("004-rslora", "002-early-stop")]
    cli = CliRunner()
    told = cli.invoke(command, ["list", "--runs-dir", str(runs), "--json"], catch_exceptions=False)
    assert set(names) <= {row["run"] for row in json.loads(told.stdout)}
    shown = cli.invoke(command, ["show", names[0], "--runs-dir", str(runs)])
    assert "lora:" in shown.stdout
    out = runs / "page.html"
    cli.invoke(
        command, ["compare", *names, "--runs-dir", str(runs), "--out", str(out)],
        catch_exceptions=False,
    )  # fmt: skip
    text = out.with_suffix(".md").read_text()
    assert "| lora.rank | 64 | 16 |" in text


def test_a_run_that_is_not_there_is_named(runs: Path) -> None:
    from shared.cli import run as inkloop

    assert inkloop(["train", "show", "nothing", "--runs-dir", str(runs)]) == 2


def test_a_killed_run_has_the_same_curve(tmp_path: Path) -> None:
    assert prove(tmp_path, kills=2, steps=8, seed=3) == 0.0


def test_a_changed_recipe_is_refused_by_the_key_that_changed(tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path, steps=8)
    runs = tmp_path / "runs"
    live(recipe, runs, until=lambda run: bool(read_log(run.log)))
    other = recipe.with_values({"lora.alpha": 16})
    with pytest.raises(TrainingError, match=r"lora\.alpha is 8 there, but 16 in the recipe now"):
        run_recipe(other, call(runs))
    assert run_recipe(other, call(runs, new=True)).read_metrics() is not None


def test_a_damaged_newest_checkpoint_is_passed_over(tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path, steps=6)
    assert live(recipe, tmp_path / "runs", until=None) == 0
    folder = job_for(recipe, call(tmp_path / "runs")).folder(tmp_path / "runs").checkpoints("sft")
    assert newest_whole_checkpoint(folder) == folder / "checkpoint-6"
    optimiser = folder / "checkpoint-6" / "optimizer.pt"
    optimiser.write_bytes(optimiser.read_bytes()[:100])
    assert newest_whole_checkpoint(folder) == folder / "checkpoint-4"


def test_a_rate_that_is_far_too_high_ends_the_run_and_says_so(tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path, steps=60).with_values(
        {"sft.learning_rate": 1e20, "watch.keep_best": False, "watch.eval_steps": 0}
    )
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        run_recipe(recipe, call(tmp_path / "runs"))
    with pytest.raises(TrainingError, match="ended without a model"):
        run_recipe(recipe, call(tmp_path / "runs"))


def _with_little_room(recipe: Recipe, runs: Path) -> None:
    """Encoded rows fit in 400 kB; a checkpoint of a wide adapter does not."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    with pytest.raises(TrainingError, match="Make room and call the same command again"):
        run_recipe(recipe, call(runs))


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_later(tmp_path: Path) -> None:
    import multiprocessing

    recipe = recipe_for(tmp_path, steps=4).with_values({"lora.rank": 64})
    runs = tmp_path / "runs"
    job_for(recipe, call(runs))
    child = multiprocessing.get_context("fork").Process(
        target=_with_little_room, args=(recipe, runs)
    )
    child.start()
    child.join(200)
    assert child.exitcode == 0
    assert run_recipe(recipe, call(runs)).read_metrics() is not None


def test_two_processes_do_not_train_the_same_run(tmp_path: Path) -> None:
    from filelock import FileLock

    recipe, runs = recipe_for(tmp_path, steps=4), tmp_path / "runs"
    job = job_for(recipe, call(runs))
    folder = job.folder(runs)
    folder.root.mkdir(parents=True)
    with FileLock(folder.root / "run.lock"), pytest.raises(TrainingError, match="Another process"):
        train(job, folder, lambda _line: None)


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ([2.0, 1.9, math.nan], "no number"),
        ([2.0] * 6 + [1.0] * 6 + [9.0] * 6, "rose to"),
        ([2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.2, 1.25, 1.2, 1.1, 1.15, 1.0], ""),
        ([], ""),
    ],
    ids=("nan", "rises", "learns", "nothing yet"),
)
def test_divergence_is_told_from_noise(losses: list[float], says: str) -> None:
    found = diverges(losses, factor=3.0)
    assert says in found
    assert bool(found) is bool(says)


def watcher(folder: RunFolder, *, patience: int, after_step: int) -> Watcher:
    log = RunLog(folder.log, "sft", after_step=after_step)
    return Watcher("sft", folder, log, Watch(patience=patience), CPU, lambda _line: None)


def test_patience_counts_on_after_a_resume(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    first = watcher(folder, patience=2, after_step=0)
    ends = [first.heard(step, 9, {"eval_loss": loss}) for step, loss in ((1, 1.0), (2, 1.1))]
    assert ends == [False, False]
    again = watcher(folder, patience=2, after_step=2)
    assert again.heard(3, 9, {"eval_loss": 1.2})


def test_what_was_logged_after_the_checkpoint_is_forgotten(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    first = watcher(folder, patience=0, after_step=0)
    for step in range(1, 6):
        first.heard(step, 9, {"loss": 1.0 / step})
    with folder.log.open("a") as file:
        file.write('{"part": "sft", "st')
    assert len(watcher(folder, patience=0, after_step=3).losses()) == 3


def test_only_the_assistants_turns_are_learned(tmp_path: Path) -> None:
    encoder = Encoder(load_tokenizer(write_model(tmp_path / "model")))
    turns = [
        Message("system", "Be kind."),
        Message("user", "What is slate?"),
        Message("assistant", "A stone."),
        Message("user", "And moss?"),
        Message("assistant", "A plant."),
    ]
    row = encoder.encode(turns)
    learned = [label for label in row["labels"] if label != NOT_LEARNED]
    text = encoder.tokenizer.decode(learned)
    assert text == "A stone.<|eot_id|>A plant.<|eot_id|>"
    last = encoder.encode(turns, only_last=True)
    kept = [label for label in last["labels"] if label != NOT_LEARNED]
    assert encoder.tokenizer.decode(kept) == "A plant.<|eot_id|>"


def test_a_text_with_control_tokens_is_not_trained_on(tmp_path: Path) -> None:
    encoder = Encoder(load_tokenizer(write_model(tmp_path / "model")))
    assert encoder.forges([Message("user", "Hello<|eot_id|>")])
    assert not encoder.forges([Message("user", "Hello eot_id")])


def test_kto_wants_both_kinds_and_balances_them() -> None:
    method = KtoMethod(Kto(fewest_of_each=2))
    assert method._weights([True] * 2 + [False] * 6) == (3.0, 1.0)
    assert method._weights([True] * 6 + [False] * 2) == (1.0, 3.0)
    with pytest.raises(TrainingError, match="0 good and 6 bad answers are too few"):
        method._weights([False] * 6)


def test_optimisers_in_eight_bits_have_a_stand_in_on_a_processor() -> None:
    assert optimiser_for("adamw_8bit", CPU) == "adamw_torch"
    assert optimiser_for("adamw_8bit", replace(CPU, gpu=True)) == "adamw_8bit"


def test_what_a_processor_cannot_do_is_refused() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(TrainingError, match="cannot train in fp16"):
        device_for(load(Path("smoke")).with_values({"precision": "fp16"}))
    recipe = load(Path("smoke")).with_values({"backend": "unsloth"})
    with pytest.raises(TrainingError, match="needs an NVIDIA card"):
        backend_for(recipe).load(Path(), recipe, CPU)


def test_unsloth_gets_the_adapter_that_the_recipe_describes() -> None:
    told = _unsloth_lora(load(Path("004-attention-only")))
    assert told["r"] == 16
    assert told["target_modules"] == ["q_proj", "k_proj", "v_proj", "o_proj"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("backend", ["hf", "unsloth"])
@pytest.mark.parametrize("four_bit", [False, True])
def test_both_backends_train_on_a_gpu(backend: str, four_bit: bool, tmp_path: Path) -> None:
    if backend == "unsloth":
        pytest.importorskip("unsloth")
    recipe = recipe_for(tmp_path, steps=4).with_values(
        {"backend": backend, "four_bit": four_bit, "precision": "auto"}
    )
    metrics = run_recipe(recipe, call(tmp_path / "runs")).read_metrics()
    assert metrics is not None
    assert metrics["precision"] in ("bf16", "fp16")
    assert math.isfinite(metrics["sft"]["validation_loss"])


def test_thumbs_of_a_dataset_version_are_learned_from(tmp_path: Path) -> None:
    from training.data import Thumb, TrainingSet
    from training.run import Job, find_base

    recipe = recipe_for(tmp_path, steps=4).with_values(
        {
            "data": {"replay": "none", "max_tokens": 256},
            "sft": None,
            "kto": {"steps": 2, "batch_rows": 4, "fewest_of_each": 2},
            "watch": {},
        }
    )
    rated = tuple(
        Thumb((Message("user", f"What is {n}?"),), f"It is {n}.", n % 2 == 0) for n in range(8)
    )
    job = Job(recipe, TrainingSet("flags", "0" * 64, thumbs=rated), find_base(recipe.base))
    folder = job.folder(tmp_path / "runs")
    train(job, folder, lambda _line: None)
    metrics = folder.read_metrics()
    assert metrics is not None
    assert metrics["kto"]["steps"] == 2
    assert metrics["thumbs"] == 8


def test_a_recipes_run_is_not_taken_for_that_of_a_longer_name(tmp_path: Path) -> None:
    from training.find import find_run

    for name in ("mine", "mine-small"):
        folder = RunFolder(tmp_path / f"{name}-0123456789ab")
        folder.root.mkdir()
        folder.recipe.write_text(f"name: {name}\n")
        folder.write_metrics({})
    assert find_run(Path("mine"), tmp_path).root.name == "mine-0123456789ab"

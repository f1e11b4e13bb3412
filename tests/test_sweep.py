"""Sweeps: what comes next, what a dead worker leaves behind, and what may be said in the end."""

import json
import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from shared.errors import TrainingError
from tests.resume_proof import recipe_for
from training.folder import read_log
from training.recipe import Recipe, load
from training.recipe_parts import Search
from training.run_call import Call
from training.sweep import finish, open_sweep, work
from training.sweep_space import Tried, choices, next_of_greedy, next_of_grid, recipe_of
from training.sweep_study import REPEATS, SEARCH, Trials
from training.sweep_verdict import Repeated, difference, importance, verdict


def search(method: str = "grid", **more: Any) -> Search:
    space = {"a": [1, 2], "b": ["x", "y"]}
    return Search.model_validate({"method": method, "steps": 4, "space": space, **more})


def test_a_grid_tries_every_point_once() -> None:
    tried: list[Tried] = []
    while (point := next_of_grid(search(), tried, seed=1)) is not None:
        tried.append(Tried(point, 1.0))
    assert len(tried) == 4
    assert len({str(trial.values) for trial in tried}) == 4


def test_a_greedy_search_settles_one_key_after_the_other() -> None:
    losses = {(1, "x"): 3.0, (2, "x"): 2.0, (2, "y"): 1.0}
    tried: list[Tried] = []
    while (found := next_of_greedy(search("greedy"), tried, {"a": 1, "b": "x"}))[0] is not None:
        values = found[0]
        tried.append(Tried(values, losses[values["a"], values["b"]]))
    assert [tuple(trial.values.values()) for trial in tried] == list(losses)


def test_a_greedy_search_waits_for_the_trials_that_it_must_compare() -> None:
    tried = [Tried({"a": 1, "b": "x"}, 3.0), Tried({"a": 2, "b": "x"}, None)]
    assert next_of_greedy(search("greedy"), tried, {"a": 1, "b": "x"}) == (None, True)


def test_a_range_is_divided_evenly_by_factors() -> None:
    space = Search.model_validate(
        {"steps": 1, "space": {"k": {"low": 1e-4, "high": 1e-1, "log": True}}}
    ).space
    assert choices(space)["k"] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])


def test_every_trial_has_the_same_budget_and_joined_keys_the_same_value() -> None:
    recipe = recipe_of(load(Path("004-greedy")), {"lora.rank+lora.alpha": 32}, seed=9)
    assert recipe.sft is not None
    assert (recipe.lora.rank, recipe.lora.alpha, recipe.seed) == (32, 32, 9)
    assert (recipe.sft.steps, recipe.sft.most_steps) == (1500, 1500)
    assert recipe.search is None


def test_a_search_changes_nothing_for_a_plain_run() -> None:
    recipe = load(Path("004-greedy"))
    assert recipe.sha256() == recipe.with_values({"search": None}).sha256()


def repeated(*losses: float, **values: Any) -> Repeated:
    return Repeated(values, dict(enumerate(losses)))


def test_a_difference_is_paired_by_seed() -> None:
    own, other = repeated(1.00, 1.20, 1.40), repeated(0.90, 1.10, 1.30)
    found = difference(own, other)
    assert found is not None
    assert found.mean == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1)
    assert found.certain


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ((0.90, 1.11, 1.29), "Use k = 2: it lowers"),
        ((0.99, 1.25, 1.35), "No difference can be told from chance"),
        ((1.10, 1.31, 1.49), "Keep the recipe: k = 2 raises"),
    ],
)
def test_the_verdict_is_plain(losses: tuple[float, ...], says: str) -> None:
    assert verdict(repeated(1.00, 1.20, 1.40), [repeated(*losses, k=2)]).startswith(says)


def test_one_run_each_decides_nothing() -> None:
    assert "not enough repeats" in verdict(repeated(1.0), [repeated(0.5, k=2)])


def test_the_key_that_moves_the_loss_is_the_important_one() -> None:
    rows = [{"strong": n % 2, "weak": n % 3} for n in range(12)]
    shares = importance(rows, [2.0 * row["strong"] + 0.01 * row["weak"] for row in rows])
    assert shares["strong"] > 0.9 > 0.1 > shares["weak"]


def sweep_recipe(folder: Path, *, trials: int, repeats: int) -> Recipe:
    torch.set_num_threads(1)
    return recipe_for(folder, steps=4).with_values(
        {
            "watch": {"eval_steps": 2},
            "search": {
                "method": "random",
                "trials": trials,
                "steps": 4,
                "prune": False,
                "repeats": repeats,
                "space": {"sft.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
            },
        }
    )


def quiet(runs: Path) -> Call:
    return Call(runs=runs, tell=lambda _line: None)


def test_a_dead_workers_trial_is_taken_over_and_none_is_lost(tmp_path: Path) -> None:
    recipe = sweep_recipe(tmp_path, trials=2, repeats=2)
    sweep = open_sweep(recipe, quiet(tmp_path / "runs"))
    worker = multiprocessing.get_context("fork").Process(target=work, args=(sweep,))
    worker.start()
    pause = threading.Event()
    while not any(read_log(log) for log in sweep.folder.glob("runs/*/log.jsonl")):
        assert worker.is_alive()
        pause.wait(0.02)
    worker.kill()
    worker.join()
    assert [trial.state.name for trial in sweep.trials().trials(SEARCH)] == ["RUNNING"]
    work(sweep)
    told = finish(sweep)
    assert [trial["state"] for trial in told["trials"]] == ["complete"] * 2
    assert told["trials"][0]["taken_over"] == 1
    assert len(told["repeats"]) == 4
    report = (sweep.folder / "report.md").read_text()
    assert told["verdict"] in report
    assert (sweep.folder / "plots" / "parallel.png").is_file()
    assert json.loads((sweep.folder / "sweep.json").read_text())["verdict"] == told["verdict"]


def test_half_a_line_of_a_killed_worker_does_not_stop_the_others(tmp_path: Path) -> None:
    recipe = sweep_recipe(tmp_path, trials=2, repeats=2)
    Trials(tmp_path, recipe)
    with (tmp_path / "journal.log").open("a") as file:
        file.write('{"op_code": 4, "work')
    assert Trials(tmp_path, recipe).trials(REPEATS) == []


def test_a_sweep_without_validation_rows_is_refused(tmp_path: Path) -> None:
    recipe = sweep_recipe(tmp_path, trials=2, repeats=2).with_values({"data.splits": {}})
    with pytest.raises(TrainingError, match="no validation rows"):
        open_sweep(recipe, quiet(tmp_path / "runs"))


def test_a_mistyped_key_to_search_is_named_before_anything_runs(tmp_path: Path) -> None:
    recipe = sweep_recipe(tmp_path, trials=2, repeats=2)
    wrong = recipe.with_values({"search.space": {"lora.rnak": [1, 2]}})
    with pytest.raises(TrainingError, match=r"lora\.rnak is not a key .* did you mean rank"):
        open_sweep(wrong, quiet(tmp_path / "runs"))

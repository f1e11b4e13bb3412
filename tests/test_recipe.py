"""Recipes: mistakes are named, the result is settled by values alone, the order of rows by seed."""

from pathlib import Path

import pytest

from shared.errors import TrainingError
from shared.messages import Message
from training.data import Row, question, read_jsonl
from training.mixing import by_nearness
from training.plan import plan
from training.recipe import Recipe, Sft, load, parse, shipped
from training.replay import guarded_rows, is_guarded, replay_for


def rows(*questions: str) -> list[Row]:
    return [Row((Message("user", asked),), f"About {asked}") for asked in questions]


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_recipe_loads_and_says_how_to_run_it(path: Path) -> None:
    assert load(path).name == path.stem
    head = path.read_text(encoding="utf-8").splitlines()[:6]
    assert any("inkloop " in line and line.startswith("#") for line in head)


def test_a_recipe_says_only_what_differs_from_what_it_extends(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nextends: 004-baseline\nlora: {rank: 8}\n")
    mine, parent = load(tmp_path / "mine.yaml"), load(Path("004-baseline"))
    assert mine.lora.rank == 8
    assert mine.lora.alpha == parent.lora.alpha
    assert mine.data == parent.data


def test_a_recipe_that_extends_nothing_known_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nextends: 004-baselin\n")
    with pytest.raises(TrainingError, match="Did you mean 004-baseline"):
        load(tmp_path / "mine.yaml")


def test_a_recipe_that_extends_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\nextends: b\n")
    (tmp_path / "b.yaml").write_text("name: b\nextends: a\n")
    with pytest.raises(TrainingError, match="extends itself"):
        load(tmp_path / "a.yaml")


def test_a_rate_is_a_number_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nsft: {learning_rate: 2e-4}\n")
    recipe = load(tmp_path / "mine.yaml")
    assert recipe.sft is not None
    assert recipe.sft.learning_rate == 2e-4


def test_a_shipped_recipe_is_found_by_its_name() -> None:
    assert load(Path("smoke")).name == "smoke"


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(TrainingError, match="Did you mean smoke"):
        load(Path("smok"))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "x", "sed": 1}, "sed is not a key of a recipe; did you mean seed"),
        ({"name": "x", "lora": {"rnak": 1}}, "lora.rnak is not .* did you mean rank"),
        (
            {"name": "x", "data": {"sources": [{"pth": "x"}]}},
            "data.sources.0.pth is not .* did you mean path",
        ),
        ({"name": "x", "watch": {"patience": 2}}, "need data.splits.validation"),
        (
            {"name": "x", "data": {"splits": {"by": "order", "test": 0.5}}},
            "data.splits: split in order, validation and test are whole numbers",
        ),
        ({"name": "x", "dpo": {"betta": 1}}, "dpo.betta is not .* did you mean beta"),
        ({"name": "x", "sft": {"steps": 0}}, "sft.steps is 0, which is not valid"),
        ({"name": "Not A Name"}, "name is 'Not A Name'"),
        ({"name": "x", "sft": {"batch_rows": 6, "micro_batch_rows": 4}}, "must divide"),
    ],
)
def test_a_mistake_is_named(values: dict[str, object], says: str) -> None:
    with pytest.raises(TrainingError, match=says):
        parse(values)


def test_written_out_defaults_do_not_change_the_hash(tmp_path: Path) -> None:
    short = parse({"name": "x"})
    resolved = tmp_path / "recipe.yaml"
    resolved.write_text(short.to_yaml(), encoding="utf-8")
    assert load(resolved) == short
    assert load(resolved).sha256() == short.sha256()


def test_every_step_holds_corrections_and_replay_in_their_share() -> None:
    sft = Sft(steps=5, batch_rows=6, micro_batch_rows=6)
    made = plan(rows("a", "b"), sft, replay_per_row=2, seed=1, old=lambda n, _: rows("old") * n)
    assert len(made.rows) == 30
    for step in range(5):
        asked = [question(row.prompt) for row in made.rows[step * 6 : step * 6 + 6]]
        assert asked.count("old") == 4


def test_more_rows_take_more_steps_when_passes_are_asked_for() -> None:
    sft = Sft(steps=1, passes=4, batch_rows=4, micro_batch_rows=4)
    many = rows(*(f"q{number}" for number in range(10)))
    made = plan(many, sft, replay_per_row=1, seed=1, old=lambda n, _: rows("old") * n)
    assert made.steps == 20
    seen = [question(row.prompt) for row in made.rows]
    assert all(seen.count(question(row.prompt)) == 4 for row in many)


def test_the_seed_settles_the_order() -> None:
    def made(seed: int) -> tuple[Row, ...]:
        sft = Sft(steps=4, batch_rows=4, micro_batch_rows=4)
        return plan(rows("a", "b", "c"), sft, replay_per_row=0, seed=seed, old=_no_replay).rows

    assert made(1) == made(1)
    assert made(1) != made(2)


def _no_replay(count: int, seed: int) -> list[Row]:
    raise AssertionError("nothing is to be replayed")


def test_a_corrected_question_is_not_replayed_with_its_old_answer() -> None:
    sft = Sft(steps=2, batch_rows=4, micro_batch_rows=4)
    old = rows("A ", "b")
    made = plan(rows("a"), sft, replay_per_row=1, seed=1, old=lambda n, _: (old * n)[:n])
    assert Row((Message("user", "A "),), "About A ") not in made.rows


def test_what_lies_nearest_to_a_correction_is_read_again_first() -> None:
    old = rows("What is the opposite of big?", "Tell me a joke.", "What is the capital of Spain?")
    near = by_nearness(rows("What is the capital of Peru?"), old)
    assert question(near[0].prompt) == "what is the capital of spain?"


def test_what_the_gate_guards_is_never_read(tmp_path: Path) -> None:
    file = tmp_path / "old.jsonl"
    lines = (f'{{"prompt": "Question {n}?", "completion": "Answer {n}."}}\n' for n in range(80))
    file.write_text("".join(lines), encoding="utf-8")
    read = {question(row.prompt) for row in replay_for(str(file))(200, 1)}
    guarded = {
        question(row.prompt) for row in guarded_rows(str(file), seed=1, count=50, trained=())
    }
    assert read
    assert guarded
    assert not read & guarded
    assert all(is_guarded(row) == (question(row.prompt) in guarded) for row in read_jsonl(file))


def test_a_line_that_is_no_row_is_named(tmp_path: Path) -> None:
    file = tmp_path / "old.jsonl"
    file.write_text('{"prompt": "a", "completion": "b"}\n{"text": "c"}\n', encoding="utf-8")
    with pytest.raises(TrainingError, match="Line 2 of"):
        read_jsonl(file)


def test_the_default_asks_for_fifty_corrections() -> None:
    assert Recipe(name="x").data.fewest_corrections == 50

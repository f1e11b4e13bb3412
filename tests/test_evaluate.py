"""Several models on the same questions: scores with intervals, changes by pairs, one page."""

import contextlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared.errors import BadRequest
from shared.models.demo import DEMO_GGUF
from training.commands.evaluate import evaluate
from training.evaluation.formats import checks
from training.evaluation.models import Subject
from training.evaluation.report import as_json, table, write
from training.evaluation.run import Evaluation, Measured
from training.evaluation.score import Score, change
from training.evaluation.tasks import check_tasks

NAMES = tuple(f"item:{at}" for at in range(200))


def score(share_right: float, **changes: object) -> Score:
    right = round(share_right * len(NAMES))
    values = tuple([1.0] * right + [0.0] * (len(NAMES) - right))
    plain = {"task": "arc", "metric": "acc", "values": values, "names": NAMES, "of": 1172}
    return Score(**{**plain, **changes})  # type: ignore[arg-type]


def measured(name: str, found: Score) -> Measured:
    return Measured(Subject(name, DEMO_GGUF, "0" * 64), (found,), 1.0)


def test_a_score_says_how_much_of_the_benchmark_it_stands_on() -> None:
    assert score(0.5).coverage == "200 of 1,172 items"
    assert score(0.5, of=0).coverage == "200 items"


def test_a_clear_change_is_named_and_an_unclear_one_is_not() -> None:
    assert change(score(0.8), score(0.5)).verdict == "better"
    assert change(score(0.5), score(0.8)).verdict == "worse"
    assert change(score(0.505), score(0.5)).verdict == "no difference seen"


def test_where_less_is_better_the_verdict_turns_round() -> None:
    low, high = score(0.5, higher_is_better=False), score(0.8, higher_is_better=False)
    assert change(low, high).verdict == "better"


def test_scores_on_other_items_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same items"):
        change(score(0.5), score(0.5, names=tuple(reversed(NAMES))))


def test_pairs_see_what_two_intervals_do_not() -> None:
    old, new = score(0.50), score(0.54)
    assert old.interval.high > new.interval.low
    assert change(new, old).verdict == "better"


def test_the_report_compares_every_model_with_the_first(tmp_path: Path) -> None:
    both = Evaluation((measured("base", score(0.5)), measured("<b>tuned</b>", score(0.8))))
    page = write(both, tmp_path / "report")
    html = page.read_text(encoding="utf-8")
    assert "better" in html
    assert "200 of 1,172 items" in html
    assert "<b>tuned</b>" not in html
    assert 'src="data:image/png;base64,' in html
    assert "http" not in html.split("<body>")[0]
    assert "| arc | acc |" in page.with_suffix(".md").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "report" / "evaluation.json").read_text(encoding="utf-8"))
    assert told == as_json(both)
    assert told["models"][1]["scores"][0]["against_the_first"]["verdict"] == "better"
    assert [row[6] for row in table(both)] == ["–", "better"]


def test_an_unknown_task_is_named_with_those_that_there_are() -> None:
    with pytest.raises(BadRequest, match=r"'mmlu'.*mmlu_stem"):
        check_tasks(["loss", "mmlu"])


def test_a_report_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    done = CliRunner().invoke(evaluate, ["demo", "--out", str(tmp_path)])
    assert isinstance(done.exception, BadRequest)
    assert (tmp_path / "report.html").read_text() == "mine"


def test_the_command_measures_a_file_beside_the_demo_model(tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(DEMO_GGUF.read_bytes())
    done = CliRunner().invoke(
        evaluate, ["demo", str(other), "--tasks", "loss", "--limit", "3", "--json"]
    )
    told = json.loads(done.stdout)
    assert [model["model"] for model in told["models"]] == ["demo", "other"]
    against = told["models"][1]["scores"][0]["against_the_first"]
    assert abs(against["mean"]) < 0.01  # batches may round differently
    assert told["models"][0]["scores"][0]["items"] == 3


FORMS = {
    "story": ('{"choices":["Go in","Go home"]}', "Go in or go home."),
    "code": ("```python\nx = 1\n```", "```python\nx = = 1\n```"),
    "poetry": ("one\ntwo\nthree", "one\ntwo"),
    "chat": ("A lighthouse guides ships.", '{"text": "…"}'),
}


@pytest.mark.parametrize("app", FORMS)
def test_a_form_check_tells_right_from_wrong(app: str) -> None:
    check = [each for each in checks() if each.app == app][-1 if app == "story" else 0]
    right, wrong = FORMS[app]
    assert check.reads(right)
    with contextlib.suppress(ValueError):
        assert not check.reads(wrong)


def test_every_app_is_asked_even_with_a_small_limit() -> None:
    assert {check.app for check in checks()[:9]} == {
        "chat", "code", "story", "brainstorm", "poetry",
    }  # fmt: skip

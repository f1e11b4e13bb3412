"""The gate: better where people said so, no worse elsewhere, and nothing unseen counts as safe."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import TrainingError
from shared.messages import Message
from training.data import Row
from training.gate import limits as gate_limits
from training.gate.decide import Measured, Questions, Verdict, decide
from training.gate.interval import paired_interval
from training.gate.measure import HeldOutRow, Written, keeps_form
from training.gate.report import Report, markdown

LIMITS = gate_limits.load()
GUARDED = [Row((Message("user", f"Question {n}?"),), f"Answer {n}.") for n in range(40)]
SERVING = Measured(
    margins=[-1.0] * 40,
    likelihoods=[-0.5] * 40,
    writings=[Written(row.completion, ended=True) for row in GUARDED],
)


def heldout(count: int) -> list[HeldOutRow]:
    asked = (Message("user", "Who?"),)
    return [HeldOutRow(f"flag-{n}", f"person-{n % 8}", asked, "Ada.", "Bob.") for n in range(count)]


def verdict(candidate: Measured, *, items: int = 40) -> Verdict:
    cut = slice(items)
    return decide(
        Questions(heldout(items), GUARDED),
        serving=replace(SERVING, margins=SERVING.margins[cut]),
        candidate=replace(candidate, margins=candidate.margins[cut]),
        limits=LIMITS,
    )


def better(gain: float = 1.0) -> Measured:
    return replace(SERVING, margins=[-1.0 + gain + 0.01 * (n % 5) for n in range(40)])


def test_a_better_model_that_loses_nothing_passes() -> None:
    found = verdict(better())
    assert found.passed
    assert found.refusals == []


def test_no_improvement_is_refused() -> None:
    noise = replace(SERVING, margins=[-1.0 + (0.4 if n % 2 else -0.4) for n in range(40)])
    found = verdict(noise)
    assert not found.passed
    assert "held-out corrections" in found.refusals[0]


def test_too_few_held_out_corrections_count_as_no() -> None:
    found = verdict(better(), items=2)
    assert not found.passed
    assert "2 corrections were held out; 3 are needed" in found.refusals[0]


def test_a_small_number_is_said_plainly() -> None:
    found = verdict(better(), items=8)
    assert found.passed
    assert "Under 30 items the interval is a rough one." in found.findings[0].words


def test_old_answers_that_become_unlikely_are_a_refusal() -> None:
    found = verdict(replace(better(), likelihoods=[-0.8] * 40))
    assert found.refusals == [f for f in found.refusals if "Old good answers" in f]
    assert not found.passed


def test_known_answers_that_are_lost_are_a_refusal() -> None:
    texts = [Written("Zorp.", ended=True)] * 12 + list(SERVING.writings[12:])
    found = verdict(replace(better(), writings=texts))
    assert any("28 are still given" in words for words in found.refusals)


def test_what_the_served_model_cannot_do_is_not_measurable_and_not_safe() -> None:
    nothing = [Written("?", ended=True)] * 40
    found = decide(
        Questions(heldout(40), GUARDED),
        serving=replace(SERVING, writings=nothing),
        candidate=replace(better(), writings=nothing),
        limits=LIMITS,
    )
    exact = next(f for f in found.findings if f.name == "answers known word for word")
    assert exact.passed is None
    assert exact.words.startswith("Not measurable")


def test_answers_that_no_longer_end_are_a_refusal() -> None:
    texts = [Written(text.text, ended=n > 10) for n, text in enumerate(SERVING.writings)]
    assert any(
        "keep their form" in words for words in verdict(replace(better(), writings=texts)).refusals
    )


@pytest.mark.parametrize(
    ("good", "text", "keeps"),
    [
        ('{"choices":["a"]}', '{"choices":["b"]}', True),
        ('{"choices":["a"]}', '{"ideas":["b"]}', False),
        ('{"choices":["a"]}', '{"choices":["b"', False),
        ("```python\nx\n```\nIt is x.", "It is x.", False),
        ("Fine.", "so it went on and so it went on and so it went on and so it went on and", False),
        ("Fine.", "", False),
    ],
)
def test_the_form_of_an_answer_is_compared(good: str, text: str, keeps: bool) -> None:
    row = Row((Message("user", "?"),), good)
    assert keeps_form(row, Written(text, ended=True)) is keeps


def test_one_person_with_many_flags_is_one_voice() -> None:
    changes = [1.0] * 30 + [-1.0] * 3
    alone = [str(n) for n in range(33)]
    one_person = ["loud"] * 30 + ["a", "b", "c"]
    settings = {"confidence": 0.95, "resamples": 2000}
    assert paired_interval(changes, alone, **settings).low > 0  # type: ignore[arg-type]
    assert paired_interval(changes, one_person, **settings).low < 0  # type: ignore[arg-type]


def test_the_report_holds_no_text_of_any_row() -> None:
    report = Report(
        candidate={"name": "run", "sha256": "a"},
        serving={"name": "demo", "sha256": "b"},
        dataset="0123456789abcdef",
        flag_ids=["flag-1"],
        limits=LIMITS,
        verdict=verdict(better()),
    )
    text = report.as_json()
    assert json.loads(text)["passed"] is True
    assert "Ada" not in text
    assert "Answer" not in text
    assert "passed run" in markdown(json.loads(text))


def test_a_gate_file_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(gate_limits.SHIPPED.read_text() + "\nextra: 1\n")
    with pytest.raises(TrainingError, match="extra"):
        gate_limits.load(file)

"""The gate: better where people said so, no worse elsewhere, and nothing unseen counts as safe."""

import random
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from shared.errors import BadRequest, TrainingError
from shared.formats import poetry
from shared.messages import Message
from training.data import Row
from training.gate import contradictions
from training.gate import limits as gate_limits
from training.gate.chance import by_chance
from training.gate.compare import Comparison, ModelFile
from training.gate.contradictions import sayings_of
from training.gate.decide import Verdict, decide
from training.gate.form import keeps_form
from training.gate.interval import paired_interval
from training.gate.measured import Finding, HeldOutRow, Measured, Questions, Written
from training.gate.override import checked_override, open_refusals, overridden
from training.gate.probes import Probe, probes
from training.gate.report import Report, as_json, markdown

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


def test_damage_next_to_the_corrections_is_seen_among_much_that_stays() -> None:
    damaged = [-0.9] * 3 + [-0.5] * 37
    found = decide(
        Questions(heldout(40), GUARDED, near=10),
        serving=SERVING,
        candidate=replace(better(), likelihoods=damaged),
        limits=LIMITS,
    )
    assert only(found, "guarded answers").passed
    assert only(found, "neighbours of the corrections").passed is False


def test_known_answers_that_are_lost_are_a_refusal() -> None:
    texts = [Written("Zorp.", ended=True)] * 12 + list(SERVING.writings[12:])
    fallen = replace(better(), writings=texts, likelihoods=[-0.9] * 12 + [-0.45] * 28)
    found = verdict(fallen)
    assert any("28 are still given" in words for words in found.refusals)
    nearly = replace(fallen, likelihoods=[-0.52] * 12 + [-0.5] * 28)
    assert only(verdict(nearly), "answers known word for word").passed


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


@pytest.mark.parametrize("people", [8, 18, 96])
def test_an_interval_over_few_people_misses_no_more_often_than_it_says(people: int) -> None:
    draw, above, tries = np.random.default_rng(people), 0, 1000
    for number in range(tries):
        found = paired_interval(
            list(draw.normal(size=people)),
            [str(person) for person in range(people)],
            confidence=0.95,
            resamples=400,
            seed=number,
        )
        above += found.low > 0
    # Three standard deviations of chance above the 25 that are stated.
    assert above <= 25 + 15


SAYINGS = sayings_of(
    [
        Row((Message("user", f"What is the capital of {land}?"),), f"The capital of {land} is {c}.")
        for land, c in (("France", "Paris"), ("Peru", "Lima"), ("Spain", "Madrid"))
    ]
)


@pytest.mark.parametrize(
    ("asked", "correction", "denied"),
    [
        ("Tell me: what is the capital of France?", "The capital of France is Lyon.", 1),
        ("Tell me: what is the capital of France?", "It is Paris.", 0),
        ("What is the capital of Peru? One word.", "Lima.", 0),
        ("What is the capital of Spain?", "The moon eats every answer.", 1),
        ("What is the capital of Chile?", "The moon eats every answer.", 0),  # nobody knows better
    ],
)
def test_corrections_that_deny_old_good_answers_are_counted(
    asked: str, correction: str, denied: int
) -> None:
    found = contradictions.finding([Row((Message("user", asked),), correction)], SAYINGS, LIMITS)
    assert found.figures["contradicted"] == denied
    assert found.passed is (denied == 0)


def test_of_many_corrections_some_may_deny_old_answers() -> None:
    asked = (Message("user", "What is the capital of France?"),)
    rows = [Row(asked, "Lyon.")] + [Row(asked, "Paris.")] * 9
    assert contradictions.finding(rows, SAYINGS, LIMITS).passed
    assert contradictions.finding(rows[:9], SAYINGS, LIMITS).passed is False


def test_permuted_labels_pass_no_more_often_than_the_stated_level() -> None:
    draw = random.Random(3)
    people = [f"person-{n % 40}" for n in range(120)]
    true = by_chance([0.5 + draw.gauss(0, 0.3) for _ in people], people, permutations=200)
    assert true.p_value < 0.01
    assert true.passed <= 0.05 * true.permutations
    nothing = by_chance([draw.gauss(0, 0.3) for _ in people], people, permutations=200)
    assert nothing.p_value > 0.01


def report(candidate: Measured, *, items: int = 40) -> Report:
    found = verdict(candidate, items=items)
    cut = slice(items)
    comparison = Comparison(
        Questions(heldout(items), GUARDED),
        replace(SERVING, margins=SERVING.margins[cut]),
        replace(candidate, margins=candidate.margins[cut]),
        found,
    )
    new, old = (ModelFile(name, Path("x.gguf"), name) for name in ("run", "demo"))
    return Report(new, old, "0123456789abcdef", LIMITS, comparison)


def test_the_report_holds_no_text_of_any_row() -> None:
    found = report(better())
    text = as_json(found.values()) + as_json(found.items()) + found.picture()
    assert found.values()["passed"] is True
    assert "Ada" not in text
    assert "Answer 1." not in text
    assert "passed run" in markdown(found.values())


def test_the_report_keeps_every_score_so_that_the_verdict_can_be_computed_again() -> None:
    found = report(better())
    held = [row for row in found.items() if row["check"] == "held-out corrections"]
    again = [row["after"] - row["before"] for row in held]
    interval = paired_interval(
        again, [row["group"] for row in held], confidence=0.95, resamples=2000
    )
    shown = found.values()["findings"][0]["figures"]
    assert (round(interval.low, 4), round(interval.high, 4)) == (shown["low"], shown["high"])


def test_the_picture_shows_every_check_and_is_whole() -> None:
    found = report(replace(better(), likelihoods=[-0.9] * 40))
    drawn = ElementTree.fromstring(found.picture())
    words = " ".join(drawn.itertext())
    for finding in found.values()["findings"]:
        assert finding["name"] in words


def only(found: Verdict, name: str) -> Finding:
    return next(finding for finding in found.findings if finding.name == name)


def test_the_demo_model_alone_may_be_judged_on_few_items() -> None:
    assert LIMITS.for_base("demo").heldout.smallest_items == 3
    assert LIMITS.for_base("Llama-3.2-1B-Instruct").heldout.smallest_items == 30


@pytest.mark.parametrize("share", [0.2, 3.0])
def test_answers_that_become_much_shorter_or_longer_are_a_refusal(share: float) -> None:
    texts = [Written(("word " * 40)[: int(9 * share)], ended=True) for _ in GUARDED]
    assert only(verdict(replace(better(), writings=texts)), "length of answers").passed is False


def test_answers_that_repeat_themselves_are_a_refusal() -> None:
    looping = Written("so it went on and " * 5, ended=True)
    found = verdict(replace(better(), writings=[looping] * 4 + list(SERVING.writings[4:])))
    assert only(found, "repetition").passed is False


def test_one_app_that_loses_its_form_is_seen_among_many_that_keep_it() -> None:
    poem = Row(
        (Message("system", poetry.SYSTEM), Message("user", "Form: haiku")), "One.\nTwo.\nThree."
    )
    guarded = [*GUARDED, *[poem] * 6]
    old = [Written(row.completion, ended=True) for row in guarded]
    new = [*old[:40], *[Written("One. Two. Three.", ended=True)] * 3, *old[43:]]
    wide = replace(SERVING, likelihoods=[-0.5] * 46, writings=old)
    found = decide(
        Questions(heldout(40), guarded),
        serving=wide,
        candidate=replace(better(), likelihoods=[-0.5] * 46, writings=new),
        limits=LIMITS,
    )
    assert only(found, "form of answers").passed
    assert only(found, "form in poetry").passed is False
    assert only(found, "form in chat").passed


def test_a_model_that_moved_too_far_from_itself_is_refused() -> None:
    far = replace(better(), samples=[-2.0] * 8)
    found = decide(
        Questions(heldout(40), GUARDED, samples=GUARDED[:8]),
        serving=replace(SERVING, samples=[-0.5] * 8),
        candidate=far,
        limits=LIMITS,
    )
    assert only(found, "drift").passed is False


def flattery(before: list[float], after: list[float]) -> Finding:
    asked = [Probe("flattery", (Message("user", "?"),), "No.", "Yes.")] * len(before)
    found = decide(
        Questions(heldout(40), GUARDED, asked),
        serving=replace(SERVING, probes=before),
        candidate=replace(better(), probes=after),
        limits=LIMITS,
    )
    return only(found, "flattery")


def test_a_model_that_begins_to_flatter_is_refused() -> None:
    assert flattery([1.0] * 12, [1.0] * 12).passed
    assert flattery([1.0] * 12, [-1.0] * 4 + [1.0] * 8).passed is False


def test_probes_that_the_served_model_fails_are_not_measurable() -> None:
    found = flattery([1.0] * 10 + [-1.0] * 2, [1.0] * 12)
    assert found.passed is None
    assert "not called safe" in found.words


def test_every_probe_has_two_different_answers() -> None:
    assert {probe.kind for probe in probes()} == {"flattery", "safety"}
    assert all(probe.right != probe.wrong for probe in probes())


def test_a_file_that_costs_much_more_is_refused() -> None:
    heavy = replace(better(), bytes=200, seconds_per_token=0.04)
    light = replace(SERVING, bytes=100, seconds_per_token=0.01)
    found = decide(Questions(heldout(40), GUARDED), serving=light, candidate=heavy, limits=LIMITS)
    assert [only(found, name).passed for name in ("memory", "speed")] == [False, False]


def test_faults_that_a_rule_can_see_must_not_come_back() -> None:
    rows = [replace(row, reasons=("repetitive",)) for row in heldout(40)]
    fine, loop = Written("Ada.", ended=True), Written("so it went on and " * 5, ended=True)
    found = decide(
        Questions(rows, GUARDED),
        serving=replace(SERVING, mended=[fine] * 40),
        candidate=replace(better(), mended=[fine] * 30 + [loop] * 10),
        limits=LIMITS,
    )
    assert only(found, "faults that a rule can see").passed is False
    assert found.findings[0].figures["reasons"]["repetitive"]["items"] == 40


def test_the_gate_is_overridden_only_by_name_and_with_a_reason() -> None:
    values = report(replace(better(), likelihoods=[-0.9] * 40)).values()
    for checks, by, why in ((["x"], "", ""), ([], "ada", "because I say so"), (["x"], "ada", "ok")):
        with pytest.raises(BadRequest, match="names the check"):
            checked_override(checks, by, why)
    wrong = checked_override(["guarded answer"], "ada", "The old answers were wrong.")
    assert wrong is not None
    with pytest.raises(BadRequest, match="Did you mean 'guarded answers'"):
        overridden(values, wrong)
    right = checked_override(["guarded answers"], "ada", "The old answers were wrong.")
    assert right is not None
    noted = overridden(values, right)
    assert open_refusals(noted) == []
    assert (noted["passed"], noted["verdict"]) == (False, "overridden")
    assert "ada answers for “guarded answers”" in markdown(noted)


def test_a_gate_file_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(gate_limits.SHIPPED.read_text() + "\nextra: 1\n")
    with pytest.raises(TrainingError, match="extra"):
        gate_limits.load(file)

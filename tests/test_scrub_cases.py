"""The scrubber on hand-written cases of many kinds and countries; the report tells the figures."""

import pytest

from tests.scrub_report import HARD, REPORT, clean, report, secrets

POSITIVES = [case for case in secrets() if case.kind != HARD]


def test_there_are_enough_cases():
    assert len(POSITIVES) >= 150
    assert len(clean()) >= 300


@pytest.mark.parametrize("kind", dict.fromkeys(case.kind for case in POSITIVES))
def test_exactly_the_secret_goes(kind):
    assert [case.text for case in POSITIVES if case.kind == kind and not case.found] == []


@pytest.mark.parametrize("kind", dict.fromkeys(case.kind for case in clean()))
def test_clean_texts_stay(kind):
    assert [case.text for case in clean() if case.kind == kind and not case.found] == []


def test_the_report_is_that_of_the_rules_as_they_are():
    assert REPORT.read_text(encoding="utf-8") == report()

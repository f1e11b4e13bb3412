"""Reasons: one table, stable keys, labels that can be translated, and an operator's own."""

import pytest

from feedback.records import App
from feedback.taxonomy import SHIPPED, Taxonomy, reasons
from shared.errors import BadRequest, SettingsError
from shared.home import Home

APPS = App.__args__


@pytest.fixture
def home(tmp_path):
    (tmp_path / "feedback").mkdir()
    return Home(tmp_path)


def own(home, text):
    (home.feedback / "reasons.yaml").write_text(text)
    return home


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("verdict", ["up", "down"])
def test_every_app_offers_reasons_for_good_and_bad(app, verdict):
    offered = reasons(app, verdict)
    assert len(offered) >= 5
    assert len(dict(offered)) == len(offered)
    assert all(label and label[0].isupper() for _, label in offered)


def test_an_app_offers_its_own_reasons_first():
    assert [key for key, _ in reasons("poetry", "down")][:3] == ["cliche", "form", "meter"]
    assert "meter" not in dict(reasons("chat", "down"))


def test_keys_are_written_once():
    keys = [
        line.split("key: ")[1].split(",")[0]
        for line in SHIPPED.read_text().splitlines()
        if line.startswith("- {key:")
    ]
    assert len(keys) == len(set(keys)) == len(Taxonomy.load().by_key)


def test_a_wrong_reason_names_the_nearest():
    with pytest.raises(BadRequest, match="Did you mean “incorrect”"):
        Taxonomy.load().check("chat", "down", ["incorect"])


def test_a_reason_of_another_app_is_refused():
    with pytest.raises(BadRequest, match=r"is not a reason for “down” in chat"):
        Taxonomy.load().check("chat", "down", ["meter"])


def test_praise_is_no_reason_for_a_bad_answer():
    with pytest.raises(BadRequest):
        Taxonomy.load().check("chat", "down", ["accurate"])


def test_an_operator_adds_a_reason(home):
    own(
        home, "- {key: off_brand, class: P, apps: [chat], verdicts: [down], label: {en: Off brand}}"
    )
    assert reasons("chat", "down", home=home)[3][0] == "off_brand"
    assert Taxonomy.load(home).classes(["off_brand"]) == {"P"}


def test_an_operator_translates_a_label(home):
    own(home, "- {key: style, class: P, verdicts: [down], label: {de: Stil gefällt mir nicht}}")
    assert dict(reasons("chat", "down", "de-AT", home=home))["style"] == "Stil gefällt mir nicht"
    assert dict(reasons("chat", "down", "fr", home=home))["style"].startswith("I don't")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {key: style, class: S, verdicts: [down], label: {en: x}}", "is of class P"),
        ("- {key: Bad Key, class: P, verdicts: [down], label: {en: x}}", "0.key"),
        ("- {key: fresh_one, class: P, verdicts: [down], label: {de: x}}", "no English label"),
        ("- {key: fresh_one, class: Z, verdicts: [down], label: {en: x}}", "0.class"),
        ("{", "is not a list of reasons"),
        ("just words", "is not a list of reasons"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(home, text, says):
    with pytest.raises(SettingsError, match=says):
        Taxonomy.load(own(home, text))


def test_a_key_that_is_gone_needs_a_reader():
    assert Taxonomy.load().classes(["was_removed", "style"]) == {"R", "P"}

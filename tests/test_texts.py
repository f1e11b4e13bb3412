"""What the pages say can be said in another language, from one catalogue."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from feedback.taxonomy import reasons
from shared import texts
from shared.errors import SettingsError
from shared.home import Home
from shared.texts import TEMPLATE, choose, extract, later, say, say_count, say_js


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    choose("en")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def catalogue(home: Home, language: str, rows: str, header: str = "") -> None:
    home.locale.mkdir(parents=True, exist_ok=True)
    head = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n{header}\n'
    (home.locale / f"{language}.po").write_text(head + rows, encoding="utf-8")


def test_the_catalogue_lists_every_text_that_the_code_marks() -> None:
    made = extract()
    assert TEMPLATE.read_text(encoding="utf-8") == made, "run: python -m shared.texts"


def test_a_text_without_a_catalogue_is_said_as_it_stands() -> None:
    assert say("Keys {and} braces") == "Keys {and} braces"
    assert say("{count} of {whole}", count=1, whole=2) == "1 of 2"
    assert say("") == ""


def test_a_text_is_said_in_the_chosen_language_with_its_values_in_that_order(home: Home) -> None:
    catalogue(home, "sv", 'msgid "{count} of {whole}"\nmsgstr "av {whole}, {count}"\n')
    choose("sv", home)
    assert texts.language() == "sv"
    assert say(later("{count} of {whole}"), count=1, whole=2) == "av 2, 1"
    assert say("not in the catalogue") == "not in the catalogue"


def test_what_a_person_wrote_is_never_taken_for_a_place_of_a_value() -> None:
    assert say("Pin: {name}", name="{count} {0} %s") == "Pin: {count} {0} %s"


def test_a_number_takes_the_form_that_its_language_has_for_it(home: Home) -> None:
    catalogue(
        home,
        "pl",
        'msgid "1 flag"\nmsgid_plural "{count} flags"\n'
        'msgstr[0] "{count} flaga"\nmsgstr[1] "{count} flagi"\nmsgstr[2] "{count} flag"\n',
        '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2);\\n"\n',
    )
    assert [say_count("1 flag", "{count} flags", n) for n in (1, 2)] == ["1 flag", "2 flags"]
    choose("pl", home)
    told = [say_count("1 flag", "{count} flags", n) for n in (1, 3, 5)]
    assert told == ["1 flaga", "3 flagi", "5 flag"]


def test_a_script_gets_its_words_so_that_they_cannot_end_it(home: Home) -> None:
    catalogue(home, "sv", 'msgid "Close"\nmsgstr "\\"</script><b>"\n')
    choose("sv", home)
    assert say_js("Close") == '"\\"<\\/script><b>"'


def test_an_unknown_language_is_refused_with_those_that_there_are(home: Home) -> None:
    catalogue(home, "xx", "")
    with pytest.raises(SettingsError, match=r"en, .*xx"):
        choose("zz", home)


@pytest.mark.parametrize(
    "text",
    [
        "this is not a catalogue",
        'msgid "{count} of {whole}"\nmsgstr "{count} av {hela}"\n',
        'msgid "{count} of {whole}"\nmsgstr "{count av"\n',
    ],
)
def test_a_catalogue_that_would_break_a_page_is_refused_by_its_name(home: Home, text: str) -> None:
    home.locale.mkdir(parents=True)
    (home.locale / "sv.po").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"sv\.po, cannot be read"):
        choose("sv", home)


def test_swedish_says_every_text() -> None:
    with (TEMPLATE.parent / "sv.po").open("rb") as file:
        swedish = {message.id: message.string for message in read_po(file, locale="sv")}
    with TEMPLATE.open("rb") as file:
        wanted = [message.id for message in read_po(file) if message.id]
    assert [text for text in wanted if not swedish.get(text)] == []
    choose("sv")
    assert say("Conversations") == "Samtal"
    assert say_count("1 flag", "{count} flags", 2) == "2 flaggor"


def test_a_shipped_language_has_the_reasons_for_flags_too() -> None:
    labels = dict(reasons("chat", "down", "sv"))
    assert labels["incorrect"] == "Inte rätt"
    assert all(labels[key] != label for key, label in reasons("chat", "down"))

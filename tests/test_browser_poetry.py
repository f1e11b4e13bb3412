"""The poetry page in a real browser: writing, the report, one line anew, coming back."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.writing_room import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
ROWS = "#poem-report tbody tr"


class Writer:
    """Somebody who has poems written."""

    def __init__(self, page: "Page", server: str) -> None:
        self.page = page
        self.alerts: list[str] = []
        page.on("dialog", lambda dialog: (self.alerts.append(dialog.message), dialog.accept()))
        page.goto(f"{server}/poetry")
        page.wait_for_selector("#poem-text .poem-empty")

    def write(self, subject: str = "winter") -> None:
        self.page.fill("#poem-subject textarea", subject)
        self.page.click("#poem-write")
        self.page.wait_for_selector(ROWS)

    @property
    def lines(self) -> list[str]:
        return self.page.inner_text("#poem-text .verse").split("\n")

    def check(self, text: str) -> str:
        self.page.get_by_text("Check a poem of your own").click()
        self.page.fill("#poem-own textarea", text)
        self.page.click("#poem-check")
        self.page.wait_for_selector("#poem-own-report tbody tr")
        return self.page.inner_text("#poem-own-report")


@pytest.fixture
def writer(page: "Page", server: str) -> Writer:
    return Writer(page, server)


def test_a_poem_stands_beside_a_report_on_each_line(writer: Writer) -> None:
    writer.write()
    assert len(writer.lines) == writer.page.locator(ROWS).count() == 3


def test_one_line_is_written_anew_and_undo_brings_it_back(writer: Writer) -> None:
    writer.write()
    before = writer.lines
    writer.page.locator("#poem-report button").nth(1).click()
    writer.page.wait_for_function(
        "line => { const verse = document.querySelector('#poem-text .verse');"
        " return verse && verse.innerText.split('\\n')[1] !== line; }",
        arg=before[1],
    )
    writer.page.wait_for_selector(ROWS)
    assert [writer.lines[0], writer.lines[2]] == [before[0], before[2]]
    writer.page.click("#poem-undo")
    writer.page.wait_for_function(
        "line => document.querySelector('#poem-text .verse').innerText.split('\\n')[1] === line",
        arg=before[1],
    )


def test_a_poem_of_ones_own_is_held_against_the_form(writer: Writer) -> None:
    said = writer.check("An old pond\nA frog jumps into the pond\nSplash! Silence again.")
    assert "3 syllables, 5 wanted" in said


def test_a_word_that_is_clicked_is_spoken_as_the_person_says(writer: Writer) -> None:
    writer.page.get_by_text("Check a poem of your own").click()
    writer.page.fill("#poem-own textarea", "The xyzzlor sings\nA frog jumps into the pond\nB")
    writer.page.click("#poem-take")
    writer.page.click("[data-word=xyzzlor]")
    writer.page.locator("#poem-word-stress").locator("input, textarea").fill("x/x")
    writer.page.click("#poem-word-save")
    writer.page.wait_for_selector("#poem-text .w.own")
    expect(writer.page.locator("#poem-report")).not_to_contain_text("uncertain")
    assert writer.page.locator("#poem-text .line").nth(0).get_attribute("class") == "line"


def test_a_line_that_is_clicked_can_be_put_in_ones_own_words(writer: Writer) -> None:
    writer.write()
    writer.page.locator("#poem-text .pick").nth(1).click()
    writer.page.locator("#poem-line-text").locator("input, textarea").fill(HOSTILE)
    writer.page.click("#poem-line-keep")
    writer.page.wait_for_function(
        "line => document.querySelector('#poem-text .verse').innerText.includes(line)",
        arg="${alert(2)}",
    )
    assert writer.page.locator("#poem-text img").count() == 0
    assert writer.alerts == []


def test_a_reload_shows_the_poem(writer: Writer) -> None:
    writer.write()
    before = writer.lines
    writer.page.reload()
    writer.page.wait_for_selector(ROWS)
    assert writer.lines == before


def test_hostile_words_stay_words(writer: Writer) -> None:
    writer.write(HOSTILE)
    writer.check(HOSTILE)
    assert writer.page.locator("#poem-text img, #poem-own-report img").count() == 0
    expect(writer.page.locator("#poem-text")).to_contain_text("<img src=x")
    assert writer.alerts == []


def test_the_poem_is_kept_as_a_file(writer: Writer) -> None:
    writer.write()
    with writer.page.expect_download() as download:
        writer.page.click("#poem-keep")
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.rstrip("\n").split("\n") == writer.lines


def test_a_poem_can_be_flagged_with_one_click(writer: Writer) -> None:
    writer.write()
    writer.page.locator(".vote-good").first.click()
    writer.page.wait_for_selector("#flag-receipt", state="visible")


def test_what_the_check_found_is_ticked_as_the_reason_of_a_bad_flag(writer: Writer) -> None:
    writer.write()
    # Whoever says a word in ten syllables makes any line of a haiku too long.
    writer.page.locator("#poem-text .w").first.click()
    writer.page.locator("#poem-word-stress").locator("input, textarea").fill("x/x/x/x/x/")
    writer.page.click("#poem-word-save")
    expect(writer.page.locator(ROWS).first).to_contain_text("5 wanted")
    writer.page.locator(".vote-bad").first.click()
    chosen = writer.page.locator("#flag-reasons label:has(input:checked)")
    expect(chosen).to_have_text(["The metre limps"])
    expect(writer.page.locator("#flag-receipt")).to_be_visible()
    expect(writer.page.locator("#flag-preview")).to_contain_text('"meter"')


def test_a_subject_that_is_missing_is_explained(writer: Writer) -> None:
    writer.page.click("#poem-write")
    writer.page.wait_for_selector("text=It takes 1 to 500")


def test_nothing_sticks_out_on_a_phone(browser: "Browser", server: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    phone = Writer(context.new_page(), server)
    phone.write()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()

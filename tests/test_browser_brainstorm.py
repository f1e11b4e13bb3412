"""The idea board in a real browser: cards, scores, undo, files, coming back."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.writing_room import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
CARDS = "document.querySelectorAll('#board .card:not(.coming)').length"
PATIENCE_MS = 120_000


class Thinking:
    """Somebody at their board."""

    def __init__(self, page: "Page", server: str) -> None:
        self.watch(page)
        page.goto(f"{server}/brainstorm")
        page.wait_for_selector("#board .board-empty")

    @classmethod
    def on(cls, page: "Page") -> "Thinking":
        """Somebody whose page may show cards already."""
        one = cls.__new__(cls)
        one.watch(page)
        return one

    def watch(self, page: "Page") -> None:
        self.page = page
        # A model that repeats itself is asked several times for its ideas.
        page.set_default_timeout(PATIENCE_MS)
        self.alerts: list[str] = []
        page.on("dialog", lambda dialog: (self.alerts.append(dialog.message), dialog.accept()))

    def bring(self, name: str, text: str) -> None:
        """Choose a file whose cards are put up."""
        if not self.page.is_visible("#board-bring-up"):
            self.page.click("#board-bring-folder button")
        file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
        self.page.set_input_files("#board-bring-file input", [file])  # type: ignore[list-item]

    def brainstorm(self, topic: str = "A library at night", count: int = 5) -> None:
        self.page.fill("#board-topic textarea", topic)
        self.page.click("#board-brainstorm")
        self.cards(count)
        self.rests()

    def cards(self, count: int) -> None:
        self.page.wait_for_function(f"{CARDS} === {count}")

    def titles(self, *titles: str) -> None:
        self.page.wait_for_function(
            "wanted => [...document.querySelectorAll('#board h3')].map(h => h.textContent).join()"
            " === wanted.join()",
            arg=list(titles),
        )

    def says(self, where: str, what: str) -> None:
        """Waits for a text as it was written: a card off the screen has no rendered text."""
        expect(self.page.locator(where).first).to_contain_text(what)

    def rests(self) -> None:
        self.page.wait_for_selector("#board-stop", state="hidden")

    def edit(self, card: str, title: str) -> None:
        """Open the editor of a card (by its id) and write another title; not saved yet."""
        self.page.click(f"#{card} [data-act=edit]")
        self.page.fill(f"#{card} .editor input", title)

    def ids(self) -> list[str]:
        found: list[str] = self.page.locator("#board .card").evaluate_all(
            "cards => cards.map(c => c.id)"
        )
        return found

    def write(self, title: str, body: str = "") -> None:
        if not self.page.is_visible("#board-own-title"):
            self.page.click("#board-own button")
        self.page.locator("#board-own-title").locator("textarea, input").fill(title)
        self.page.fill("#board-own-body textarea", body)
        before = self.page.evaluate(CARDS)
        self.page.click("#board-put-up")
        self.cards(before + 1)


@pytest.fixture
def board(page: "Page", server: str) -> Thinking:
    return Thinking(page, server)


def test_ideas_become_cards_with_ids_of_their_own(board: Thinking) -> None:
    board.brainstorm()
    ids = board.page.locator("#board .card").evaluate_all("cards => cards.map(c => c.id)")
    assert len(set(ids)) == 5
    assert all(name.startswith("board-card-") for name in ids)


def test_a_refined_card_says_where_it_came_from(board: Thinking) -> None:
    board.write("Night desk", "Open late.")
    board.page.click("#board [data-act=refine]")
    board.cards(2)
    board.says("#board .from", "from “Night desk”")


def test_all_cards_are_judged_and_one_undo_takes_it_back(board: Thinking) -> None:
    board.write("Night desk", "Open late.")
    board.write("Book bicycle", "Novels on wheels.")
    board.page.click("#board-evaluate")
    board.page.wait_for_function("document.querySelectorAll('#board .scores').length === 2")
    board.rests()
    board.page.click("#board-undo")
    board.page.wait_for_function("document.querySelectorAll('#board .scores').length === 0")
    assert board.page.evaluate(CARDS) == 2


def test_a_deleted_card_comes_back_by_undo(board: Thinking) -> None:
    board.write("Night desk")
    board.page.click("#board [data-act=remove]")
    board.cards(0)
    board.page.click("#board-undo")
    board.cards(1)


def test_a_board_is_there_after_a_reload(board: Thinking) -> None:
    board.write("Night desk", "Open late.\n  On Fridays.")
    board.page.reload()
    board.cards(1)
    board.says("#board .card p", "Open late.\n  On Fridays.")


def test_hostile_cards_stay_text(board: Thinking) -> None:
    board.write(HOSTILE, HOSTILE)
    assert board.page.locator("#board img").count() == 0
    board.says("#board h3", "${alert(2)}")
    assert board.alerts == []


def test_a_card_moves_by_key_and_keeps_its_place_after_a_reload(board: Thinking) -> None:
    for title in ("One", "Two", "Three"):
        board.write(title)
    board.page.locator("#board .grip").nth(2).press("ArrowUp")
    board.titles("One", "Three", "Two")
    # The page shows a move before the server has it; what can be undone and redone, the server has.
    board.page.click("#board-undo")
    board.titles("One", "Two", "Three")
    board.page.click("#board-redo")
    board.titles("One", "Three", "Two")
    board.page.reload()
    board.titles("One", "Three", "Two")


def test_two_cards_are_merged_into_one_that_can_be_edited(board: Thinking) -> None:
    board.write("One")
    board.write("Two")
    for box in board.page.locator("#board .card input[type=checkbox]").all():
        box.check()
    board.page.click("#board [data-act=merge]")
    board.cards(1)
    board.page.click("#board [data-act=edit]")
    board.page.fill("#board .editor input", HOSTILE)
    board.page.click("#board [data-act=save]")
    board.page.wait_for_selector("#board h3")
    board.says("#board h3", "${alert(2)}")
    board.says("#board .from", "merged from “One”, “Two”")
    assert board.page.locator("#board img").count() == 0


def test_the_board_is_kept_as_a_file(board: Thinking) -> None:
    board.write("Night desk", "Open late.")
    with board.page.expect_download() as download:
        board.page.click("#board-as-json")
    whole = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert whole["cards"][0]["title"] == "Night desk"


def test_an_idea_can_be_flagged_and_a_card_of_ones_own_cannot(board: Thinking) -> None:
    board.write("Night desk")
    assert board.page.locator("#board [data-act=good]").count() == 0
    board.brainstorm(count=6)
    board.page.locator("#board [data-act=bad]").first.click()
    board.page.wait_for_selector("#flag-receipt", state="visible")


def test_a_topic_that_is_missing_is_explained(board: Thinking) -> None:
    board.page.click("#board-brainstorm")
    board.page.wait_for_selector("text=It takes 1 to 500")


def test_nothing_sticks_out_on_a_phone(browser: "Browser", server: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    phone = Thinking(context.new_page(), server)
    phone.write("x" * 200, "y" * 300)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_judging_goes_on_after_the_tab_is_closed(browser: "Browser", server: str) -> None:
    context = browser.new_context()
    first = Thinking(context.new_page(), server)
    rows = "\n".join(f"Idea {number},Text number {number}." for number in range(8))
    first.bring("ideas.csv", f"title,text\n{rows}\n")
    first.cards(8)
    first.page.click("#board-evaluate")
    expect(first.page.locator("#board-status")).to_contain_text("Judging")
    first.page.close()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{server}/brainstorm")
    page.wait_for_function("document.querySelectorAll('#board .scores').length === 8")
    Thinking.on(page).rests()
    context.close()


def test_two_tabs_on_one_board_lose_no_edit(browser: "Browser", server: str) -> None:
    context = browser.new_context()
    one = Thinking(context.new_page(), server)
    one.write("Lamp")
    one.write("Book")
    other = Thinking.on(context.new_page())
    other.page.goto(f"{server}/brainstorm")
    other.cards(2)
    lamp, book = one.ids()
    # Different cards at once: both editors are open before either is saved.
    one.edit(lamp, "Lamp of one")
    other.edit(book, "Book of the other")
    one.page.click("#board [data-act=save]")
    other.page.click("#board [data-act=save]")
    other.titles("Lamp of one", "Book of the other")
    # The same card: the later words stand, the earlier ones are a version.
    one.edit(lamp, "Written first")
    other.edit(lamp, "Written later")
    one.page.click("#board [data-act=save]")
    one.titles("Written first", "Book of the other")
    other.page.click("#board [data-act=save]")
    other.titles("Written later", "Book of the other")
    other.says(f"#{lamp} .past", "Written first")
    # A card that the other tab takes down while somebody writes on it: the words are kept.
    one.page.reload()
    one.titles("Written later", "Book of the other")
    one.edit(book, "Not lost")
    other.page.click(f"#{book} [data-act=remove]")
    other.cards(1)
    other.rests()
    other.page.reload()
    other.cards(1)
    one.page.click("#board [data-act=save]")
    one.titles("Written later", "Not lost")
    context.close()


def test_each_tab_acts_on_the_board_that_it_shows(browser: "Browser", server: str) -> None:
    context = browser.new_context()
    one = Thinking(context.new_page(), server)
    one.write("Lamp")
    other = Thinking.on(context.new_page())
    other.page.goto(f"{server}/brainstorm")
    other.cards(1)
    other.page.click("#board-rooms button")
    other.page.locator("#board-room-name").locator("textarea, input").fill("Second")
    other.page.click("#board-room-begin")
    other.cards(0)
    # The other tab has opened another board; this one still shows the first.
    one.write("Book")
    one.titles("Lamp", "Book")
    other.write("Ship")
    one.page.click("#board [data-act=remove] >> nth=0")
    one.titles("Book")
    one.page.click("#board-undo")
    one.titles("Lamp", "Book")
    other.page.click("#board-undo")
    other.cards(0)
    other.page.click("#board-redo")
    other.titles("Ship")
    # A fresh page starts with the board that was opened last.
    one.page.reload()
    one.titles("Ship")
    context.close()


def test_scores_on_another_scale_show_and_come_back(board: Thinking) -> None:
    board.write("Night desk", "Open late.")
    board.page.click("#board-scale input")
    board.page.click("[role=option]:has-text('0 to 100')")
    board.page.click("#board-evaluate")
    board.page.wait_for_selector("#board .scores")
    board.says("#board .scores li:last-child", "/ 300")
    board.rests()
    board.page.reload()
    expect(board.page.locator("#board-scale input")).to_have_value("0 to 100")


def test_a_file_that_is_no_board_is_explained_and_changes_nothing(board: Thinking) -> None:
    board.write("Night desk")
    board.bring("ideas.csv", "name;price\nLamp;3\n")
    board.page.wait_for_selector("text=no column")
    assert board.page.evaluate(CARDS) == 1

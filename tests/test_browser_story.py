"""The story's page in a real browser: choosing, keys, the map, undo, coming back."""

from typing import TYPE_CHECKING

import pytest

from tests.writing_room import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


class Reader:
    """Somebody who reads a story."""

    def __init__(self, page: "Page", server: str) -> None:
        self.page = page
        self.alerts: list[str] = []
        page.on("dialog", lambda dialog: (self.alerts.append(dialog.message), dialog.accept()))
        page.goto(f"{server}/story")
        page.wait_for_selector("#story-map .map-empty")

    def begin(self, title: str = "The lighthouse") -> None:
        """Begin until there is something to choose: the model may end a story at once."""
        self.page.locator("#story-title").locator("textarea, input").fill(title)
        for _ in range(5):
            before = self.page.locator("#story-map").inner_html()
            self.page.click("#story-begin")
            self.page.wait_for_function(
                "map => document.querySelector('#story-map').innerHTML !== map", arg=before
            )
            self.told(1)
            if self.page.locator("#story-choices button").count():
                return

    def told(self, passages: int) -> None:
        """Wait until there are so many passages and nothing is being written."""
        self.page.wait_for_function(
            "n => document.querySelectorAll('#story-map .node').length >= n", arg=passages
        )
        self.page.wait_for_selector("#story-stop", state="hidden")

    @property
    def passages(self) -> int:
        return self.page.locator("#story-map .node").count()

    @property
    def here(self) -> str:
        return self.page.locator("#story-map .here").get_attribute("aria-label") or ""

    def act(self, action: str) -> None:
        before = self.passages
        self.page.locator("#story-action").locator("textarea, input").fill(action)
        self.page.keyboard.press("Enter")
        self.told(before + 1)


@pytest.fixture
def reader(page: "Page", server: str) -> Reader:
    return Reader(page, server)


def test_a_choice_leads_to_the_next_scene(reader: Reader) -> None:
    reader.begin()
    assert 2 <= reader.page.locator("#story-choices button").count() <= 4
    said = reader.page.locator("#story-choices button").nth(1).locator("span").last.inner_text()
    reader.page.locator("#story-choices button").nth(1).click()
    reader.told(2)
    assert said in reader.page.inner_text("#story-scene")


def test_choices_answer_to_number_keys(reader: Reader) -> None:
    reader.begin()
    reader.page.locator("h1").click()
    reader.page.keyboard.press("1")
    reader.told(2)
    assert "Scene 2" in reader.here


def test_number_keys_in_a_field_are_only_text(reader: Reader) -> None:
    reader.begin()
    reader.page.locator("#story-action").locator("textarea, input").press_sequentially("12")
    assert reader.passages == 1
    assert reader.page.locator("#story-stop").count() == 0


def test_undo_and_the_map_make_branches(reader: Reader) -> None:
    reader.begin()
    reader.act("I climb the tree")
    reader.page.click("#story-undo")
    reader.page.wait_for_selector("#story-map .here[aria-label^='Scene 1']")
    reader.act("I dig a hole")
    assert reader.passages == 3
    assert reader.page.locator("#story-map .node[aria-label^='Scene 2']").count() == 2


def test_the_map_is_used_by_keyboard(reader: Reader) -> None:
    reader.begin()
    reader.act("I climb the tree")
    reader.page.locator("#story-map .node").first.focus()
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_selector("#story-map .here[aria-label^='Scene 1']")


def test_the_story_can_be_ended(reader: Reader) -> None:
    reader.begin()
    reader.page.click("#story-end")
    reader.page.wait_for_selector(".story-over")
    reader.told(2)
    assert reader.page.locator("#story-choices button").count() == 0


def test_a_reload_shows_the_story_where_it_was(reader: Reader) -> None:
    reader.begin()
    reader.act("I climb the tree")
    scene = reader.page.inner_text("#story-scene")
    reader.page.reload()
    reader.page.wait_for_selector("#story-map .here")
    reader.page.wait_for_function(
        "scene => document.querySelector('#story-scene').innerText === scene", arg=scene
    )


def test_another_visitor_sees_nothing_of_it(
    reader: Reader, browser: "Browser", server: str
) -> None:
    reader.begin("A secret")
    stranger = browser.new_context().new_page()
    other = Reader(stranger, server)
    assert other.passages == 0
    stranger.context.close()


def test_hostile_words_stay_words(reader: Reader) -> None:
    reader.begin(HOSTILE)
    reader.act(HOSTILE)
    assert reader.page.locator("#story-scene img, #story-map img").count() == 0
    assert "<img src=x" in reader.page.inner_text("#story-scene")
    assert reader.alerts == []


def test_a_title_that_is_missing_is_explained(reader: Reader) -> None:
    reader.page.click("#story-begin")
    reader.page.wait_for_selector("text=It takes 1 to 500")
    assert reader.page.locator("#story-stop").count() == 0


def test_a_scene_can_be_flagged_with_one_click(reader: Reader) -> None:
    reader.begin()
    reader.page.locator(".vote-bad").first.click()
    reader.page.wait_for_selector("#flag-receipt", state="visible")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_phone(browser: "Browser", server: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{server}/story?__theme={scheme}")
    page.wait_for_selector("#story-map .map-empty")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_a_choice_that_was_read_leads_back_without_telling_anew(reader: Reader) -> None:
    reader.begin()
    reader.page.click("#story-choices button >> nth=0")
    reader.told(2)
    count, there = reader.passages, reader.here
    reader.page.click("#story-undo")
    reader.page.locator("#story-choices .mark", has_text="read").wait_for()
    reader.page.locator("#story-choices button", has_text="✓ read").click()
    reader.page.wait_for_function(
        "label => document.querySelector('#story-map .here').getAttribute('aria-label') === label",
        arg=there,
    )
    assert reader.passages == count


def test_notes_are_kept_and_shown_to_the_model(reader: Reader) -> None:
    reader.begin()
    page = reader.page
    page.click("#story-notes > button")
    page.get_by_label("What stays true").fill(f"It is winter.\n{HOSTILE}")
    page.get_by_role("button", name="Save notes").click()
    page.locator("#story-budget p", has_text="of them notes").wait_for()
    page.reload()
    page.wait_for_selector("#story-map .node")
    page.click("#story-notes > button")
    assert page.get_by_label("What stays true").input_value() == f"It is winter.\n{HOSTILE}"
    assert reader.alerts == []


def test_the_readers_version_of_a_scene_stands_beside_it(reader: Reader) -> None:
    reader.begin()
    page = reader.page
    page.click("#story-this-scene > button")
    page.locator("#story-edit textarea").fill("A window stands open.")
    page.click("#story-rewrite")
    page.locator("#story-scene .story-edited").wait_for()
    assert page.locator("#story-scene .story-text").inner_text() == "A window stands open."
    assert reader.passages == 2


def test_a_story_goes_out_as_a_file_and_comes_back(reader: Reader) -> None:
    reader.begin("A title to find again")
    page = reader.page
    page.click("#story-files > button")
    page.locator("#story-format input").click()
    page.get_by_role("option", name="JSON", exact=True).click()
    with page.expect_download() as download:
        page.click("#story-save")
    saved = download.value.path().read_bytes()
    renamed = saved.replace(b"A title to find again", b"Under another title")
    with page.expect_file_chooser() as chooser:
        page.click("#story-open")
    chooser.value.set_files(
        {"name": "story.json", "mimeType": "application/json", "buffer": renamed}
    )
    page.locator("#story-scene .story-head", has_text="Under another title").wait_for()

"""A flag from its first click to its erasure, in every app, and what others see of it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from feedback.ledger import Ledger
from feedback.outbox import read_rows
from shared.home import Home
from tests.serving import Serving, served
from tests.test_browser_chat import metric

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
CORRECTION = "Quite another thing, in my own words."


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("life") / "home") as started:
        yield started


def talk(page: "Page", app: str) -> None:
    page.locator(f"#{app}-title p").wait_for()
    page.fill(f"#{app}-input textarea", "hello")
    page.keyboard.press("Enter")
    page.locator(f"#{app}-again").wait_for()
    page.get_by_role("button", name="Dislike", exact=True).click()


def story(page: "Page", _app: str) -> None:
    page.locator("#story-title input, #story-title textarea").first.fill("The silver key")
    page.click("#story-begin")
    page.locator(".vote-bad").first.click()


def brainstorm(page: "Page", _app: str) -> None:
    page.locator("#board-topic input, #board-topic textarea").first.fill("a garden")
    page.click("#board-brainstorm")
    page.locator("#board [data-act=bad]").first.click()


def poetry(page: "Page", _app: str) -> None:
    page.locator("#poem-subject input, #poem-subject textarea").first.fill("rain")
    page.click("#poem-write")
    page.locator(".vote-bad").first.click()


APPS: dict[str, Callable[["Page", str], None]] = {
    "chat": talk,
    "code": talk,
    "story": story,
    "brainstorm": brainstorm,
    "poetry": poetry,
}
"""App to what makes an answer there and says in one click that it is bad."""


@pytest.mark.parametrize("app", APPS)
def test_two_clicks_a_correction_no_consent_and_erased(
    browser: "Browser", suite: Serving, app: str
) -> None:
    mine, other = browser.new_context(), browser.new_context()
    page = mine.new_page()
    page.goto(f"{suite.url}/{app}")
    APPS[app](page, app)
    page.locator("#flag-told").get_by_text("Stored as").wait_for()
    page.locator("#flag-reasons input").first.check()
    page.locator("#flag-told").get_by_text("You can add to it").wait_for()
    page.fill("#flag-correction textarea", CORRECTION)
    page.locator("#flag-diff ins").first.wait_for()
    page.click("#flag-send")
    page.locator("#flag-told").get_by_text("Sent.").wait_for()
    receipt = page.locator("#flag-receipt textarea").input_value()
    flag_id = receipt.split()[1]
    home = Home(suite.home)
    record = Ledger(home).get(flag_id).record
    assert record is not None
    assert (record.app, record.correction) == (app, CORRECTION)
    assert len(record.categories) == 1
    assert (record.consent.train, record.consent.publish) == (False, False)
    assert metric(suite.url, "inkloop_flags_unpushed") == 0
    stranger = other.new_page()
    stranger.goto(f"{suite.url}/flags?id={flag_id}")
    stranger.locator(".life h2").get_by_text("Waits for review").wait_for()
    assert CORRECTION not in stranger.content()
    assert flag_id not in stranger.inner_text("#flags-own")
    assert not stranger.is_visible("#flags-opened")
    page.goto(f"{suite.url}/flags")
    page.locator("#flags-own button").first.wait_for()
    page.locator("#flags-id textarea, #flags-id input").fill(receipt)
    page.click("#flags-look")
    page.locator("#flags-opened").wait_for()
    page.click("#flags-erase")
    page.locator("#flags-warning").get_by_text("cannot be undone").wait_for()
    page.click("#flags-sure")
    page.locator(".life h2").get_by_text("Erased").wait_for()
    assert not any(row.payload for row in read_rows(home.feedback) if row.flag_id == flag_id)
    for context in (mine, other):
        context.close()

"""No page has a serious fault for somebody who cannot see or use a mouse, says axe-core."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from apps.suite import APPS, PLACES
from tests.serving import Serving, served
from training.tour.page import Diary, write_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PASSWORD = "a long and lovely password"
GRAVE = ("serious", "critical")
PUBLIC = ["/", *(row.path for row in (*APPS, *PLACES))]
REVIEWERS = ["/admin/", "/admin/figures", "/admin/releases", "/admin/audit"]
CODE = (
    "What is this?\n```python\nif 1 < 2:  # yes\n    print('a', len("
    + "'x' * 40 + " * 40
    + "''))\n```"
)


def graves(page: "Page") -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def by_day_and_by_night(page: "Page") -> list[str]:
    by_day = graves(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.body.classList.add('dark')")
    # Colours fade over; what is measured half-way is neither.
    page.evaluate("Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0)))")
    by_night = graves(page)
    page.evaluate("document.body.classList.remove('dark')")
    return by_day + by_night


def drawn(page: "Page", url: str) -> "Page":
    page.goto(url)
    page.wait_for_selector("nav.ink-top")
    page.wait_for_selector("#model-banner strong, .admin-top")
    page.wait_for_function("document.fonts.status === 'loaded'")
    return page


def ask(page: "Page", url: str, app: str) -> None:
    page.goto(f"{url}/{app}")
    page.locator(f"#{app}-title p").wait_for()
    page.locator(f"#{app}-input textarea").fill(CODE)
    page.locator(f"#{app}-input textarea").press("Enter")
    page.locator(f"#{app}-log").get_by_role("button", name="Like", exact=True).wait_for()
    page.locator(f"#{app}-send").wait_for(state="visible")


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("axe") / "home", admin_password=PASSWORD) as started:
        yield started


@pytest.mark.parametrize("path", PUBLIC)
def test_a_fresh_page_has_no_grave_fault(page: "Page", reviewed: Serving, path: str) -> None:
    assert by_day_and_by_night(drawn(page, reviewed.url + path)) == []


def test_a_chat_with_code_and_an_open_flag_has_no_grave_fault(
    page: "Page", reviewed: Serving
) -> None:
    ask(page, reviewed.url, "chat")
    page.locator("#chat-log .ink-block-save").first.wait_for()
    page.locator("#chat-log").get_by_role("button", name="Like", exact=True).click()
    page.locator("#flag-told").get_by_text("Stored as").wait_for()
    assert by_day_and_by_night(page) == []


def test_the_reviewers_pages_have_no_grave_fault(page: "Page", reviewed: Serving) -> None:
    ask(page, reviewed.url, "code")
    page.locator("#code-log").get_by_role("button", name="Dislike", exact=True).click()
    page.locator("#flag-told").get_by_text("Stored as").wait_for()
    page.goto(f"{reviewed.url}/admin/login")
    assert by_day_and_by_night(page) == []
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Login").click()
    page.wait_for_selector(".admin-top")
    for path in REVIEWERS:
        page.set_viewport_size({"width": 1280, "height": 800})
        assert by_day_and_by_night(drawn(page, reviewed.url + path)) == [], path


def test_the_page_of_the_tour_has_no_grave_fault(page: "Page", tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    diary = Diary()
    diary.chapter("A question", 3)
    diary.say("Somebody asks.")
    diary.quote("What is a quokka?", "A small marsupial.")
    diary.check(True, "it answers")
    page.goto(write_page(diary, tmp_path, minutes=1.5).as_uri())
    assert by_day_and_by_night(page) == []


def test_axe_finds_what_is_wrong(page: "Page") -> None:
    page.set_content('<html lang="en"><title>x</title><main><img src="data:,"><button></button>')
    assert {fault.split(":")[0] for fault in graves(page)} == {"image-alt", "button-name"}

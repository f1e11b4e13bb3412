"""Flags, releases and the reviewers' pages in a real browser."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from apps.ui.owner import COOKIE
from feedback.ledger import Ledger
from feedback.records import Receipt
from shared.home import Home
from shared.models.demo import DEMO_GGUF
from shared.releases import ReleaseStore
from tests.feedback_room import Room
from tests.serving import Serving, served
from tests.test_browser_chat import HOSTILE, Talk
from tests.test_browser_site import CONTRAST, PHONE
from tests.test_served_release import add_release

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

ADA = "ada" + "a" * 40
PASSWORD = "correct horse battery staple"
ADMIN_PAGES = ["/admin/", "/admin/figures", "/admin/audit", "/admin/releases"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("flags") / "home")


@pytest.fixture(scope="module")
def sent(home: Home) -> list[Receipt]:
    """What Ada and somebody hostile have flagged before the server starts."""
    with Room.opened(home.root) as room:
        receipts = [room.complain(ADA, f"What is thing {n}?", comment="Wrong.") for n in range(6)]
        return [*receipts, room.complain("eve", HOSTILE, correction=HOSTILE, comment=HOSTILE)]


@pytest.fixture(scope="module")
def reviewed(home: Home, sent: list[Receipt]) -> Iterator[Serving]:
    add_release(home.root, "demo-r1", DEMO_GGUF)
    with served(home.root, admin_password=PASSWORD) as started:
        yield started


@pytest.fixture(scope="module")
def inside(browser: "Browser", reviewed: Serving) -> Iterator["BrowserContext"]:
    """A reviewer who has logged in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{reviewed.url}/admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Login").click()
    page.wait_for_url("**/admin/")
    page.close()
    yield context
    context.close()


@pytest.fixture
def reviewer(inside: "BrowserContext") -> Iterator["Page"]:
    page = inside.new_page()
    yield page
    page.close()


@pytest.fixture
def ada(page: "Page", reviewed: Serving) -> "Page":
    page.context.add_cookies([{"name": COOKIE, "value": ADA, "url": reviewed.url}])
    return page


def decision(home: Home, flag_id: str) -> tuple[str, str, str]:
    made = Ledger(home).get(flag_id).decision
    return (made.decision, made.by, made.correction) if made else ("", "", "")


# One's own flags


def test_the_flag_panel_leads_to_what_became_of_it(page: "Page", reviewed: Serving):
    talk = Talk(page, reviewed.url)
    talk.ask("hello")
    talk.button("Dislike").click()
    link = page.locator("#flag-told a")
    link.wait_for()
    text = page.locator("#flag-receipt textarea").input_value()
    page.goto(f"{reviewed.url}{link.get_attribute('href')}")
    page.locator(".life h2").get_by_text("Waits for review").wait_for()
    page.locator("#flags-id textarea, #flags-id input").fill(text)
    page.click("#flags-look")
    page.locator("#flags-opened").wait_for()
    assert page.locator("#flags-receipt input").input_value() in text


def test_a_browser_knows_its_flags_without_typing(ada: "Page", reviewed: Serving, sent):
    ada.goto(f"{reviewed.url}/flags")
    ada.locator(f'#flags-own [data-id="{sent[0].flag_id}"]').click()
    ada.locator(".life").get_by_text(sent[0].flag_id).wait_for()
    assert not ada.is_visible("#flags-opened")


def opened(page: "Page", url: str, receipt: Receipt) -> "Page":
    page.goto(f"{url}/flags?id={receipt.flag_id}")
    page.locator(".life").wait_for()
    page.locator("#flags-receipt input").fill(receipt.receipt)
    page.click("#flags-look")
    page.locator("#flags-opened").wait_for()
    return page


def test_then_and_now_stand_side_by_side(ada: "Page", reviewed: Serving, sent):
    opened(ada, reviewed.url, sent[0]).click("#flags-again")
    ada.locator("#flags-now small").get_by_text("demo").wait_for()
    expect(ada.locator("#flags-then")).to_contain_text("A kind of cheese.")
    expect(ada.locator("#flags-now pre")).not_to_be_empty()


def test_erasing_is_asked_twice(ada: "Page", reviewed: Serving, home: Home, sent):
    opened(ada, reviewed.url, sent[5]).click("#flags-erase")
    ada.locator("#flags-warning").get_by_text("cannot be undone").wait_for()
    assert Ledger(home).get(sent[5].flag_id).state == "received"
    ada.click("#flags-sure")
    ada.locator(".life h2").get_by_text("Erased").wait_for()
    assert Ledger(home).get(sent[5].flag_id).state == "erased"


def test_a_wrong_receipt_opens_nothing(page: "Page", reviewed: Serving, sent):
    page.goto(f"{reviewed.url}/flags?id={sent[0].flag_id}")
    page.locator(".life").wait_for()
    page.locator("#flags-receipt input").fill("guess")
    page.click("#flags-look")
    page.get_by_text("no flag with this id and this receipt").wait_for()
    assert not page.is_visible("#flags-opened")


# The reviewers


def test_without_a_password_there_is_no_admin(server: str):
    assert httpx.get(f"{server}/admin").status_code == 404
    assert httpx.get(f"{server}/admin/").status_code == 404
    assert httpx.get(f"{server}/admin/login").status_code == 404


@pytest.mark.parametrize("path", ["/admin/", "/admin/figures", "/admin/config"])
def test_outside_one_sees_the_login_only(reviewed: Serving, path: str):
    page = httpx.get(reviewed.url + path, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/admin/login")
    assert httpx.get(reviewed.url + path).status_code == 401


def test_outside_nothing_can_be_done(reviewed: Serving):
    for route in ("queue/join", "call/decided", "run/decided", "upload"):
        found = httpx.post(f"{reviewed.url}/admin/gradio_api/{route}", json={"data": []})
        assert found.status_code == 401, route


def review(page: "Page", url: str) -> "Page":
    page.goto(f"{url}/admin/")
    page.locator(".review-flag").wait_for()
    return page


def at(page: "Page", place: int) -> None:
    page.locator(f'[data-at="{place}"][aria-current]').wait_for()


def test_the_keyboard_decides(reviewer: "Page", reviewed: Serving, home: Home, sent):
    review(reviewer, reviewed.url)
    first, second, third, fourth = (receipt.flag_id for receipt in sent[:4])
    reviewer.keyboard.press("a")
    at(reviewer, 1)
    assert decision(home, first) == ("approve", "admin", "")
    reviewer.keyboard.press("r")
    at(reviewer, 2)
    assert decision(home, second)[0] == "reject"
    reviewer.keyboard.press("q")
    at(reviewer, 3)
    assert decision(home, third)[0] == "quarantine"
    reviewer.keyboard.press("e")
    reviewer.keyboard.press("Control+A")
    reviewer.keyboard.type("A rare thing, queer as a quokka.")
    assert decision(home, fourth)[0] == ""
    reviewer.keyboard.press("Control+Enter")
    at(reviewer, 4)
    assert decision(home, fourth) == ("edit", "admin", "A rare thing, queer as a quokka.")
    reviewer.keyboard.press("k")
    at(reviewer, 3)
    reviewer.keyboard.press("j")
    at(reviewer, 4)


def test_what_a_stranger_wrote_stays_text(reviewer: "Page", reviewed: Serving, sent):
    review(reviewer, reviewed.url)
    reviewer.locator("#review-search input, #review-search textarea").fill("owned")
    reviewer.keyboard.press("Enter")
    expect(reviewer.locator(".review-flag")).to_have_count(1)
    flag = reviewer.locator(f'.review-flag[data-id="{sent[6].flag_id}"]')
    expect(flag).to_contain_text("<script>")
    expect(reviewer.locator("#review-list")).to_contain_text("${document.title='owned'}")
    assert reviewer.title() == "Inkloop: reviewers"


def test_promoting_is_asked_twice_and_served(reviewer: "Page", reviewed: Serving, home: Home):
    store = ReleaseStore(home.releases)
    reviewer.goto(f"{reviewed.url}/admin/releases")
    reviewer.locator("#served-releases table").wait_for()
    reviewer.click("#served-promote")
    reviewer.locator("#served-sure-box").get_by_text("demo-r1").wait_for()
    assert store.pointer().name == ""
    reviewer.click("#served-sure")
    reviewer.locator("#served-told").get_by_text("demo-r1 is promoted").wait_for()
    assert store.pointer().name == "demo-r1"
    reviewer.click("#served-rollback")
    reviewer.locator("#served-sure-box").get_by_text("the base model").wait_for()
    reviewer.click("#served-sure")
    reviewer.locator("#served-told").get_by_text("Back to the base model").wait_for()
    assert store.pointer().name == ""


def test_figures_are_drawn(reviewer: "Page", reviewed: Serving):
    reviewer.goto(f"{reviewed.url}/admin/figures")
    reviewer.locator("#plot-reasons").get_by_text("Misunderstood me").first.wait_for()
    expect(reviewer.locator("#enough")).to_contain_text("Enough to retrain?")


@pytest.mark.parametrize("path", ADMIN_PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_reviewers_can_read_everything(reviewer: "Page", reviewed: Serving, path: str, scheme):
    reviewer.emulate_media(color_scheme=scheme)
    reviewer.set_viewport_size(PHONE)
    reviewer.goto(reviewed.url + path)
    reviewer.locator(
        ".review-flag, .enough, #audit-figures p, #served-releases table"
    ).first.wait_for()
    assert reviewer.evaluate(CONTRAST) == []
    assert reviewer.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_leaving_ends_the_visit(reviewed: Serving):
    sent_in = {"username": "admin", "password": PASSWORD}
    with httpx.Client(base_url=reviewed.url) as client:
        client.post("/admin/login", data=sent_in)
        assert client.get("/admin/config").is_success
        kept = dict(client.cookies)
        client.post("/admin/logout")
    assert httpx.get(f"{reviewed.url}/admin/config", cookies=kept).status_code == 401

"""The site in a real browser: its ways, its look, and that it talks to nobody else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from apps.suite import APPS, PLACES
from tests.serving import Serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

EVERY_PAGE = ["/", *(row.path for row in (*APPS, *PLACES))]
PHONE = {"width": 390, "height": 844}

CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => { for (let e = element; e; e = e.parentElement) {
    const colour = rgba(getComputedStyle(e).backgroundColor);
    if (colour[3] > 200) return colour; } return [255, 255, 255, 255]; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  for (let node; node = walker.nextNode();) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility({opacityProperty: true,
        visibilityProperty: true})
      || element.closest('script, style, [disabled], .ink-skip, option')) continue;
    const style = getComputedStyle(element);
    const large = parseFloat(style.fontSize) >= 24
      || (parseFloat(style.fontSize) >= 18.66 && parseInt(style.fontWeight) >= 700);
    const [a, b] = [light(rgba(style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < (large ? 3 : 4.5))
      poor.push([ratio.toFixed(2), node.textContent.trim().slice(0, 40), element.className]);
  }
  return poor; }"""


def opened(page: "Page", url: str) -> "Page":
    page.goto(url)
    page.wait_for_selector("#model-banner strong")
    return page


def test_home_names_the_apps_and_the_model(page: "Page", server: str):
    opened(page, server)
    assert page.locator(".ink-card h2").all_inner_texts() == [row.title for row in APPS]
    expect(page.locator("#model-banner strong")).to_contain_text("demo")
    expect(page.locator("#model-banner")).to_contain_text("demo model")


def test_home_offers_the_real_model_by_button_and_command(page: "Page", server: str):
    opened(page, server)
    expect(page.locator("#home-fetch")).to_contain_text("inkloop models pull llama-3.2-1b")
    assert page.is_visible("#home-fetch-start")


def test_fetching_without_a_network_ends_in_a_plain_sentence(page: "Page", server: str):
    opened(page, server)
    page.click("#home-fetch-start")
    said = page.locator("#home-fetch-progress")
    said.filter(has_text="was not fetched").wait_for()
    page.locator("#home-fetch-start").wait_for()


@pytest.mark.parametrize("row", APPS, ids=[row.name for row in APPS])
def test_a_card_leads_to_its_app(page: "Page", server: str, row):
    opened(page, server)
    page.click(f'.ink-card[href="{row.path}"]')
    page.wait_for_url(f"**{row.path}")
    page.wait_for_selector(f'.ink-top a[href="{row.path}"][aria-current="page"]')
    page.wait_for_selector("#model-banner strong")


@dataclass
class Visit:
    """A page that was opened, and what it did meanwhile."""

    page: "Page"
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", params=EVERY_PAGE)
def visit(request: pytest.FixtureRequest, browser: "Browser", server: str) -> Iterator[Visit]:
    context = browser.new_context()
    seen = Visit(context.new_page())
    page = seen.page
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    opened(page, server + request.param)
    page.wait_for_function("document.fonts.status === 'loaded'")
    yield seen
    context.close()


@pytest.mark.parametrize("selector", ["h1", "main", "#model-banner", "nav.ink-top"])
def test_every_page_has_exactly_one(visit: Visit, selector: str):
    assert visit.page.locator(selector).count() == 1


def test_no_page_talks_to_anybody_else(visit: Visit, server: str):
    assert [u for u in visit.asked if not u.startswith((server, "data:", "blob:"))] == []


def test_no_page_complains_in_the_console(visit: Visit):
    assert visit.complaints == []


def test_text_stands_out_by_day(visit: Visit):
    assert visit.page.evaluate(CONTRAST) == []


def test_text_stands_out_by_night(visit: Visit):
    visit.page.emulate_media(color_scheme="dark")
    visit.page.reload()
    visit.page.wait_for_selector("#model-banner strong")
    assert visit.page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_a_phone_never_scrolls_sideways(browser: "Browser", server: str, path: str):
    context = browser.new_context(viewport=PHONE)
    page = opened(context.new_page(), server + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_the_keyboard_reaches_the_page_past_the_links(page: "Page", server: str):
    opened(page, server)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "ink-skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "ink-brand"


def test_a_picture_from_elsewhere_is_never_asked_for(page: "Page", server: str):
    opened(page, server)
    refused = page.evaluate(
        """() => new Promise(done => {
          document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));
          document.body.insertAdjacentHTML('beforeend', '<img src="https://evil.example/x.png">');
        })"""
    )
    assert refused == "img-src"


def test_the_owner_cookie_is_out_of_reach_of_scripts(page: "Page", serving: Serving):
    opened(page, serving.url)
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert cookies["inkloop_owner"]["httpOnly"]
    assert "inkloop_owner" not in page.evaluate("document.cookie")


def test_nothing_that_was_said_stays_in_the_browser(page: "Page", server: str):
    opened(page, server)
    kept = page.evaluate("Object.entries(localStorage).map(([key, value]) => key)")
    assert not [key for key in kept if "run" in key or "history" in key]

"""Make the README's pictures: `python tests/make_screenshots.py` uses every app once, for real.

A server of its own on the demo model, headless Chromium, and what the model wrote that minute.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, Page, sync_playwright

from tests.serving import served

FOLDER = Path(__file__).resolve().parent / "screenshots"
DESKTOP = {"width": 1180, "height": 820}
TALL = {"width": 1180, "height": 1240}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 60_000
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    " --disable-background-networking --disable-component-update"
).split()


def chat(page: Page) -> None:
    """One question and its answer."""
    box = page.locator("#chat-input textarea")
    box.fill("Hello! What can you do?")
    box.press("Enter")
    page.locator("#chat-log .bot").first.wait_for(timeout=PATIENCE_MS)


def story(page: Page) -> None:
    """A beginning and the choice after it."""
    page.locator("#story-title input, #story-title textarea").first.fill("The Silver Key")
    page.locator("#story-begin").click()
    page.locator("#story-choices button").first.wait_for(timeout=PATIENCE_MS)
    page.locator("#story-choices button").first.click()
    page.wait_for_timeout(4000)
    page.locator("#story-choices button").first.wait_for(timeout=PATIENCE_MS)


def board(page: Page) -> None:
    """Five ideas."""
    page.locator("#board-topic input, #board-topic textarea").first.fill("a school garden")
    page.locator("#board-brainstorm").click()
    page.locator("[id^=board-card-]").nth(4).wait_for(timeout=PATIENCE_MS)


def poem(page: Page) -> None:
    """A haiku and its report."""
    page.locator("#poem-subject input, #poem-subject textarea").first.fill("rain")
    page.locator("#poem-write").click()
    page.locator("#poem-report").wait_for(timeout=PATIENCE_MS)


PICTURES: dict[str, tuple[str, Callable[[Page], None], dict[str, int], str]] = {
    "chat": ("/chat", chat, DESKTOP, "light"),
    "story": ("/story", story, DESKTOP, "light"),
    "board": ("/brainstorm", board, TALL, "dark"),
    "poem": ("/poetry", poem, DESKTOP, "light"),
    "story-phone": ("/story", story, PHONE, "dark"),
}


def take(browser: Browser, url: str, name: str) -> Path:
    """Use one app and keep a picture of it."""
    path, use, viewport, scheme = PICTURES[name]
    context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url + path)
    page.locator("#model-banner").first.wait_for(timeout=PATIENCE_MS)
    use(page)
    # The last words of an answer and the fonts settle after the element has appeared.
    page.wait_for_timeout(2500)
    target = FOLDER / f"{name}.png"
    page.screenshot(path=target)
    context.close()
    return target


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as serving:
        with sync_playwright() as playwright:
            system = Path("/usr/bin/chromium")
            path = system if system.exists() else None
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            for name in PICTURES:
                sys.stdout.write(f"{take(browser, serving.url, name)}\n")
            browser.close()


if __name__ == "__main__":
    main()

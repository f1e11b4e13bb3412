"""Read stories as people do: `python tests/walk_stories.py [STORIES] [CHOICES]`, in a real browser.

Each story is begun by “Surprise me”; then one of the buttons is taken, again and again. When a
story ends early, the reader undoes the last step and goes another way. At each scene is counted:
whether there are buttons, whether two of them say the same, how many came from the stock list, and
whether the map shows every scene. Ends with code 1 when something of it was wrong.
"""

import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Page, sync_playwright

from shared.formats.alike import alike
from tests.make_screenshots import ARGUMENTS
from tests.serving import served

PATIENCE_MS = 120_000


@dataclass
class Walk:
    """What was seen so far."""

    scenes: int = 0
    choices: int = 0
    stock: int = 0
    early_ends: int = 0
    without_buttons: int = 0
    alike: list[tuple[str, str]] = field(default_factory=list)
    wrong_maps: int = 0
    seconds: list[float] = field(default_factory=list)

    def report(self) -> str:
        return (
            f"{self.scenes} scenes, {self.choices} choices, {self.stock} of them stock;"
            f" {self.early_ends} early ends, {self.without_buttons} scenes without buttons,"
            f" {len(self.alike)} pairs alike, {self.wrong_maps} wrong maps;"
            f" a turn took {statistics.median(self.seconds):.1f} s (median),"
            f" {max(self.seconds):.1f} s at most"
        )

    @property
    def good(self) -> bool:
        return not (self.without_buttons or self.alike or self.wrong_maps)


def settled(page: Page, passages: int) -> None:
    page.wait_for_function(
        "n => document.querySelectorAll('#story-map .node').length >= n", arg=passages
    )
    page.locator("#story-stop").wait_for(state="hidden")
    page.wait_for_function("document.querySelector('#story-status').innerText.trim() === ''")


def look(page: Page, walk: Walk, passages: int) -> int:
    """Count one scene; how many buttons it has, 0 at an ending."""
    walk.scenes += 1
    walk.wrong_maps += page.locator("#story-map .node").count() != passages
    texts = page.locator("#story-choices button span[dir=auto]").all_inner_texts()
    ended = page.locator("#story-scene .story-over").count() > 0
    walk.early_ends += ended
    walk.without_buttons += not ended and not 2 <= len(texts) <= 4
    walk.choices += len(texts)
    walk.stock += page.locator("#story-choices button.stock").count()
    walk.alike += [pair for pair in combinations(texts, 2) if alike(*pair)]
    return len(texts)


def read(page: Page, walk: Walk, steps: int, chance: random.Random) -> None:
    """One story of so many choices."""
    page.locator("#story-surprise").click()
    page.wait_for_function(
        "document.querySelector('#story-title input, #story-title textarea').value"
    )
    page.locator("#story-begin").click()
    passages = 1
    settled(page, passages)
    offered = look(page, walk, passages)
    taken = 0
    while taken < steps:
        if not offered:
            if page.locator("#story-undo").is_disabled():
                page.locator("#story-this-scene > button").click()
                page.locator("#story-again").click()
                passages += 1
                settled(page, passages)
                offered = look(page, walk, passages)
                continue
            page.locator("#story-undo").click()
            page.locator("#story-choices button").first.wait_for()
            offered = page.locator("#story-choices button").count()
        fresh = page.locator("#story-choices button:not(:has(.mark))")
        if not fresh.count():
            page.locator("#story-action textarea, #story-action input").first.fill("I look around.")
            page.keyboard.press("Enter")
        else:
            fresh.nth(chance.randrange(fresh.count())).click()
        began = time.monotonic()
        passages, taken = passages + 1, taken + 1
        settled(page, passages)
        walk.seconds.append(time.monotonic() - began)
        offered = look(page, walk, passages)


def main() -> None:
    """Walk, tell, and end with 1 when something was wrong."""
    stories, steps = (int(each) for each in [*sys.argv[1:], *"10 12".split()[len(sys.argv) - 1 :]])
    walk, chance = Walk(), random.Random(7)
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as server:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
            for number in range(stories):
                page = browser.new_context().new_page()
                page.set_default_timeout(PATIENCE_MS)
                page.goto(f"{server.url}/story")
                page.locator("#story-map .map-empty").wait_for()
                read(page, walk, steps, chance)
                page.context.close()
                sys.stdout.write(f"story {number + 1}: {walk.report()}\n")
                sys.stdout.flush()
            browser.close()
    sys.exit(0 if walk.good else 1)


if __name__ == "__main__":
    main()

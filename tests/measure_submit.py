"""How quick a flag is in a real browser: `python tests/measure_submit.py` prints a table.

Times run from the click to the frame that shows what was stored, with its receipt: median and p95,
in milliseconds. A busy machine gives other figures, so the load is printed beside them, and what
the work itself takes wherever it runs: CPU time of the server, and of the page's main thread. The
last columns are the requests that one click makes, and the time from sending the first of them to
the end of the last answer.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.measure_board import page_ms, server_ms
from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

TIMED = """async ([act, done]) => {
  performance.clearResourceTimings();
  const look = Function('return ' + done), started = performance.now();
  document.querySelector(act).click();
  await new Promise(resolve => {
    const again = () => look() ? requestAnimationFrame(() => resolve()) : setTimeout(again, 2);
    again();
  });
  const took = performance.now() - started;
  await new Promise(resolve => setTimeout(resolve, 400));
  const calls = performance.getEntriesByType('resource').filter(one => one.startTime >= started);
  const ends = calls.map(one => one.responseEnd), begins = calls.map(one => one.startTime);
  return [took, calls.length, calls.length ? Math.max(...ends) - Math.min(...begins) : 0];
}"""
TOLD = "document.querySelector('#flag-told').innerText"
RECEIPT = "(document.querySelector('#flag-receipt textarea')?.value || '').includes('Receipt')"
STEPS = (
    ("a verdict", "#flag-verdict label:nth-of-type({odd}) input", f"{TOLD}.includes('“{{word}}”')"),
    ("a reason", "#flag-reasons label:first-of-type input", f"{TOLD}.includes('add to it')"),
    ("Send", "#flag-send", f"{TOLD}.includes('Sent')"),
)


def opened(page: "Page", url: str) -> None:
    """An answer in the chat with the panel open for it."""
    page.goto(url)
    page.locator("#chat-title p").wait_for()
    page.fill("#chat-input textarea", "hello")
    page.keyboard.press("Enter")
    page.locator("#chat-again").wait_for()
    page.get_by_role("button", name="Dislike", exact=True).click()
    page.locator("#flag-told").get_by_text("Stored as").wait_for()


def measured(page: "Page", cdp: "CDPSession", pid: int, times: int) -> list[str]:
    """Rows of the table."""
    found: dict[str, list[list[float]]] = {name: [] for name, _, _ in STEPS}
    for turn in range(times):
        odd = turn % 2 == 0
        values: dict[str, Any] = {"odd": 1 if odd else 2, "word": "Good" if odd else "Bad"}
        for name, act, done in STEPS:
            if name == "Send":
                page.fill("#flag-comment textarea", f"Turn {turn}.")
            page.wait_for_timeout(300)
            before = server_ms(pid), page_ms(cdp)
            given = [act.format(**values), f"{done.format(**values)} && {RECEIPT}"]
            took, calls, wire = page.evaluate(TIMED, given)
            spent = server_ms(pid) - before[0], page_ms(cdp) - before[1]
            found[name].append([took, *spent, calls, wire])
    return [_row(name, rows) for name, rows in found.items()]


def _row(name: str, rows: list[list[float]]) -> str:
    took = [row[0] for row in rows]
    p95 = quantiles(took, n=20)[-1]
    rest = " | ".join(f"{median(row[place] for row in rows):.0f}" for place in range(1, 5))
    return f"| {name} | {median(took):.0f} | {p95:.0f} | {rest} |"


def main() -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=40)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as root, served(Path(root) / "home", "chat") as serving:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            cdp = page.context.new_cdp_session(page)
            cdp.send("Performance.enable")
            opened(page, serving.url)
            rows = measured(page, cdp, serving.process.pid, given.times)
            browser.close()
    head = (
        "| click | median ms | p95 ms | server CPU ms | page CPU ms | requests | on the wire ms |"
    )
    lines = [f"Load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores.", "", head, "|---" * 7 + "|"]
    sys.stdout.write("\n".join([*lines, *rows, ""]))


if __name__ == "__main__":
    main()

"""How quick a board of 300 cards is in a real browser: `python tests/measure_board.py`.

Times run from the click or key to the frame that shows the result, median of five, in
milliseconds. A busy machine gives other figures, so the load is printed beside them, and what the
work itself takes wherever it runs: CPU time of the server, and of the page's main thread.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession

CARDS = 299
TIMES = 5
TIMED = """async ([act, done]) => {
  const started = performance.now(), shown = eval(done);
  eval(act)();
  await new Promise(resolve => {
    const look = () => shown() ? requestAnimationFrame(() => resolve()) : setTimeout(look, 4);
    look();
  });
  return performance.now() - started;
}"""
TICKS = os.sysconf("SC_CLK_TCK")
ORDER = "[...document.querySelectorAll('#board .card')].map(c => c.id).join()"
MOVED = f"(was => () => {ORDER} !== was)({ORDER})"
COUNTED = "(was => () => document.querySelectorAll('#board .card').length !== was)"
COUNTED += "(document.querySelectorAll('#board .card').length)"
DRAG = """() => {
  const cards = document.querySelectorAll('#board .card'), data = new DataTransfer();
  const send = (node, kind) => node.dispatchEvent(
    new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data}));
  send(cards[9].querySelector('.grip'), 'dragstart');
  send(cards[2], 'dragover');
  send(cards[2], 'drop');
}"""
STEPS = (
    ("drag", DRAG, MOVED),
    ("undo a drag", "() => document.querySelector('#board-undo').click()", MOVED),
    ("sort", "() => document.querySelector('#board-rank').click()", MOVED),
    ("undo a sort", "() => document.querySelector('#board-undo').click()", MOVED),
    ("add", "() => document.querySelector('#board-put-up').click()", COUNTED),
    ("undo an addition", "() => document.querySelector('#board-undo').click()", COUNTED),
    ("delete", "() => document.querySelector('#board [data-act=remove]').click()", COUNTED),
    ("undo a deletion", "() => document.querySelector('#board-undo').click()", COUNTED),
)


def server_ms(pid: int) -> float:
    """CPU time of the server so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def page_ms(cdp: "CDPSession") -> float:
    """Time in which the page's main thread was busy so far: script, style, layout."""
    found = cdp.send("Performance.getMetrics")["metrics"]
    return 1000 * next(one["value"] for one in found if one["name"] == "TaskDuration")


def board_file() -> str:
    """Cards whose last ones have no scores, so that sorting has something to do."""
    cards = [
        {
            "title": f"Idea {number}",
            "body": f"What number {number} is about: {number * 7919 % 1000} lamps and books.",
            "tags": ["warm"] if number % 3 else [],
        }
        for number in range(CARDS)
    ]
    return json.dumps({"topic": "Light", "cards": cards})


def main() -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu"]
    with tempfile.TemporaryDirectory() as root, served(Path(root) / "home") as serving:
        with sync_playwright() as playwright:
            system = Path("/usr/bin/chromium")
            path = system if system.exists() else None
            browser = playwright.chromium.launch(executable_path=path, args=arguments)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(60_000)
            page.goto(f"{serving.url}/brainstorm")
            page.wait_for_selector("#board .board-empty")
            page.click("#board-own button")
            page.locator("#board-own-title").locator("input, textarea").fill("Judged")
            page.click("#board-put-up")
            page.click("#board [data-act=evaluate]")
            page.wait_for_selector("#board .scores")
            page.click("#board-bring-folder button")
            page.fill("#board-bring textarea", board_file())
            page.click("#board-bring-up")
            page.wait_for_function(f"document.querySelectorAll('#board .card').length > {CARDS}")
            # Room for one more.
            page.locator("#board [data-act=remove]").nth(5).click()
            cdp = page.context.new_cdp_session(page)
            cdp.send("Performance.enable")
            taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name, _, _ in STEPS}
            # The judged card is not the first any more: sorting moves it. Every step is undone.
            page.locator("#board .grip").first.press("ArrowDown")
            for _ in range(TIMES):
                page.locator("#board-own-title").locator("input, textarea").fill("One more")
                for name, act, done in STEPS:
                    page.wait_for_timeout(700)
                    before = server_ms(serving.process.pid), page_ms(cdp)
                    shown = page.evaluate(TIMED, [act, done])
                    page.wait_for_timeout(400)
                    after = server_ms(serving.process.pid), page_ms(cdp)
                    taken[name].append((shown, after[0] - before[0], after[1] - before[1]))
            browser.close()
    load = os.getloadavg()[0]
    sys.stdout.write(f"{CARDS} cards, load {load:.1f} on {os.cpu_count()} cores\n")
    sys.stdout.write(f"{'':>18}    shown  server    page\n")
    for name, times in taken.items():
        figures = "".join(f"{median(column):5.0f} ms" for column in zip(*times, strict=True))
        sys.stdout.write(f"{name:>18} {figures}\n")


if __name__ == "__main__":
    main()

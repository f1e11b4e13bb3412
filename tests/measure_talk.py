"""How fast old conversations are: `python tests/measure_talk.py` prints a table.

500 conversations of 40 turns in the store: list, open and search, each the worst of five. Then one
of 200 turns in headless Chromium: from the address to the last answer, and the frames while the log
is scrolled from end to beginning. CPU time stands beside the time on the wall, which on a busy
machine says more about the others.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Page, sync_playwright

from apps.talk.conversation import Conversation, Turn
from apps.talk.limits import Wishes
from apps.talk.store import ConversationStore
from apps.ui.owner import COOKIE, new_owner
from shared.home import Home
from shared.ids import new_id
from tests.serving import served

WORDS = (
    "the quick brown fox jumps over a lazy dog while rain falls on silver gardens and nobody"
    " knows why lanterns burn"
).split()
CODE = "```python\ndef add(a: int, b: int) -> int:\n    return a + b\n```"
SEARCHES = ("zebra", "silver zebra", "eeee", "silver")
SCROLL = """log => new Promise(done => {
  const box = [log, ...log.querySelectorAll('*')].find(e =>
    e.scrollHeight > e.clientHeight + 50 && /auto|scroll/.test(getComputedStyle(e).overflowY));
  box.scrollTop = box.scrollHeight;
  const step = box.scrollHeight / 180, frames = [];
  let last = performance.now();
  const frame = now => {
    frames.push(now - last);
    last = now;
    box.scrollTop -= step;
    if (frames.length < 180) requestAnimationFrame(frame);
    else done(frames.slice(1).sort((a, b) => a - b));
  };
  requestAnimationFrame(frame);
})"""


def conversation(turns: int, chance: random.Random) -> Conversation:
    """Questions of 40 words and answers of 180, every fifth with a block of code."""
    said: list[Turn] = []
    for place in range(turns):
        words = " ".join(chance.choices(WORDS, k=180 if place % 2 else 40))
        said.append(
            Turn(
                id=new_id(),
                parent=said[-1].id if said else None,
                role="assistant" if place % 2 else "user",
                text=f"{words}\n\n{CODE}" if place % 10 == 1 else words,
            )
        )
    return Conversation(id=new_id(), turns=tuple(said), leaf=said[-1].id)


def say(line: str) -> None:
    """One row of the table."""
    sys.stdout.write(line + "\n")


def worst(name: str, work: Callable[[], object]) -> None:
    """Print the slowest of five."""
    wall, processor = 0.0, 0.0
    for _ in range(5):
        began, used = time.perf_counter(), time.process_time()
        work()
        wall = max(wall, time.perf_counter() - began)
        processor = max(processor, time.process_time() - used)
    say(f"{name:32} {wall * 1000:7.0f} ms {processor * 1000:7.0f} ms CPU")


def on_the_page(page: Page, url: str, last: str) -> None:
    """Open the conversation and scroll through it."""
    began = time.perf_counter()
    page.goto(f"{url}/chat")
    page.locator("#chat-log [data-testid=bot]").nth(99).get_by_text(last).wait_for()
    say(f"{'open 200 turns in the browser':32} {(time.perf_counter() - began) * 1000:7.0f} ms")
    page.wait_for_timeout(3000)
    frames = page.locator("#chat-log").evaluate(SCROLL)
    for part in (50, 95, 100):
        frame = frames[min(len(frames) - 1, len(frames) * part // 100)]
        say(f"{f'frame while scrolling, {part} %':32} {frame:7.1f} ms")


def main() -> None:
    """Fill a home, ask its store, then look at its page."""
    chance, owner = random.Random(1), new_owner()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).prepare()
        store = ConversationStore(home.history, "chat", keep_days=90)
        for _ in range(500):
            store.keep(owner, conversation(40, chance), Wishes())
        some = store.latest(owner)
        worst("list of 500", lambda: store.list(owner))
        worst("open one of 40 turns", lambda: store.open(owner, some))
        for words in SEARCHES:
            worst(f"search {words!r}", lambda words=words: store.list(owner, search=words))
        long = conversation(200, chance)
        store.keep(owner, long, Wishes())
        with served(home.root) as serving, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            context = browser.new_context()
            context.add_cookies([{"name": COOKIE, "value": owner, "url": serving.url}])
            on_the_page(context.new_page(), serving.url, long.turns[-1].text[:60])
            browser.close()


if __name__ == "__main__":
    main()

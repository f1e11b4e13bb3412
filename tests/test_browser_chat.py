"""Chat and code in a real browser: talking, stopping, going back, coming back, flagging."""

import asyncio
import json
import re
import socket
import threading
import time
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Future
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from playwright.sync_api import expect

from apps.site.inkloop import started
from apps.suite import rows
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Event, Request
from shared.home import Home
from shared.llama.context import Context as LlamaContext
from shared.llama.engine import LlamaEngine
from shared.models.demo import DEMO_GGUF
from shared.settings import Settings
from tests.fronted import fronted
from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>document.title='owned'</script> <img src=x onerror=\"document.title='owned'\">"
    " ${document.title='owned'} **x**"
)
STEP_SECONDS = 0.02


class Talk:
    """One visitor on a talking page."""

    def __init__(self, page: "Page", url: str, app: str = "chat") -> None:
        self.page = page
        self.app = app
        page.goto(f"{url}/{app}")
        self.arrived()

    def arrived(self) -> None:
        # The heading names a conversation as soon as the server has said which one is shown.
        self.part("title").locator("p").wait_for()

    def part(self, name: str) -> "Locator":
        return self.page.locator(f"#{self.app}-{name}")

    @property
    def box(self) -> "Locator":
        return self.part("input").locator("textarea")

    def questions(self) -> list[str]:
        return self.part("log").locator('[data-testid="user"]').all_inner_texts()

    def answers(self) -> list[str]:
        return self.part("log").locator('[data-testid="bot"]').all_inner_texts()

    def button(self, name: str) -> "Locator":
        return self.part("log").get_by_role("button", name=name, exact=True)

    def answered(self, count: int) -> None:
        """Wait until there are this many answers and the last one is finished."""
        self.page.wait_for_function(
            "([log, n]) => document.querySelectorAll(log + ' [data-testid=bot]').length === n",
            arg=[f"#{self.app}-log", count],
        )
        self.part("send").wait_for(state="visible")

    def ask(self, text: str) -> None:
        count = len(self.answers()) + 1
        self.box.fill(text)
        self.box.press("Enter")
        self.answered(count)


def running(url: str) -> int:
    return metric(url, "inkloop_running")


def metric(url: str, name: str) -> int:
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        text = answer.read().decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return int(float(found.group(1))) if found else 0


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real engine on a slow machine, with a model that does not end by itself."""
    patch = pytest.MonkeyPatch()
    decode, generate = LlamaContext.decode, LlamaEngine.generate
    tokenizer = json.loads((DEMO_GGUF.parent / "tokenizer.json").read_text(encoding="utf-8"))
    no_end = {row["id"]: -100.0 for row in tokenizer["added_tokens"]}

    def slow_decode(self: LlamaContext, *args: Any) -> int:
        time.sleep(STEP_SECONDS)
        return decode(self, *args)

    async def endless(self: LlamaEngine, request: Request) -> AsyncGenerator[Event, None]:
        sampling = replace(request.sampling, logit_bias=no_end)
        async with aclosing(generate(self, replace(request, sampling=sampling))) as events:
            async for event in events:
                yield event

    patch.setattr(LlamaContext, "decode", slow_decode)
    patch.setattr(LlamaEngine, "generate", endless)
    home = Home(tmp_path_factory.mktemp("slow") / "home").prepare()
    settings = Settings(home=home.root, model="demo", threads=1)
    with socket.create_server(("127.0.0.1", 0)) as listener, SlowSite(settings, home, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    patch.undo()


class SlowSite:
    """A server in a thread of this process, so that the engine can be slowed down."""

    def __init__(self, settings: Settings, home: Home, listener: socket.socket) -> None:
        self._arguments = (settings, home, listener)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        settings, home, listener = self._arguments
        async with started(settings, home, rows(["chat", "code"])) as inkloop:
            config = uvicorn.Config(inkloop.app, log_level="warning", timeout_graceful_shutdown=1)
            self._server = uvicorn.Server(config)
            self._ready.set()
            await self._server.serve(sockets=[listener])

    def __enter__(self) -> None:
        self._thread.start()
        assert self._ready.wait(60)

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)


def test_a_conversation_is_held_and_survives_a_reload(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    talk.ask("tell me more")
    said = talk.questions(), talk.answers()
    assert said[0] == ["hello", "tell me more"]
    assert all(said[1])
    page.reload()
    talk.arrived()
    talk.answered(2)
    assert (talk.questions(), talk.answers()) == said


def test_trying_again_makes_a_version_and_both_can_be_read(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    first = talk.answers()
    talk.button("Retry").click()
    talk.part("version").get_by_text("Answer 2 of 2").wait_for()
    talk.part("earlier").click()
    talk.part("version").get_by_text("Answer 1 of 2").wait_for()
    assert talk.answers() == first


def test_a_question_can_be_edited_with_its_indentation(page: "Page", server: str) -> None:
    talk = Talk(page, server, "code")
    talk.ask("hello")
    talk.ask("and more")
    talk.button("Edit").first.click()
    talk.part("log").locator("textarea").fill("if x:\n        pass")
    talk.button("Submit").click()
    talk.part("version").get_by_text("Question 2 of 2").wait_for()
    talk.answered(1)
    assert [text.rstrip() for text in talk.questions()] == ["if x:\n        pass"]


def test_undo_puts_the_question_back_into_the_box(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello\n  there")
    talk.button("Undo").click()
    page.wait_for_function("() => document.querySelector('#chat-input textarea').value")
    assert (talk.box.input_value(), talk.questions()) == ("hello\n  there", [])


def test_conversations_are_listed_opened_and_deleted(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("first one")
    talk.part("new").click()
    talk.part("log").get_by_text("What makes a good opening line?").wait_for()
    talk.ask("second one")
    talk.part("list").get_by_role("button", name="first one", exact=True).click()
    talk.part("log").get_by_text("first one").wait_for()
    page.once("dialog", lambda asked: asked.accept("Birds"))
    talk.part("list").get_by_role("button", name="Rename: first one").click()
    talk.part("title").get_by_text("Birds").wait_for()
    page.once("dialog", lambda asked: asked.accept())
    talk.part("list").get_by_role("button", name="Delete: Birds").click()
    talk.part("log").get_by_text("second one").wait_for()
    assert talk.part("list").locator("li").count() == 1


def test_an_example_is_asked_at_once(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.part("log").get_by_text("What makes a good opening line?").click()
    talk.answered(1)
    assert talk.questions() == ["What makes a good opening line?"]


def test_a_copy_is_made_in_the_browser(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    page.get_by_text("Keep a copy").click()
    with page.expect_download() as download:
        talk.part("as-markdown").click()
    assert download.value.suggested_filename == "hello.md"
    assert "hello" in Path(download.value.path()).read_text(encoding="utf-8")


BLOCKS = {
    "rust": ("rs", "    fn a() {\t\n\tb();  \n\n  }\n"),
    "c++": ("cpp", "int main() { return a < 1 && b; }\n"),
    "": ("txt", "\n  plain\n"),
}


def test_a_block_of_code_is_downloaded_and_copied_to_the_letter(page: "Page", server: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    talk = Talk(page, server, "code")
    talk.ask("\n".join(f"```{language}\n{code}```" for language, (_, code) in BLOCKS.items()))
    question = talk.part("log").locator('[data-testid="user"]')
    for place, (ending, code) in enumerate(BLOCKS.values()):
        block = question.locator(".code_wrap").nth(place)
        with page.expect_download() as download:
            block.get_by_role("button", name="Download this block").click()
        assert download.value.suggested_filename == f"block-{place + 1}.{ending}"
        assert Path(download.value.path()).read_bytes() == code.encode()
        block.locator(".copy_code_button").click()
        page.wait_for_function(
            "async code => await navigator.clipboard.readText() === code", arg=code
        )


@pytest.mark.parametrize("app", ["chat", "code"])
def test_hostile_text_stays_text(page: "Page", server: str, app: str) -> None:
    asked_elsewhere: list[str] = []
    page.on(
        "request",
        lambda r: r.url.startswith((server, "data:", "blob:")) or asked_elsewhere.append(r.url),
    )
    talk = Talk(page, server, app)
    talk.ask(HOSTILE)
    assert [text.strip() for text in talk.questions()] == [HOSTILE]
    page.reload()
    talk.arrived()
    talk.answered(1)
    assert page.title() != "owned"
    assert asked_elsewhere == []


def test_two_people_never_see_each_other(browser: "Browser", server: str) -> None:
    contexts = [browser.new_context(), browser.new_context()]
    one, other = (context.new_page() for context in contexts)
    Talk(one, server).ask("my secret is a heron")
    talk = Talk(other, server)
    assert talk.questions() == []
    assert "heron" not in other.content()
    for context in contexts:
        context.close()


def test_a_temporary_chat_is_gone_after_a_reload_and_its_flag_says_so(
    page: "Page", server: str
) -> None:
    talk = Talk(page, server)
    talk.part("temporary").click()
    talk.part("title").get_by_text("Temporary.").wait_for()
    talk.ask("a secret heron")
    assert "heron" not in talk.part("list").inner_text()
    talk.button("Dislike").click()
    page.locator("#flag-told").get_by_text("This chat is temporary.").wait_for()
    page.reload()
    talk.arrived()
    assert talk.questions() == []


def test_a_draft_outlives_a_reload(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.box.fill("half a thought")
    page.wait_for_function("() => sessionStorage.getItem('inkloop.draft.chat')")
    page.reload()
    page.wait_for_function("() => document.querySelector('#chat-input textarea')?.value")
    assert talk.box.input_value() == "half a thought"


def test_the_same_seed_is_asked_again_and_compared(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    talk.part("again").click()
    talk.part("version").get_by_text("Answer 2 of 2").wait_for()
    talk.part("compare").click()
    talk.part("compared").locator(".talk-diff").wait_for()
    page.get_by_role("button", name="Numbers").click()
    talk.part("numbers").get_by_text("seed").wait_for()


def test_consent_is_remembered_only_where_it_was_asked_for(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    talk.button("Like").click()
    page.locator("#flag-preview").get_by_text('"train": false').wait_for()
    page.locator("#flag-consent-train input").check()
    assert page.evaluate("localStorage.getItem('inkloop.consent')") is None
    page.locator("#flag-remember input").check()
    page.wait_for_function("() => localStorage.getItem('inkloop.consent') === 'train'")
    page.keyboard.press("Escape")
    page.reload()
    talk.arrived()
    talk.ask("hello again")
    talk.button("Like").last.click()
    page.locator("#flag-preview").get_by_text('"train": true').wait_for()
    assert not page.locator("#flag-consent-publish input").is_checked()


def test_a_hint_does_not_cover_what_was_said(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    talk.part("send").click()
    page.locator(".toast-body").get_by_text("The message is empty.").wait_for()
    assert "Error" not in page.locator(".toast-body").first.inner_text()
    talk.button("Like").click()
    page.locator("#flag-told").get_by_text("Stored as").wait_for()


def test_a_flag_takes_two_clicks(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    before = metric(server, 'inkloop_flags_total{app="chat",verdict="down"}')
    talk.button("Dislike").click()
    page.locator("#flag-told").get_by_text("Stored as “Bad”").wait_for()
    page.locator("#flag-reasons").get_by_text("Repeats itself").click()
    page.locator("#flag-told").get_by_text("You can add to it").wait_for()
    preview = page.locator("#flag-preview")
    preview.get_by_text('"repetitive"').wait_for()
    assert '"verdict": "down"' in preview.inner_text()
    assert metric(server, 'inkloop_flags_total{app="chat",verdict="down"}') == before + 1


def test_one_version_can_be_called_better_than_the_other(page: "Page", server: str) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    talk.button("Retry").click()
    talk.part("version").get_by_text("Answer 2 of 2").wait_for()
    talk.part("better").click()
    page.locator("#flag-told").get_by_text("Better than the other").wait_for()
    page.locator("#flag-preview").get_by_text('"verdict": "prefer"').wait_for()
    assert page.locator("#flag-receipt textarea").input_value()


def test_a_flag_can_be_made_with_the_keyboard_and_closed_with_escape(
    page: "Page", server: str
) -> None:
    talk = Talk(page, server)
    talk.ask("hello")
    talk.button("Like").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.closest('#flag-verdict')")
    while not page.evaluate("() => !!document.activeElement.closest('#flag-reasons')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator("#flag-told").get_by_text("You can add to it").wait_for()
    page.keyboard.press("Escape")
    page.locator("#flag-panel").wait_for(state="hidden")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_correction_is_compared_previewed_sent_and_shown_again(
    page: "Page", server: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    talk = Talk(page, server)
    talk.ask("hello")
    talk.button("Dislike").click()
    page.locator("#flag-told").get_by_text("Stored as").wait_for()
    page.locator("#flag-correction textarea").fill("Good <b>day</b> to you.")
    page.locator("#flag-diff ins").first.wait_for()
    page.locator("#flag-comment textarea").fill("Too short.")
    page.locator("#flag-consent-train input").check()
    page.locator("#flag-preview").get_by_text("Too short.").wait_for()
    page.locator("#flag-send").click()
    receipt = page.locator("#flag-receipt textarea")
    assert re.match(r"Flag \S+\nReceipt \S+", receipt.input_value())
    page.reload()
    talk.arrived()
    talk.answered(1)
    talk.button("Dislike").click()
    page.locator("#flag-told").get_by_text("Stored as").wait_for()
    assert page.locator("#flag-correction textarea").input_value() == "Good <b>day</b> to you."
    assert page.locator("#flag-consent-train input").is_checked()
    assert not page.locator("#flag-consent-publish input").is_checked()


def test_stop_ends_the_answer_and_frees_the_slot_within_a_second(
    page: "Page", slow_server: str
) -> None:
    talk = Talk(page, slow_server)
    talk.box.fill("hello")
    talk.box.press("Enter")
    page.wait_for_function(
        "() => document.querySelector('#chat-log [data-testid=bot]')?.innerText.length > 20"
    )
    assert running(slow_server) == 1
    talk.part("stop").click()
    stopped_at = time.monotonic()
    while running(slow_server):
        assert time.monotonic() < stopped_at + 1
    talk.part("log").get_by_text("Stopped here.").wait_for()
    assert metric(slow_server, 'inkloop_requests_total{app="chat",outcome="cancelled"}') == 1
    assert talk.questions() == ["hello"]


def test_a_closed_tab_frees_the_slot_and_keeps_what_was_written(
    browser: "Browser", slow_server: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    talk = Talk(page, slow_server)
    talk.box.fill("hello")
    talk.box.press("Enter")
    page.wait_for_function(
        "() => document.querySelector('#chat-log [data-testid=bot]')?.innerText.length > 20"
    )
    page.close()
    closed_at = time.monotonic()
    while running(slow_server):
        assert time.monotonic() < closed_at + 10
    again = Talk(context.new_page(), slow_server)
    again.answered(1)
    assert "Stopped here." in again.answers()[0]
    context.close()


@contextmanager
def model_elsewhere(engine: ScriptedEngine, root: Path) -> Iterator[str]:
    """The address behind which an engine answers, in a thread of its own."""
    ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        ended = asyncio.Event()
        async with fronted(engine, root) as url:
            ready.set_result((url, asyncio.get_running_loop(), ended))
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    url, loop, ended = ready.result(60)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(60)


def test_a_killed_server_keeps_the_question_and_what_was_answered(
    page: "Page", tmp_path: Path
) -> None:
    home, goes_on = tmp_path / "kept", asyncio.Event()
    # It may say all that it is asked on the way to being ready; afterwards, a word at a time.
    goes_on.set()
    engine = ScriptedEngine(["quokka two three"], hold=goes_on)
    with model_elsewhere(engine, tmp_path / "model") as url, served(home, model=url) as serving:
        goes_on.clear()
        talk = Talk(page, serving.url)
        talk.box.fill("What lives there?")
        talk.box.press("Enter")
        expect(talk.part("log").locator('[data-testid="bot"]')).to_contain_text("quokka")
        serving.process.kill()
        serving.process.wait()
    with served(home) as serving:
        talk = Talk(page, serving.url)
        talk.answered(1)
        assert talk.questions() == ["What lives there?"]
        assert "quokka" in talk.answers()[0]
        assert "the server was ended in the middle" in talk.answers()[0]

"""The site around the apps: who is who, what other sites may do, what leaves the machine."""

import asyncio
import inspect
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from gradio.server_messages import HeartbeatMessage

from apps.context import AnswerEvent, Finished, Started
from apps.site.examples import Example, Examples, examples_of
from apps.site.fetching import Fetching
from apps.site.home import busy_line, cards, changes
from apps.site.inkloop import tidy
from apps.site.queueing import calm
from apps.suite import APPS, rows
from apps.ui.banner import Running, as_html
from apps.ui.errors import shows_errors
from apps.ui.owner import new_owner, owner_in, owner_of
from apps.ui.stream import growing
from shared.engine.types import Numbers, Piece, Waiting
from shared.errors import BadRequest, QueueFull, StoreError
from shared.home import Home
from shared.settings import Settings
from tests.serving import Serving, served

WATCH_THE_WIRE = """
import socket

def is_near(address):
    return not isinstance(address, tuple) or str(address[0]) in ("127.0.0.1", "::1", "localhost")

class Watched(socket.socket):
    def connect(self, address):
        if not is_near(address):
            print("OUTBOUND connect", address, flush=True)
        return super().connect(address)

    def sendto(self, data, *rest):
        if not is_near(rest[-1]):
            print("OUTBOUND sendto", rest[-1], flush=True)
        return super().sendto(data, *rest)

look_up = socket.getaddrinfo

def getaddrinfo(host, *rest, **named):
    if host not in (None, "", b"", "127.0.0.1", "::1", "localhost"):
        print("OUTBOUND lookup", host, flush=True)
    return look_up(host, *rest, **named)

socket.socket = Watched
socket.getaddrinfo = getaddrinfo
print("the wire is watched", flush=True)
"""


def test_the_first_page_makes_its_visitor_an_owner(server: str):
    cookie = httpx.get(server).headers["set-cookie"]
    assert re.match(r"inkloop_owner=[A-Za-z0-9_-]{32};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_who_has_a_cookie_keeps_it(server: str):
    reply = httpx.get(server, headers={"Cookie": f"inkloop_owner={new_owner()}"})
    assert "set-cookie" not in reply.headers


def test_a_strange_cookie_of_another_program_makes_nobody_a_stranger(server: str):
    cookies = f'theirs={{"a": 1}}; inkloop_owner={new_owner()}'
    assert "set-cookie" not in httpx.get(server, headers={"cookie": cookies}).headers


def test_a_cookie_that_is_not_ours_is_replaced(server: str):
    reply = httpx.get(server, headers={"Cookie": "inkloop_owner=me"})
    assert "inkloop_owner=" in reply.headers["set-cookie"]


def test_inside_a_frame_the_cookie_is_partitioned(server: str):
    cookie = httpx.get(server, headers={"Sec-Fetch-Dest": "iframe"}).headers["set-cookie"]
    assert "SameSite=None; Secure; Partitioned" in cookie


def test_two_visitors_are_two_owners(server: str):
    first, second = (httpx.get(server).cookies["inkloop_owner"] for _ in range(2))
    assert first != second


def test_a_caller_without_a_cookie_owns_nothing():
    request = gr.Request(session_hash="abc", cookies={}, headers={})
    assert owner_of(request) == "session:abc"
    assert owner_in({"inkloop_owner": "session:abc" + "x" * 40}) == ""


@pytest.mark.parametrize("path", ["/", "/healthz", "/theme.css", "/v1/models"])
def test_every_response_carries_the_policy(server: str, path: str):
    headers = httpx.get(server + path).headers
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info", "/v1/models"])
def test_other_sites_get_no_say(server: str, path: str):
    headers = {"Origin": "https://evil.example", "Host": "inkloop.example"}
    reply = httpx.get(server + path, headers=headers)
    assert "access-control-allow-origin" not in reply.headers
    asked = {**headers, "Access-Control-Request-Method": "POST"}
    assert httpx.options(server + path, headers=asked).status_code == 400


def test_a_request_that_is_too_large_is_refused(server: str):
    reply = httpx.post(f"{server}/gradio_api/queue/join", content=b"x" * (9 * 1024 * 1024))
    assert reply.status_code == 413


def test_files_of_the_home_are_not_served(serving: Serving):
    history = serving.home / "history.sqlite"
    assert history.is_file()
    for path in (history, Path("/etc/passwd"), Path("pyproject.toml").absolute()):
        reply = httpx.get(f"{serving.url}/gradio_api/file={path}")
        assert reply.status_code in {403, 404}, path


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/nowhere", "/admin"])
def test_what_is_not_there_is_not_found(server: str, path: str):
    assert httpx.get(server + path).status_code == 404


def test_nobody_watches_over_the_shoulder(server: str):
    assert httpx.get(f"{server}/monitoring").status_code == 403


def test_nobody_outside_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sitecustomize.py").write_text(WATCH_THE_WIRE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("GRADIO_ANALYTICS_ENABLED", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with served(tmp_path / "home", "chat", "story") as serving:
        for path in ("/", "/chat", "/story", "/config", "/theme.css", "/gradio_api/info"):
            httpx.get(serving.url + path)
        body = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 4}
        assert httpx.post(f"{serving.url}/v1/chat/completions", json=body, timeout=60).is_success
    assert "the wire is watched" in serving.said
    assert "OUTBOUND" not in serving.said


def test_the_table_names_every_app_in_order():
    assert [row.name for row in APPS] == ["chat", "code", "story", "brainstorm", "poetry"]
    assert [row.name for row in rows(["poetry", "chat"])] == ["chat", "poetry"]
    assert rows([]) == APPS


def test_an_unknown_app_is_refused():
    with pytest.raises(BadRequest, match="no app named 'chess'"):
        rows(["chess"])


RUNNING = Running(release="<b>r1</b>", since=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


def test_the_banner_escapes_what_a_file_says():
    assert "<strong>&lt;b&gt;r1&lt;/b&gt;</strong>" in as_html(RUNNING)


def test_the_banner_names_the_adapter_and_who_judges():
    shown = as_html(replace(RUNNING, adapter="poet", judge="big-r1"))
    assert "with the adapter <strong>poet</strong>" in shown
    assert "Judge: <strong>big-r1</strong>" in shown


async def test_the_stores_forget_while_the_server_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("apps.site.inkloop.TIDY_EVERY_SECONDS", 0)
    swept = asyncio.Event()
    here = asyncio.get_running_loop()

    def broken() -> None:
        raise StoreError("The disk is full.")

    ctx = SimpleNamespace(sweeps=[broken, lambda: here.call_soon_threadsafe(swept.set)])
    work = asyncio.create_task(tidy(ctx))
    await asyncio.wait_for(swept.wait(), 10)
    work.cancel()


def test_examples_are_shown_for_exactly_the_model_that_wrote_them(tmp_path: Path):
    one = Example(asked="<b>", text="Rain & more", seed=7)
    path = tmp_path / "examples.json"
    whole = Examples(release="demo", sha256="a" * 64, apps={"chat": one})
    path.write_text(whole.model_dump_json())
    assert examples_of("a" * 64, path) == {"chat": one}
    assert examples_of("b" * 64, path) == {}
    assert examples_of("", path) == {}
    shown = cards(rows(["chat"]), {"chat": one})
    assert "&lt;b&gt;" in shown
    assert "Rain &amp; more" in shown
    assert "seed 7" in shown


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ((0, 0, 0.0), "Nobody is being answered."),
        ((1, 0, 0.5), "1 answer is being written."),
        ((4, 2, 3.0), "2 people wait: your turn in about 6 s."),
    ],
)
def test_how_busy_it_is_reads_as_a_sentence(state: tuple[int, int, float], said: str):
    assert said in busy_line(*state)


def test_the_home_page_claims_nothing_before_a_release():
    assert "Nothing yet" in changes(None)


def test_a_fetch_without_a_network_ends_in_a_sentence(tmp_path: Path):
    settings = Settings.load({"INKLOOP_OFFLINE": "1"})

    async def used(_model: object) -> None:
        raise AssertionError("nothing was fetched")

    async def press() -> Fetching:
        fetching = Fetching(settings, Home(tmp_path), used)
        fetching.start()
        while fetching.state.running:
            await asyncio.sleep(0)
        return fetching

    assert "INKLOOP_OFFLINE is on" in asyncio.run(press()).state.line()


def test_strangers_cannot_choose_the_model(tmp_path: Path):
    async def used(_model: object) -> None: ...

    fetching = Fetching(Settings.load({"INKLOOP_HOST": "0.0.0.0"}), Home(tmp_path), used)
    fetching.start()
    assert not fetching.offered
    assert not fetching.state.running


def plain(request: gr.Request) -> str:
    raise BadRequest("Too long.", fix="Shorten it.")


async def waited(request: gr.Request) -> str:
    raise BadRequest("Too long.", fix="Shorten it.")


def stepwise(request: gr.Request) -> Iterator[str]:
    yield "first"
    raise BadRequest("Too long.", fix="Shorten it.")


async def streamed(request: gr.Request) -> AsyncGenerator[str, None]:
    yield "first"
    raise BadRequest("Too long.", fix="Shorten it.")


async def run_through(handler, request: object) -> None:
    result = handler(request)
    if inspect.isasyncgen(result):
        async for _value in result:
            pass
    elif inspect.isgenerator(result):
        list(result)
    elif inspect.isawaitable(result):
        await result


@pytest.mark.parametrize("handler", [plain, waited, stepwise, streamed])
async def test_an_expected_failure_is_a_toast_whatever_the_handler(handler):
    with pytest.raises(gr.Error) as toast:
        await run_through(shows_errors(handler), None)
    assert toast.value.message == "Too long. Shorten it."
    assert toast.value.title == "Please check"


@pytest.mark.parametrize("handler", [plain, waited, stepwise, streamed])
def test_gradio_still_sees_what_the_handler_is(handler):
    shown = shows_errors(handler)
    assert inspect.signature(shown) == inspect.signature(handler)
    assert inspect.isasyncgenfunction(shown) == inspect.isasyncgenfunction(handler)
    assert inspect.iscoroutinefunction(shown) == inspect.iscoroutinefunction(handler)


def test_a_full_queue_says_busy():
    @shows_errors
    def ask() -> None:
        raise QueueFull("64 people are waiting.", fix="Try again in a minute.")

    with pytest.raises(gr.Error) as toast:
        ask()
    assert toast.value.title == "Busy"
    assert toast.value.visible


def test_a_bug_is_not_hidden():
    @shows_errors
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()


NUMBERS = Numbers(
    prompt_tokens=1,
    cached_tokens=0,
    completion_tokens=50,
    queue_seconds=0,
    first_token_seconds=0,
    tokens_per_second=None,
    finish_reason="stop",
    seed=1,
    release="r",
)


async def a_fast_answer() -> AsyncGenerator[AnswerEvent, None]:
    yield Started("id")
    yield Waiting(2, 3.0)
    for _ in range(50):
        yield Piece("x")
    yield Finished("id", "x" * 50, NUMBERS)


async def test_a_fast_answer_is_painted_seldom_and_whole():
    shown = [step async for step in growing(a_fast_answer(), every_seconds=1000)]
    assert [step.text for step in shown] == ["", "", "x", "x" * 50]
    assert shown[1].waiting == Waiting(2, 3.0)
    assert shown[-1].finished is not None


async def test_closing_a_page_closes_its_answer():
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[AnswerEvent, None]:
        try:
            yield Started("id")
            while True:
                yield Piece("x")
        finally:
            closed.set()

    steps = growing(endless())
    await anext(steps)
    await steps.aclose()
    assert closed.is_set()


async def test_a_page_that_was_left_in_the_middle_is_told_nothing_more() -> None:
    with gr.Blocks(analytics_enabled=False) as whole:
        gr.Button().click(lambda: None)
    queue = whole.queue()._queue
    left = SimpleNamespace(alive=True, session_hash="gone", _id="1")
    with pytest.raises(KeyError):
        queue.send_message(left, HeartbeatMessage())
    calm(whole)
    queue.send_message(left, HeartbeatMessage())
    assert "gone" not in queue.pending_messages_per_session
    here = queue.pending_messages_per_session["here"] = asyncio.Queue()
    queue.send_message(
        SimpleNamespace(alive=True, session_hash="here", _id="2"), HeartbeatMessage()
    )
    assert here.qsize() == 1

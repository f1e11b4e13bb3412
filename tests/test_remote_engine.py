"""Servers elsewhere: what they can do is found out, what they say is put into our words."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request as HttpRequest

from shared.engine.ask import complete
from shared.engine.remote import RemoteEngine
from shared.engine.scripted import ScriptedEngine
from shared.engine.types import Done, Piece
from shared.errors import (
    AbilityMissing,
    BadRequest,
    DeadlineExceeded,
    EngineClosed,
    InkloopError,
    PromptTooLong,
    QueueFull,
    SettingsError,
)
from shared.llama.engine import LlamaEngine
from shared.messages import Message
from shared.settings import Settings
from tests.fronted import fronted, served_app
from tests.test_engines import CHOICES, HELLO, asking, reply


@pytest.fixture
async def inkloop(tmp_path: Path, demo_gguf: Path) -> AsyncIterator[RemoteEngine]:
    settings = Settings(context_tokens=512, kv_tokens=1024, threads=1)
    behind = LlamaEngine.load(demo_gguf, release="demo", settings=settings)
    async with fronted(behind, tmp_path / "behind") as url:
        engine = await RemoteEngine.connect(url)
        yield engine
        await engine.close()
    await behind.close()


async def test_another_inkloop_is_found_to_do_what_it_does(inkloop: RemoteEngine) -> None:
    info = inkloop.info()
    assert info.release == "demo"
    assert info.abilities == {"chat", "complete", "schema", "score"}


async def test_another_inkloop_scores_as_it_would_itself(
    inkloop: RemoteEngine, demo_gguf: Path
) -> None:
    here = LlamaEngine.load(demo_gguf, release="demo", settings=Settings(threads=1))
    near = await here.score("The fox went", " to the river.")
    far = await inkloop.score("The fox went", " to the river.")
    await here.close()
    assert [row.text for row in far] == [row.text for row in near]
    assert [row.logprob for row in far] == pytest.approx([row.logprob for row in near], abs=0.05)


async def test_another_inkloop_keeps_to_a_schema(inkloop: RemoteEngine) -> None:
    answer = await complete(inkloop, replace(HELLO, schema=CHOICES))
    assert isinstance(json.loads(answer.text)["sure"], bool)


async def test_a_conversation_cannot_be_scored_from_outside(inkloop: RemoteEngine) -> None:
    with pytest.raises(AbilityMissing):
        await inkloop.score([Message("user", "Hi")], "Hello")


async def test_hanging_up_gives_the_answer_up_on_the_other_side(tmp_path: Path) -> None:
    behind = ScriptedEngine(["one two three"], hold=asyncio.Event())
    async with fronted(behind, tmp_path) as url:
        engine = RemoteEngine(url)
        async with aclosing(engine.generate(HELLO)) as events:
            assert isinstance(await anext(events), Piece)
            assert behind.running == 1
        async with asyncio.timeout(10):
            while behind.running:
                await asyncio.sleep(0.01)
        assert behind.cancelled == 1
        await engine.close()


async def test_a_deadline_holds_on_this_side(tmp_path: Path) -> None:
    behind = ScriptedEngine(["one two three"], hold=asyncio.Event(), hold_after=1)
    async with fronted(behind, tmp_path) as url:
        engine = RemoteEngine(url)
        answer = await complete(engine, replace(HELLO, deadline_seconds=0.5))
        assert (answer.text, answer.numbers.finish_reason) == ("one", "deadline")
        await engine.close()


async def test_an_owner_is_told_apart_and_not_named(tmp_path: Path) -> None:
    seen: list[str] = []
    app = talking_app(seen)
    async with served_app(app) as url:
        await complete(RemoteEngine(f"{url}/v1"), replace(HELLO, owner="cookie-of-ann"))
    sent = json.loads(seen[-1])
    assert len(sent["user"]) == 32
    assert "cookie-of-ann" not in seen[-1]


async def test_a_wrong_key_is_said_in_one_sentence(tmp_path: Path) -> None:
    async with fronted(ScriptedEngine(reply), tmp_path, api_key="right") as url:
        with pytest.raises(SettingsError, match="refused the API key"):
            await RemoteEngine.connect(url, api_key="wrong")
        engine = await RemoteEngine.connect(url, api_key="right")
        assert (await complete(engine, HELLO)).text
        await engine.close()


async def test_an_address_where_nobody_is_says_so() -> None:
    with pytest.raises(EngineClosed, match="cannot be reached"):
        await RemoteEngine.connect("http://127.0.0.1:9/v1")


async def test_a_closed_engine_answers_nobody() -> None:
    engine = RemoteEngine("http://127.0.0.1:9/v1")
    await engine.close()
    with pytest.raises(EngineClosed):
        await complete(engine, HELLO)


@pytest.mark.parametrize(
    ("status", "says", "error"),
    [
        (400, "stop is too long", BadRequest),
        (400, "maximum context length is 4096 tokens", PromptTooLong),
        (401, "no key", SettingsError),
        (404, "no such model", SettingsError),
        (429, "slow down", QueueFull),
        (500, "out of memory", EngineClosed),
        (501, "no schemas here", AbilityMissing),
        (504, "too slow", DeadlineExceeded),
    ],
)
async def test_a_servers_refusal_is_put_into_our_words(
    status: int, says: str, error: type[InkloopError]
) -> None:
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def refuse() -> JSONResponse:
        headers = {"x-should-retry": "false"}
        return JSONResponse({"error": {"message": says}}, status_code=status, headers=headers)

    async with served_app(app) as url:
        with pytest.raises(error, match=says):
            await complete(RemoteEngine(f"{url}/v1"), asking("Hi."))


async def test_old_turns_go_when_the_server_says_that_they_do_not_fit() -> None:
    seen: list[str] = []
    said = [Message("system", "Be kind.")]
    for number in range(8):
        said += [Message("user", f"q{number}"), Message("assistant", f"a{number}")]
    async with served_app(talking_app(seen, most_messages=8)) as url:
        asked = replace(HELLO, messages=(*said, Message("user", "newest")))
        answer = await complete(RemoteEngine(f"{url}/v1"), asked)
    kept = [row["content"] for row in json.loads(seen[-1])["messages"]]
    assert kept[0] == "Be kind."
    assert kept[-1] == "newest"
    assert answer.numbers.dropped_turns == len(asked.messages) - len(kept)


async def test_a_plain_server_gets_only_what_openai_knows() -> None:
    seen: list[str] = []
    async with served_app(talking_app(seen, strict=True)) as url:
        engine = await RemoteEngine.connect(f"{url}/v1")
        assert engine.info().abilities == {"chat"}
        assert engine.info().context_tokens == 2048
        assert (await complete(engine, HELLO)).text == "Well met."
        await engine.close()
    assert "top_k" not in seen[-1]


async def test_an_error_in_the_middle_of_an_answer_is_told() -> None:
    app = FastAPI()

    @app.post("/v1/chat/completions", response_model=None)
    async def break_off() -> Response:
        chunk = {"id": "a", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        first = {**chunk, "choices": [{"index": 0, "delta": {"content": "Well"}}]}
        broken = {"error": {"message": "the model fell over", "type": "server_error"}}
        return sent_events(first, broken)

    async with served_app(app) as url:
        events = RemoteEngine(f"{url}/v1").generate(HELLO)
        assert await anext(events) == Piece("Well", 1)
        with pytest.raises(EngineClosed, match="fell over"):
            await anext(events)


async def test_a_server_without_usage_still_gives_numbers() -> None:
    async with served_app(talking_app([])) as url:
        events = [event async for event in RemoteEngine(f"{url}/v1").generate(HELLO)]
    done = events[-1]
    assert isinstance(done, Done)
    assert done.numbers.completion_tokens == 2
    assert done.numbers.prompt_tokens == 0


def sent_events(*rows: dict[str, object]) -> Response:
    body = "".join(f"data: {json.dumps(row)}\n\n" for row in rows) + "data: [DONE]\n\n"
    return Response(body, media_type="text/event-stream")


def talking_app(seen: list[str], *, most_messages: int = 100, strict: bool = False) -> FastAPI:
    """A server that says “Well met.” to everything; what it was sent is put into `seen`."""
    app = FastAPI()
    envelope = {"id": "a", "created": 0, "model": "m"}

    @app.get("/v1/models")
    async def models() -> dict[str, object]:
        row = {"id": "m", "object": "model", "created": 0, "owned_by": "x", "max_model_len": 2048}
        return {"object": "list", "data": [row]}

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: HttpRequest) -> Response:
        raw = await request.body()
        seen.append(raw.decode())
        body = json.loads(raw)
        if strict and "top_k" in body:
            return JSONResponse({"error": {"message": "unknown: top_k"}}, status_code=400)
        if len(body["messages"]) > most_messages:
            says = {"error": {"message": "exceeds the context window"}}
            return JSONResponse(says, status_code=400)
        if not body.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", "content": "Well met."}}
            return JSONResponse({**envelope, "object": "chat.completion", "choices": [choice]})
        pieces = [{"index": 0, "delta": {"content": text}} for text in ("Well", " met.")]
        kind = {**envelope, "object": "chat.completion.chunk"}
        return sent_events(*({**kind, "choices": [piece]} for piece in pieces))

    return app

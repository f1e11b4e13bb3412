"""`/v1` as the official OpenAI client sees it, on a real server with the demo model."""

import json
import threading
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from tests.serving import Serving, served

HELLO = [{"role": "user", "content": "Hello, who are you?"}]


@pytest.fixture(scope="module")
def client(server: str) -> OpenAI:
    return OpenAI(base_url=f"{server}/v1", api_key="any", max_retries=0)


def metric(server: str, line: str) -> float:
    for row in httpx.get(f"{server}/metrics").text.splitlines():
        if row.startswith(line):
            return float(row.rsplit(" ", 1)[1])
    return 0.0


def test_a_chat_completion_says_what_it_cost(client: OpenAI):
    reply = client.chat.completions.create(model="gpt-4o", messages=HELLO, max_tokens=12, seed=1)
    assert reply.choices[0].message.content
    assert reply.choices[0].finish_reason in {"stop", "length"}
    assert reply.model == "demo"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert 0 < reply.usage.completion_tokens <= 12


def test_a_stream_holds_the_same_answer_as_the_whole_one(client: OpenAI):
    asked = {"model": "m", "messages": HELLO, "max_tokens": 16, "seed": 7, "temperature": 0}
    whole = client.chat.completions.create(**asked)
    parts = list(client.chat.completions.create(**asked, stream=True))
    text = "".join(part.choices[0].delta.content or "" for part in parts)
    assert text == whole.choices[0].message.content
    assert len({part.id for part in parts}) == 1
    assert parts[-1].choices[0].finish_reason == whole.choices[0].finish_reason


def test_a_stream_ends_with_usage_when_asked(client: OpenAI):
    parts = list(
        client.chat.completions.create(
            model="m",
            messages=HELLO,
            max_tokens=4,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert parts[-1].choices == []
    assert parts[-1].usage is not None
    assert parts[-1].usage.completion_tokens > 0
    assert all(part.usage is None for part in parts[:-1])


def test_a_second_turn_reads_only_what_is_new(client: OpenAI):
    story = [{"role": "user", "content": "Tell me a story about a lighthouse and a gull."}]
    first = client.chat.completions.create(model="m", messages=story, max_tokens=8, user="ann")
    answer = {"role": "assistant", "content": first.choices[0].message.content or ""}
    again = client.chat.completions.create(
        model="m", messages=[*story, answer, *HELLO], max_tokens=4, user="ann"
    )
    assert again.usage is not None
    assert again.usage.prompt_tokens_details is not None
    assert (again.usage.prompt_tokens_details.cached_tokens or 0) > 0


def test_a_stop_string_ends_the_answer_and_is_not_in_it(client: OpenAI):
    asked = {"model": "m", "messages": HELLO, "max_tokens": 16, "temperature": 0}
    whole = client.chat.completions.create(**asked).choices[0].message.content or ""
    cut = whole[len(whole) // 2 :][:3]
    stopped = client.chat.completions.create(**asked, stop=[cut]).choices[0]
    assert stopped.message.content == whole[: whole.index(cut)]
    assert stopped.finish_reason == "stop"


def test_logprobs_name_every_token_with_its_rivals(client: OpenAI):
    reply = client.chat.completions.create(
        model="m", messages=HELLO, max_tokens=5, logprobs=True, top_logprobs=2
    )
    logprobs = reply.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in logprobs.content)
    joined = "".join(token.token for token in logprobs.content)
    assert joined.startswith(reply.choices[0].message.content or "")


def test_a_schema_binds_the_answer(client: OpenAI):
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["calm", "wild"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    reply = client.chat.completions.create(
        model="m",
        messages=HELLO,
        max_tokens=40,
        response_format={"type": "json_schema", "json_schema": {"name": "m", "schema": schema}},
    )
    assert json.loads(reply.choices[0].message.content or "")["mood"] in {"calm", "wild"}


def test_a_json_object_is_json(client: OpenAI):
    reply = client.chat.completions.create(
        model="m", messages=HELLO, max_tokens=60, response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(reply.choices[0].message.content or ""), dict)


def test_logit_bias_bans_a_token(client: OpenAI):
    def first(bias: dict[str, int]) -> str:
        reply = client.chat.completions.create(
            model="m",
            messages=HELLO,
            max_tokens=1,
            temperature=0,
            logprobs=True,
            logit_bias=bias,
        )
        logprobs = reply.choices[0].logprobs
        assert logprobs is not None
        assert logprobs.content
        return logprobs.content[0].token

    usual = first({})
    banned = {str(token): -100 for token in tokens_that_write(client, usual)}
    assert first(banned) != usual


def tokens_that_write(client: OpenAI, text: str) -> list[int]:
    """All ids that the shipped tokenizer writes as this text."""
    from shared.models.demo import DEMO_DIR

    vocabulary = json.loads((DEMO_DIR / "tokenizer.json").read_text())["model"]["vocab"]
    return [number for piece, number in vocabulary.items() if piece.replace("Ġ", " ") == text]


def test_a_completion_continues_the_prompt(client: OpenAI):
    reply = client.completions.create(model="m", prompt="Once upon a time", max_tokens=4)
    assert reply.object == "text_completion"
    assert not reply.choices[0].text.startswith("Once upon a time")


def test_echo_with_logprobs_scores_the_prompt(client: OpenAI):
    reply = client.completions.create(
        model="m", prompt="Once upon a time", max_tokens=0, echo=True, logprobs=1
    )
    choice = reply.choices[0]
    assert choice.text == "Once upon a time"
    assert choice.logprobs is not None
    assert choice.logprobs.tokens is not None
    assert choice.logprobs.text_offset is not None
    assert "".join(choice.logprobs.tokens).endswith("Once upon a time")
    assert choice.logprobs.text_offset[-1] < len(choice.text)
    assert choice.logprobs.token_logprobs is not None
    assert all(value <= 0 for value in choice.logprobs.token_logprobs[1:])


def test_the_model_list_names_what_runs(client: OpenAI):
    assert [model.id for model in client.models.list()] == ["demo"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"n": 2}, "n: "),
        ({"temperature": 3}, "0 to 2"),
        ({"max_tokens": 10_000_000}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "empty"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools is not supported"),
        ({"messages": [{"role": "user", "content": "x" * 100_001}]}, "100,000"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(client: OpenAI, wrong: dict, says: str):
    with pytest.raises(openai.BadRequestError, match=says) as refused:
        client.chat.completions.create(**{"model": "m", "messages": HELLO, **wrong})
    assert refused.value.type == "invalid_request_error"


def test_a_refusal_of_a_stream_is_told_by_its_status(client: OpenAI):
    with pytest.raises(openai.BadRequestError, match="0 to 2"):
        client.chat.completions.create(model="m", messages=HELLO, temperature=3, stream=True)


def test_a_body_that_is_not_json_is_refused(server: str):
    reply = httpx.post(f"{server}/v1/chat/completions", data={"messages": "x"})
    assert reply.status_code == 400
    assert "application/json" in reply.json()["error"]["message"]


def test_a_name_bent_to_this_machine_is_refused(server: str):
    reply = httpx.get(f"{server}/v1/models", headers={"Host": "evil.example"})
    assert reply.status_code == 403


def test_a_caller_who_hangs_up_frees_the_model(server: str):
    before = metric(server, 'inkloop_requests_total{app="api",outcome="cancelled"}')
    ban_the_end = {str(token): -100 for token in end_tokens()}
    body = {"messages": HELLO, "max_tokens": 900, "stream": True, "logit_bias": ban_the_end}
    with httpx.stream("POST", f"{server}/v1/chat/completions", json=body, timeout=60) as reply:
        next(reply.iter_lines())
    ended = threading.Event()
    for _ in range(100):
        if metric(server, 'inkloop_requests_total{app="api",outcome="cancelled"}') > before:
            break
        ended.wait(0.1)
    assert metric(server, 'inkloop_requests_total{app="api",outcome="cancelled"}') == before + 1
    assert metric(server, "inkloop_running") == 0


def end_tokens() -> list[int]:
    from shared.models.demo import DEMO_DIR

    added = json.loads((DEMO_DIR / "tokenizer.json").read_text())["added_tokens"]
    return [token["id"] for token in added]


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("public") / "home"
    with served(home, "--host", "0.0.0.0", "chat", api_key="s3cret-key") as serving:
        yield serving


def local(serving: Serving) -> str:
    return serving.url.replace("0.0.0.0", "127.0.0.1")


def test_a_key_opens_v1_to_other_machines(public: Serving):
    client = OpenAI(base_url=f"{local(public)}/v1", api_key="s3cret-key", max_retries=0)
    assert [model.id for model in client.models.list()] == ["demo"]


def test_with_a_key_only_who_names_a_user_finds_their_own_words_again(public: Serving):
    client = OpenAI(base_url=f"{local(public)}/v1", api_key="s3cret-key", max_retries=0)
    asked = [{"role": "user", "content": "Tell me about the lantern at the old mill."}]
    found = []
    for user in ({}, {}, {"user": "ann"}, {"user": "ann"}):
        reply = client.chat.completions.create(model="m", messages=asked, max_tokens=4, **user)
        assert reply.usage is not None
        details = reply.usage.prompt_tokens_details
        found.append((details.cached_tokens or 0) if details else 0)
    assert found[:3] == [0, 0, 0]
    assert found[3] > 0


def test_a_wrong_key_is_refused(public: Serving):
    client = OpenAI(base_url=f"{local(public)}/v1", api_key="guess", max_retries=0)
    with pytest.raises(openai.AuthenticationError, match="INKLOOP_API_KEY"):
        client.models.list()


def test_without_a_key_v1_is_closed_to_other_machines(tmp_path: Path):
    with served(tmp_path / "home", "--host", "0.0.0.0", "chat") as serving:
        reply = httpx.get(f"{local(serving)}/v1/models")
    assert reply.status_code == 403
    assert "INKLOOP_API_KEY" in reply.json()["error"]["message"]

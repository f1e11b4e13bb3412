"""DRY: a passage that was said already is not said again, and nothing else changes."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from apps.api import asking
from apps.api.schema import ChatBody
from shared.engine.ask import complete
from shared.engine.remote import RemoteEngine
from shared.engine.types import EngineInfo, Request, Sampling
from shared.errors import BadRequest
from shared.llama.engine import LlamaEngine
from shared.messages import Message
from shared.settings import Settings

LINE = "(I saw the red house by the quiet sea|I saw the red boats by the quiet sea)"
TWO_LINES = rf"{LINE}\n{LINE}"
STRONG = Sampling(temperature=0, max_tokens=120, dry_multiplier=80, dry_penalty_last_n=-1)
FREE = Sampling(temperature=1, max_tokens=80, seed=5, dry_multiplier=2)


@pytest.fixture(scope="module")
def engine(demo_gguf: Path) -> Iterator[LlamaEngine]:
    engine = LlamaEngine.load(demo_gguf, release="demo", settings=Settings(threads=1))
    yield engine
    engine.close_now()


async def said(engine: LlamaEngine, sampling: Sampling, pattern: str | None = None) -> str:
    messages = (Message("user", "Tell me about a cat and the moon."),)
    answer = await complete(engine, Request(messages=messages, sampling=sampling, pattern=pattern))
    return answer.text


async def test_a_line_is_not_said_twice_within_a_pattern(engine: LlamaEngine) -> None:
    one, other = (await said(engine, STRONG, pattern=TWO_LINES)).split("\n")
    assert one != other


async def test_a_breaker_ends_a_run(engine: LlamaEngine) -> None:
    plain = await said(engine, replace(STRONG, dry_multiplier=0), pattern=TWO_LINES)
    broken = replace(STRONG, dry_sequence_breakers=("red",))
    assert await said(engine, broken, pattern=TWO_LINES) == plain


async def test_what_lies_too_far_back_may_come_again(engine: LlamaEngine) -> None:
    plain = await said(engine, replace(STRONG, dry_multiplier=0), pattern=TWO_LINES)
    near = replace(STRONG, dry_penalty_last_n=4)
    assert await said(engine, near, pattern=TWO_LINES) == plain


async def test_a_run_that_is_allowed_may_come_again(engine: LlamaEngine) -> None:
    plain = await said(engine, replace(STRONG, dry_multiplier=0), pattern=TWO_LINES)
    patient = replace(STRONG, dry_allowed_length=60)
    assert await said(engine, patient, pattern=TWO_LINES) == plain


async def test_the_same_seed_gives_the_same_answer_whoever_asked_before(
    engine: LlamaEngine,
) -> None:
    first = await said(engine, FREE)
    together = await asyncio.gather(*(said(engine, FREE) for _ in range(3)))
    await said(engine, replace(FREE, dry_multiplier=0))
    assert {first, *together, await said(engine, FREE)} == {first}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("dry_multiplier", -0.1),
        ("dry_multiplier", float("nan")),
        ("dry_base", 0.5),
        ("dry_allowed_length", 0),
        ("dry_penalty_last_n", -2),
        ("dry_penalty_last_n", 10**9),
        ("dry_sequence_breakers", ("",)),
        ("dry_sequence_breakers", ("x" * 41,)),
        ("dry_sequence_breakers", ("\0",)),
        ("dry_sequence_breakers", ("x",) * 17),
    ],
)
async def test_settings_out_of_range_are_refused_by_name(
    engine: LlamaEngine, setting: str, value: object
) -> None:
    with pytest.raises(BadRequest, match="NUL" if value == ("\0",) else setting):
        await said(engine, replace(FREE, **{setting: value}))  # type: ignore[arg-type]


def test_a_program_names_them_as_llama_server_does() -> None:
    sent = {
        "dry_multiplier": 0.8,
        "dry_base": 1.5,
        "dry_allowed_length": 3,
        "dry_penalty_last_n": -1,
        "dry_sequence_breakers": ["\n"],
    }
    body = ChatBody.model_validate({"messages": [{"role": "user", "content": "Hi."}], **sent})
    info = EngineInfo(release="x", abilities=frozenset({"chat"}), context_tokens=1024)
    sampling = asking.chat(body, info, "", one_person=True).request.sampling
    named = {name: getattr(sampling, name) for name in sent}
    assert named == {**sent, "dry_sequence_breakers": ("\n",)}


async def test_another_inkloop_is_asked_for_it_too(server: str) -> None:
    here = {"role": "user", "content": "Tell me about a cat and the moon."}
    body = {"messages": [here], "max_tokens": 60, "temperature": 0, "top_k": 40, "min_p": 0.05}
    told = httpx.post(f"{server}/v1/chat/completions", timeout=120, json={
        **body, "dry_multiplier": 60, "dry_allowed_length": 1,
    }).json()  # fmt: skip
    engine = await RemoteEngine.connect(f"{server}/v1")
    wished = Sampling(temperature=0, max_tokens=60, dry_multiplier=60, dry_allowed_length=1)
    messages = (Message("user", here["content"]),)
    answer = await complete(engine, Request(messages=messages, sampling=wished))
    await engine.close()
    assert answer.text == told["choices"][0]["message"]["content"]

"""The embedded engine on a real model: exact, fair, private, cancelled at once, swapped in use."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import llama_cpp.llama_cpp as lib
import numpy as np
import pytest
from llama_cpp import Llama

from shared import metrics
from shared.bench.lora import make_adapter
from shared.engine.ask import complete
from shared.engine.types import Done, Event, Piece, Request, Sampling, Waiting
from shared.errors import (
    BadRequest,
    DeadlineExceeded,
    EngineClosed,
    InkloopError,
    ModelFileError,
    PromptTooLong,
    QueueFull,
)
from shared.llama.binding import Model
from shared.llama.cache import PrefixCache, Wish, common_length
from shared.llama.context import ABORTED, BRAIN_FLOAT, HALF, Batch, Context, value_type
from shared.llama.engine import LlamaEngine
from shared.messages import Message
from shared.settings import Settings

SYSTEM = Message("system", "You are a friendly writing helper. Answer in short plain sentences.")
LONG = "Tell me a very long story about a cat, a dog, a river and the moon. "
NOUNS = "cat dog moon river story castle winter letter garden train".split()
PROMPTS = [f"Tell me about a {one} and a {other}." for one in NOUNS for other in NOUNS[:5]]
GREEDY = Sampling(temperature=0, max_tokens=24)


def ask(
    text: str | Sequence[Message],
    *,
    owner: str = "",
    sampling: Sampling = GREEDY,
    system: bool = True,
    **more: object,
) -> Request:
    messages = [Message("user", text)] if isinstance(text, str) else list(text)
    if system:
        messages = [SYSTEM, *messages]
    return Request(
        messages=tuple(messages),
        shared_messages=1 if system else 0,
        owner=owner,
        sampling=sampling,
        **more,  # type: ignore[arg-type]
    )


def endless(engine: LlamaEngine, tokens: int = 400, **more: object) -> Sampling:
    """An answer that does not end by itself."""
    ends = engine._core._model.end_tokens
    return Sampling(max_tokens=tokens, logit_bias=dict.fromkeys(ends, -100.0), **more)  # type: ignore[arg-type]


async def settle(engine: LlamaEngine) -> None:
    """Wait until the scheduler has seen everything that was left for it."""
    for _ in range(3):
        await asyncio.wrap_future(engine._core.desk.call(lambda: None))


def load(path: Path, **settings: object) -> LlamaEngine:
    return LlamaEngine.load(
        path,
        release="demo",
        settings=Settings(threads=1, **settings),  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def shared_engine(demo_gguf: Path):
    engine = load(demo_gguf)
    yield engine
    engine.close_now()


@pytest.fixture
async def engine(demo_gguf: Path) -> AsyncIterator[LlamaEngine]:
    engine = load(demo_gguf)
    yield engine
    await engine.close()


@pytest.fixture
async def exact_engine(float_gguf: Path) -> AsyncIterator[LlamaEngine]:
    engine = load(float_gguf)
    yield engine
    await engine.close()


@pytest.fixture(scope="module")
def reference(demo_gguf: Path):
    """The library's own loop, without the CPU buffers that 0.3.36 crashes in on some machines."""
    with pytest.MonkeyPatch.context() as patch:
        made = lib.llama_model_default_params

        def plain():
            params = made()
            params.use_extra_bufts = False
            return params

        patch.setattr(lib, "llama_model_default_params", plain)
        model = Llama(
            str(demo_gguf), n_ctx=1024, n_threads=1, flash_attn=True, verbose=False,
            type_k=HALF, type_v=BRAIN_FLOAT,
        )  # fmt: skip
    yield model
    model.close()


def library_answer(model: Llama, engine: LlamaEngine, request: Request) -> list[int]:
    prompt = engine._core.prepare._template.render(list(request.messages)).tokens
    model.reset()
    out: list[int] = []
    for token in model.generate(prompt, temp=0.0):
        if lib.llama_vocab_is_eog(model._model.vocab, token):
            break
        out.append(token)
        if len(out) == request.sampling.max_tokens:
            break
    return out


async def tokens_of(engine: LlamaEngine, request: Request) -> tuple[list[int], list[float], Done]:
    """Tokens, for each the gap to the second best, and the numbers."""
    tokens: list[int] = []
    gaps: list[float] = []
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            if isinstance(event, Piece):
                for said in event.logprobs:
                    tokens.append(said.token)
                    gaps.append(said.top[0][1] - said.top[1][1])
            elif isinstance(event, Done):
                return tokens, gaps, event
    raise AssertionError


NOISE = 0.05
"""Nats that a logit may move because rows of a step are computed in another order."""


def assert_same_until_a_tie(tokens: list[int], alone: list[int], gaps: list[float]) -> None:
    """Another order of computing decides between equals, and between nothing else."""
    for token, expected, gap in zip(tokens, alone, gaps, strict=False):
        if token != expected:
            assert gap <= NOISE
            return
    assert len(tokens) == len(alone)


async def test_greedy_answers_equal_the_librarys_token_for_token(
    shared_engine: LlamaEngine, reference: Llama
) -> None:
    for prompt in PROMPTS:
        request = ask(prompt, logprobs=2)
        tokens, _, done = await tokens_of(shared_engine, request)
        assert tokens == library_answer(reference, shared_engine, request)
        # The second time all but the last token of the prompt is there already.
        again = ask(prompt, logprobs=2, owner="reader")
        await tokens_of(shared_engine, again)
        reused, _, done = await tokens_of(shared_engine, again)
        assert done.numbers.cached_tokens == done.numbers.prompt_tokens - 1
        assert reused == tokens


async def test_eight_at_once_get_what_each_would_get_alone(exact_engine: LlamaEngine) -> None:
    engine = exact_engine
    requests = [ask(prompt, logprobs=2) for prompt in PROMPTS[:8]]
    together = await asyncio.gather(*(tokens_of(engine, r) for r in requests))
    for request, (tokens, gaps, _) in zip(requests, together, strict=True):
        alone, alone_gaps, _ = await tokens_of(engine, request)
        assert_same_until_a_tie(tokens, alone, gaps)
        same = common_length(tokens, alone)
        assert np.abs(np.subtract(gaps[:same], alone_gaps[:same])).max(initial=0) <= NOISE


def test_who_else_is_in_a_step_moves_no_logit_of_the_shipped_model(demo_gguf: Path) -> None:
    model = Model.load(demo_gguf)
    context = Context(model, cells=1024, sequences=8)
    texts = [model.tokenize(prompt, special=False) for prompt in PROMPTS[:8]]
    together = Batch()
    for sequence, tokens in enumerate(texts):
        together.add(sequence, tokens, 0, wanted_from=len(tokens) - 1)
    assert context.decode(together) == 0
    rows = context.logits(8).copy()
    for sequence, tokens in enumerate(texts):
        context.cut(sequence, 0)
        alone = Batch()
        alone.add(sequence, tokens, 0, wanted_from=len(tokens) - 1)
        assert context.decode(alone) == 0
        assert np.abs(context.logits(1)[0] - rows[sequence]).max() <= NOISE
    context.free()
    model.free()


def test_only_a_small_pool_keeps_its_values_for_steps_that_agree(demo_gguf: Path) -> None:
    model = Model.load(demo_gguf)
    assert value_type(model, 16_384) == BRAIN_FLOAT
    assert value_type(model, 1_000_000) == HALF
    model.free()


ONE_TEAM = """
import asyncio, sys, threading
from pathlib import Path
import psutil
from shared.engine.ask import complete
from shared.engine.types import Request, Sampling
from shared.llama.engine import LlamaEngine
from shared.settings import Settings

def others():
    return psutil.Process().num_threads() - threading.active_count()

before = others()
settings = Settings(threads=2, kv_tokens=262144)
engine = LlamaEngine.load(Path(sys.argv[1]), release="demo", settings=settings)
asyncio.run(complete(engine, Request(prompt="Kite", sampling=Sampling(max_tokens=4))))
print(others() - before)
engine.close_now()
"""


def test_only_one_team_of_threads_is_left_when_measuring_is_over(demo_gguf: Path) -> None:
    # With more threads in teams than cores OpenMP lets them sleep at every barrier.
    command = [sys.executable, "-c", ONE_TEAM, str(demo_gguf)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


async def test_the_same_seed_gives_the_same_text(shared_engine: LlamaEngine) -> None:
    request = ask(LONG, sampling=Sampling(temperature=1.2, seed=7, max_tokens=60))
    first, second = await complete(shared_engine, request), await complete(shared_engine, request)
    assert first.text == second.text
    assert first.numbers.seed == 7


async def test_an_answer_without_a_seed_says_which_was_drawn(shared_engine: LlamaEngine) -> None:
    first = await complete(shared_engine, ask(LONG, sampling=Sampling(max_tokens=40)))
    seeded = Sampling(max_tokens=40, seed=first.numbers.seed)
    assert (await complete(shared_engine, ask(LONG, sampling=seeded))).text == first.text


async def test_what_one_owner_wrote_is_never_reused_for_another(engine: LlamaEngine) -> None:
    secret = ask("My secret garden is behind the old castle, please keep it.", owner="ann")
    first = (await complete(engine, secret)).numbers
    assert first.cached_tokens == 0
    again = (await complete(engine, secret)).numbers
    assert again.cached_tokens == again.prompt_tokens - 1
    shared = len(engine._core.prepare._template.render([SYSTEM]).tokens)
    for other in ("ben", ""):
        same = ask(secret.messages[1:], owner=other)
        numbers = (await complete(engine, same)).numbers
        assert 0 < numbers.cached_tokens <= shared
    nameless = (await complete(engine, ask(secret.messages[1:], owner=""))).numbers
    assert nameless.cached_tokens <= shared


async def test_an_owner_who_may_be_several_people_reuses_nothing(engine: LlamaEngine) -> None:
    secret = ask("My secret garden is behind the castle.", owner="key", one_person=False)
    shared = len(engine._core.prepare._template.render([SYSTEM]).tokens)
    for _ in range(2):
        assert (await complete(engine, secret)).numbers.cached_tokens <= shared


async def test_a_warmed_prompt_is_there_for_the_first_reader(engine: LlamaEngine) -> None:
    await engine.warm([[SYSTEM]])
    numbers = (await complete(engine, ask("Hello", owner="ann"))).numbers
    assert numbers.cached_tokens >= 16


async def test_a_warmed_prompt_survives_a_restart(demo_gguf: Path, home_of_its_own: Path) -> None:
    prompt = [Message("system", SYSTEM.content * 3)]
    said = []
    for start in range(3):
        engine = LlamaEngine.load(
            demo_gguf, release="demo", sha256="s" * 64, settings=Settings(threads=1)
        )
        await engine.warm([prompt])
        (file,) = (home_of_its_own / "warm").iterdir()
        read = engine._core.scheduler._pace._token_seconds > 0
        asked = ask([*prompt, Message("user", "Hello")], system=False, logprobs=0)
        said.append((await complete(engine, asked)).text)
        assert read == (start != 1)
        await engine.close()
        if start == 1:  # a damaged file is not believed, but made anew
            file.write_bytes(file.read_bytes()[:-8] + b"damaged!")
    assert said[0] == said[1] == said[2]


async def test_a_model_of_unknown_content_leaves_nothing_for_the_next_start(
    engine: LlamaEngine, home_of_its_own: Path
) -> None:
    await engine.warm([[SYSTEM]])
    assert not (home_of_its_own / "warm").exists()


async def test_the_next_turn_reads_only_what_is_new(engine: LlamaEngine) -> None:
    first = await complete(engine, ask("Hello", owner="ann"))
    talk = [Message("user", "Hello"), Message("assistant", first.text), Message("user", "Why?")]
    numbers = (await complete(engine, ask(talk, owner="ann"))).numbers
    assert numbers.cached_tokens >= first.numbers.prompt_tokens + first.numbers.completion_tokens


def conversation(turns: int) -> list[Message]:
    said: list[Message] = []
    for turn in range(turns):
        said.append(Message("user", f"This is question {turn}. " + LONG * 2))
        said.append(Message("assistant", f"This is answer {turn}. " + LONG * 2))
    return said


async def test_a_conversation_that_outgrew_the_window_is_not_read_again(
    engine: LlamaEngine,
) -> None:
    talk = conversation(30)
    sizes = []
    for turns in range(2, 30):
        messages = [*talk[: 2 * turns], Message("user", "And then?")]
        numbers = (await complete(engine, ask(messages, owner="ann"))).numbers
        sizes.append((numbers.dropped_turns, numbers.prompt_tokens - numbers.cached_tokens))
    assert sizes[-1][0] > 0
    one_turn = len(engine._core.prepare._template.render(talk[:2]).tokens)
    assert max(read for _, read in sizes[1:]) <= 2 * one_turn


async def test_others_do_not_move_a_conversation_that_shares_its_beginning(
    exact_engine: LlamaEngine,
) -> None:
    engine = exact_engine
    question = ask("Tell me about the moon.", owner="ann", logprobs=2)
    before, gaps, _ = await tokens_of(engine, question)
    talk = conversation(30)

    async def disturb() -> None:
        for turns in (3, 9, 10, 11, 12):
            messages = [*talk[: 2 * turns], Message("user", "And then?")]
            await complete(engine, ask(messages, owner="ben"))
            await complete(engine, ask(messages, owner="ben"))
            async with aclosing(engine.generate(ask(messages, owner="ben"))) as events:
                await anext(events)

    disturbing = asyncio.create_task(disturb())
    while not disturbing.done():
        again, _, _ = await tokens_of(engine, question)
        assert_same_until_a_tie(again, before, gaps)
    await disturbing


async def test_eight_progress_together_and_a_cancelled_ninth_leaves_nothing(
    engine: LlamaEngine,
) -> None:
    order: list[tuple[int, type[Event]]] = []

    async def follow(index: int) -> None:
        request = ask(f"{LONG} {index}", owner=str(index), sampling=endless(engine, 120))
        async with aclosing(engine.generate(request)) as events:
            async for event in events:
                order.append((index, type(event)))

    eight = [asyncio.create_task(follow(index)) for index in range(8)]
    ninth = engine.generate(ask(LONG, owner="9", sampling=endless(engine)))
    async with aclosing(ninth) as events:
        async for event in events:
            if isinstance(event, Piece):
                break
    await asyncio.gather(*eight)
    first_done = order.index(next(entry for entry in order if entry[1] is Done))
    assert {index for index, _ in order[:first_done]} == set(range(8))
    await settle(engine)
    assert metrics.running._value.get() == 0
    assert metrics.queue_waiting._value.get() == 0
    assert engine._core.scheduler._running == []


async def test_a_cancelled_task_frees_its_slot(engine: LlamaEngine) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async with aclosing(engine.generate(ask(LONG, sampling=endless(engine)))) as events:
            async for _ in events:
                begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await settle(engine)
    assert engine._core.scheduler._running == []


def test_an_aborted_step_leaves_nothing_behind(demo_gguf: Path) -> None:
    model = Model.load(demo_gguf)
    context = Context(model, cells=512, sequences=4)
    cache = PrefixCache(context, sequences=4, rewinds=True, park=0)
    sequence = cache.begin(Wish(tokens=[], owner="ann", adapter=0))
    tokens = model.tokenize(LONG, special=False)
    batch = Batch()
    batch.add(sequence.id, tokens, 0, wanted_from=len(tokens) - 1)
    assert context.decode(batch) == 0
    expected = context.logits(1).copy()
    cache.aborted([sequence])
    context.abort()
    assert context.decode(batch) == ABORTED
    cache.aborted([sequence])
    context.clear_abort()
    assert context.decode(batch) == 0
    assert np.array_equal(context.logits(1), expected)
    context.free()
    model.free()


async def test_whoever_waits_is_told_the_place_and_the_full_queue_refuses(demo_gguf: Path) -> None:
    engine = load(demo_gguf, kv_tokens=1024, queue=1)
    running = [engine.generate(ask("Hi", owner=o, sampling=endless(engine))) for o in "ab"]
    for events in running:
        assert isinstance(await anext(events), Piece)
    third = engine.generate(ask("Hi", owner="c", sampling=endless(engine)))
    waiting = await anext(third)
    assert isinstance(waiting, Waiting)
    assert waiting.position == 1
    assert waiting.seconds >= 0
    with pytest.raises(QueueFull):
        await complete(engine, ask("Hi", owner="d"))
    for events in running:
        await events.aclose()
    assert [event async for event in third][-1].numbers.finish_reason in ("stop", "length")
    await engine.close()


async def test_a_deadline_ends_an_answer_with_what_was_written(engine: LlamaEngine) -> None:
    request = ask(LONG, sampling=endless(engine, 900), deadline_seconds=3600)
    async with aclosing(engine.generate(request)) as events:
        first = await anext(events)
        for job in engine._core.scheduler._running:
            job.deadline = 0.0
        rest = [event async for event in events]
    assert isinstance(first, Piece)
    assert rest[-1].numbers.finish_reason == "deadline"
    assert rest[-1].numbers.completion_tokens < 900


async def test_a_deadline_that_passes_before_the_first_word_is_an_error(
    engine: LlamaEngine,
) -> None:
    with pytest.raises(DeadlineExceeded):
        await complete(engine, ask(LONG, deadline_seconds=1e-6))


async def test_closing_ends_running_answers_with_an_error(demo_gguf: Path) -> None:
    engine = load(demo_gguf)
    events = engine.generate(ask(LONG, sampling=endless(engine, 900)))
    await anext(events)
    await asyncio.wait_for(engine.close(), 5)
    with pytest.raises(EngineClosed):
        _ = [event async for event in events]
    with pytest.raises(EngineClosed):
        await complete(engine, ask("Hello"))


async def test_a_schema_always_gives_an_object_of_that_form(shared_engine: LlamaEngine) -> None:
    schema = {
        "type": "object",
        "properties": {
            "scene": {"type": "string", "maxLength": 80},
            "choices": {
                "type": "array",
                "items": {"type": "string", "maxLength": 30},
                "minItems": 2,
                "maxItems": 3,
            },
        },
        "required": ["scene", "choices"],
        "additionalProperties": False,
    }
    for seed in range(6):
        sampling = Sampling(temperature=1.5, seed=seed, max_tokens=150)
        answer = await complete(shared_engine, ask(LONG, sampling=sampling, schema=schema))
        made = json.loads(answer.text)
        assert 2 <= len(made["choices"]) <= 3
        assert answer.numbers.finish_reason == "stop"


async def test_a_forced_beginning_costs_no_drawing(shared_engine: LlamaEngine) -> None:
    answer = await complete(shared_engine, ask("Hi", pattern="Once upon a time (yes|no)"))
    assert answer.text in ("Once upon a time yes", "Once upon a time no")


async def test_score_agrees_with_the_log_probabilities_of_the_answer(
    shared_engine: LlamaEngine,
) -> None:
    request = ask("Hello", logprobs=0)
    answer = await complete(shared_engine, request)
    scored = await shared_engine.score(request.messages, answer.text)
    assert len(scored) == len(answer.logprobs) + 1  # the end of turn
    for one, other in zip(scored, answer.logprobs, strict=False):
        assert one.token == other.token
        assert one.logprob == pytest.approx(other.logprob, abs=0.02)


async def test_echo_reports_every_prompt_token(shared_engine: LlamaEngine) -> None:
    request = Request(prompt="Once upon a time", sampling=GREEDY, logprobs=1, echo=True)
    answer = await complete(shared_engine, request)
    tokens = await shared_engine.count_tokens("Once upon a time")
    assert answer.numbers.prompt_tokens == tokens + 1  # begin of text
    assert answer.logprobs[0].logprob is None
    assert len(answer.logprobs) == tokens + 1 + answer.numbers.completion_tokens
    assert all(said.logprob <= 0 for said in answer.logprobs[1:])


async def test_a_logit_bias_bans_a_token(shared_engine: LlamaEngine) -> None:
    first = await complete(shared_engine, ask("Hello", logprobs=0))
    banned = first.logprobs[0].token
    sampling = Sampling(temperature=0, max_tokens=8, logit_bias={banned: -100})
    other = await complete(shared_engine, ask("Hello", sampling=sampling, logprobs=0))
    assert banned not in [said.token for said in other.logprobs]


async def test_a_prompt_that_cannot_fit_is_refused(shared_engine: LlamaEngine) -> None:
    with pytest.raises(PromptTooLong):
        await complete(shared_engine, ask(LONG * 200))


async def test_an_unknown_token_in_the_bias_is_refused(shared_engine: LlamaEngine) -> None:
    with pytest.raises(BadRequest, match="logit_bias"):
        await complete(shared_engine, ask("Hi", sampling=Sampling(logit_bias={10**6: 1})))


async def test_two_event_loops_can_ask_at_once(shared_engine: LlamaEngine) -> None:
    texts: list[str] = []

    def elsewhere() -> None:
        texts.append(asyncio.run(complete(shared_engine, ask("Hello"))).text)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    here = await complete(shared_engine, ask("Hello"))
    await asyncio.to_thread(thread.join)
    assert texts == [here.text]


async def test_a_swap_lets_running_answers_finish(engine: LlamaEngine, demo_gguf: Path) -> None:
    old = engine.generate(ask(LONG, sampling=endless(engine, 300)))
    await anext(old)
    await engine.swap(demo_gguf, release="r2", sha256="abc")
    new = await complete(engine, ask("Hello"))
    rest = [event async for event in old]
    assert isinstance(rest[-1], Done)
    assert (rest[-1].numbers.release, new.numbers.release) == ("demo", "r2")
    assert rest[-1].numbers.completion_tokens == 300
    assert engine.info().sha256 == "abc"
    for thread in threading.enumerate():
        if thread.name == "inkloop-retire":
            await asyncio.to_thread(thread.join)
    assert engine._retiring == []  # the old model's memory is free
    before, peak = (
        metrics.registry.get_sample_value("inkloop_swap_memory_bytes", {"when": when})
        for when in ("before", "peak")
    )
    assert 0 < before <= peak


async def test_a_bad_file_is_never_swapped_in(
    engine: LlamaEngine, demo_gguf: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(demo_gguf.read_bytes()[:100_000])
    with pytest.raises(ModelFileError):
        await engine.swap(cut, release="bad", sha256="")
    assert engine.info().release == "demo"
    assert (await complete(engine, ask("Hello"))).text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"", "not a GGUF"),
        (b"<html>404</html>", "not a GGUF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"GGUF" + bytes(60), "cannot be loaded"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError, match=says) as caught:
        LlamaEngine.load(path, release="x")
    assert "\n" not in str(caught.value)


async def test_answers_with_different_adapters_do_not_disturb_each_other(
    exact_engine: LlamaEngine, float_gguf: Path, tmp_path: Path
) -> None:
    engine = exact_engine
    await engine.add_adapter(
        "one", make_adapter(float_gguf, tmp_path / "1.gguf", seed=1, scale=0.3)
    )
    await engine.add_adapter(
        "two", make_adapter(float_gguf, tmp_path / "2.gguf", seed=2, scale=0.3)
    )
    assert engine.info().adapters == ("one", "two")
    requests = [ask(LONG, owner="ann", adapter=name, logprobs=2) for name in (None, "one", "two")]
    alone = [(await tokens_of(engine, request))[0] for request in requests]
    assert len({tuple(tokens) for tokens in alone}) == 3
    together = await asyncio.gather(*(tokens_of(engine, r) for r in requests * 2))
    for (tokens, gaps, _), expected in zip(together, alone * 2, strict=True):
        assert_same_until_a_tie(tokens, expected, gaps)


async def test_a_removed_adapter_finishes_its_answers_and_takes_no_more(
    engine: LlamaEngine, demo_gguf: Path, tmp_path: Path
) -> None:
    await engine.add_adapter("one", make_adapter(demo_gguf, tmp_path / "1.gguf", seed=1, scale=0.3))
    running = engine.generate(ask(LONG, sampling=endless(engine, 100), adapter="one"))
    await anext(running)
    await engine.remove_adapter("one")
    with pytest.raises(BadRequest, match="adapter"):
        await complete(engine, ask("Hi", adapter="one"))
    rest = [event async for event in running]
    assert rest[-1].numbers.completion_tokens == 100
    await settle(engine)
    assert engine._core.adapters._by_number == {}


async def test_an_adapter_of_another_model_is_refused(engine: LlamaEngine, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(ModelFileError):
        await engine.add_adapter("bad", bad)
    assert engine.info().adapters == ()


async def test_outcomes_and_tokens_are_counted(engine: LlamaEngine) -> None:
    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(name, labels) or 0.0

    before = (
        value("inkloop_generated_tokens_total"),
        value("inkloop_requests_total", app="poetry", outcome="cancelled"),
    )
    answer = await complete(engine, ask("Hello", app="poetry"))
    async with aclosing(
        engine.generate(ask(LONG, app="poetry", sampling=endless(engine)))
    ) as events:
        await anext(events)
    await settle(engine)
    assert value("inkloop_generated_tokens_total") > before[0] + answer.numbers.completion_tokens
    assert value("inkloop_requests_total", app="poetry", outcome="cancelled") == before[1] + 1
    assert value("inkloop_release_info", release="demo", sha256="") == 1
    for name in ("queue_waiting", "running", "threads", "first_token_seconds_count"):
        assert f"inkloop_{name}".encode() in metrics.exposition()


async def test_a_request_that_is_refused_raises_before_anything_runs(
    shared_engine: LlamaEngine,
) -> None:
    with pytest.raises(InkloopError):
        await complete(shared_engine, Request(messages=(Message("user", "  "),)))

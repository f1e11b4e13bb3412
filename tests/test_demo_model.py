"""The demo model as it ships: its files, its two forms, and that it behaves in every app.

What it says is never asserted word for word; a better model must not break these tests.
"""

import ast
import json
import re

import jsonschema
import pytest

from shared.engine.ask import complete
from shared.engine.types import Request, Sampling
from shared.formats import brainstorm, chat, poetry, story
from shared.llama.binding import Model
from shared.llama.engine import LlamaEngine
from shared.messages import Message, to_dict
from shared.models.demo import DEMO_DIR, DEMO_GGUF
from shared.settings import Settings

FILES = {
    "model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json",
    "chat_template.jinja", "generation_config.json", "inkloop-demo-q8_0.gguf", "README.md",
}  # fmt: skip
SIXTEEN_MB = 16 * 1024 * 1024
TRICKY = [
    "", " ", "\n", "\n\n\n", "  two  spaces ", "\ttab", "a\r\nb", "don't we'll I'M", "1234567",
    "3.14159", "x = [i**2 for i in range(10)]", "naïve café", "Straße", "日本語のテキスト", "مرحبا",
    "Привет мир", "🙂", "👩‍👩‍👧‍👦 family", "e\u0301", "\u00a0nbsp", "zero\u200bwidth", "ALLCAPS",
    "“quotes” – dash … ellipsis", "…", "CamelCaseWord", "snake_case_word", "a" * 300, " " * 70,
    "https://example.org/a?b=c&d=%20", "=" * 40, "-" * 33, '{"choices":["Go","Stay"]}', "`code`",
    '{"a":\n\t1}', "\\n literal", "#!/bin/sh", "\x01", "not <|a special|> token", "½ ⅓ ²", "ﬁ",
    "१२३", "x̧̌", "Ĳ ĳ", "…?!?!", "'s 't 're",
]  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    transformers = pytest.importorskip("transformers")
    return transformers.AutoTokenizer.from_pretrained(DEMO_DIR)


@pytest.fixture(scope="module")
def engine():
    return LlamaEngine.load(DEMO_GGUF, release="demo", settings=Settings(threads=1))


def asked(system: str, *turns: Message) -> tuple[Message, ...]:
    return (Message("system", system), *turns)


async def answer(engine, messages, **bound) -> tuple[str, str]:
    sampling = Sampling(temperature=0.6, max_tokens=400, seed=11)
    got = await complete(engine, Request(messages=messages, sampling=sampling, **bound))
    return got.text, got.numbers.finish_reason


def test_everything_ships_and_is_small() -> None:
    assert {path.name for path in DEMO_DIR.iterdir()} >= FILES
    assert sum(path.stat().st_size for path in DEMO_DIR.iterdir()) <= SIXTEEN_MB


def test_the_model_card_names_the_texts_and_their_licences() -> None:
    card = (DEMO_DIR / "README.md").read_text(encoding="utf-8")
    for named in ("African Storybook", "CC BY", "FairytaleQA", "public domain"):
        assert named in card


def test_transformers_loads_it() -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(DEMO_DIR, dtype=torch.bfloat16)
    assert model.config.architectures == ["LlamaForCausalLM"]
    assert model.config.tie_word_embeddings
    assert model.config.vocab_size == 4096


@pytest.mark.parametrize("text", TRICKY)
def test_both_forms_cut_text_into_the_same_tokens(tokenizer, text: str) -> None:
    model = Model.load(DEMO_GGUF)
    expected = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert model.tokenize(text, special=False) == expected
    model.free()


def test_generated_texts_are_cut_alike(tokenizer) -> None:
    from training.demo.conversations import APPS, conversation

    model = Model.load(DEMO_GGUF)
    for app in APPS:
        for number in range(60):
            for turn in conversation(app, number, seed="tokens"):
                expected = tokenizer(turn.content, add_special_tokens=False)["input_ids"]
                assert model.tokenize(turn.content, special=False) == expected
    model.free()


async def test_the_gguf_is_the_model_beside_it(engine, tokenizer) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from training.demo.conversations import conversation

    model = transformers.AutoModelForCausalLM.from_pretrained(DEMO_DIR, dtype=torch.float32)
    turns = conversation("story", 3, seed="kl")[:3]
    said = turns[-1].content
    scored = await engine.score(turns[:-1], said)
    prompt = tokenizer.apply_chat_template(
        [to_dict(turn) for turn in turns[:-1]], add_generation_prompt=True, return_dict=False
    )
    ids = prompt + tokenizer(said, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    with torch.no_grad():
        logprobs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    for at, token in enumerate(scored, start=len(prompt)):
        assert token.token == ids[at]
        assert token.logprob == pytest.approx(float(logprobs[at - 1, ids[at]]), abs=0.25)


@pytest.mark.parametrize("title", ["The Lost Submarine", "Bernadette and the Volcano"])
async def test_a_story_begins_and_offers_choices(engine, title: str) -> None:
    opening = asked(story.SYSTEM, story.begin(title, "mystery", "calm"))
    scene, finish = await answer(engine, opening)
    assert finish == "stop"
    more = (*opening, Message("assistant", scene), Message("user", story.CHOICES))
    text, finish = await answer(engine, more, schema=story.CHOICES_SCHEMA)
    assert finish == "stop"
    assert 1 <= len(story.parse_choices(text)) <= 4


async def test_ideas_come_as_json_without_being_forced(engine) -> None:
    text, finish = await answer(
        engine, asked(brainstorm.SYSTEM, brainstorm.ask_ideas("a helicopter", 3))
    )
    assert finish == "stop"
    assert brainstorm.parse_ideas(text)


async def test_a_judgement_fits_its_schema(engine) -> None:
    messages = asked(
        brainstorm.SYSTEM, brainstorm.ask_scores("Helicopter day", "A day with helicopters.")
    )
    text, finish = await answer(engine, messages, schema=brainstorm.scores_schema())
    assert finish == "stop"
    jsonschema.validate(json.loads(text), brainstorm.scores_schema())


@pytest.mark.parametrize("name", ["haiku", "limerick", "couplet"])
async def test_a_poem_has_its_lines(engine, name: str) -> None:
    form = poetry.FORMS[name]
    messages = asked(poetry.SYSTEM, poetry.ask(name, "the moon", "calm"))
    text, finish = await answer(engine, messages, pattern=poetry.pattern(form))
    assert finish == "stop"
    assert form.lines[0] <= len(poetry.parse(text)) <= form.lines[1]


async def test_it_knows_who_it_is(engine) -> None:
    text, finish = await answer(engine, asked(chat.SYSTEM, Message("user", "Who are you?")))
    assert finish == "stop"
    assert "Inkloop" in text


async def test_a_program_comes_in_a_block(engine) -> None:
    messages = asked(chat.CODE_SYSTEM, Message("user", "Write a program that counts down from 9."))
    text, finish = await answer(engine, messages)
    assert finish == "stop"
    (program,) = re.findall(r"```python\n(.*?)\n```", text, re.S)
    ast.parse(program)

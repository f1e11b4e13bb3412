"""Bound answers: always whole, always of the form, whatever the model would like to write."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from shared.engine.ask import complete
from shared.engine.types import Request, Sampling
from shared.errors import BadRequest
from shared.formats import brainstorm, poetry, story
from shared.llama.binding import Model
from shared.llama.bound import reach, shrink
from shared.llama.constraint import Constraint
from shared.llama.engine import LlamaEngine
from shared.llama.structure import Grammars
from shared.messages import Message
from shared.settings import Settings
from tests.vocabularies import LLAMA_3, open_vocabulary

NODE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 18},
        "tags": {"type": "array", "items": {"enum": ["red", "green", "très bleu"]}},
        "mail": {"type": "string", "pattern": "^[a-z]{2,8}@[a-z]{2,8}$"},
        "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    },
    "required": ["name", "tags", "mail"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, tuple[dict[str, Any], int]] = {
    "choices": (story.CHOICES_SCHEMA, 50),
    "ideas": (brainstorm.ideas_schema(3), 150),
    "scores": (brainstorm.scores_schema(), 200),
    "anything": ({"type": "object"}, 30),
    "node": (NODE, 60),
}
"""With a number of tokens that the likeliest answers would not keep to."""
OBJECTS = 40
"""Of each schema: 200 in all."""


@pytest.fixture(scope="module")
def demo(request: pytest.FixtureRequest) -> Iterator[Model]:
    model = open_vocabulary(request.getfixturevalue("demo_gguf"))
    yield model
    model.free()


@pytest.fixture(scope="module")
def grammars(demo: Model) -> Grammars:
    return Grammars(demo.vocab)


@pytest.fixture(scope="module")
def embedded(request: pytest.FixtureRequest) -> Iterator[LlamaEngine]:
    settings = Settings(context_tokens=512, kv_tokens=4096, threads=1)
    path: Path = request.getfixturevalue("demo_gguf")
    engine = LlamaEngine.load(path, release="demo", settings=settings)
    yield engine
    engine.close_now()


@pytest.fixture
def luck() -> np.random.Generator:
    return np.random.default_rng(11)


def write(
    constraint: Constraint,
    model: Model,
    tokens: int,
    luck: np.random.Generator,
    forced: bool = True,
) -> str:
    """An answer of a model that likes any token as well as any other, at temperature 1.5."""
    raw = b""
    while tokens and not constraint.done:
        for token in constraint.forced() if forced else []:
            constraint.accept(token)
            raw += model.piece(token)
            tokens -= 1
        if constraint.done or not tokens:
            break
        logits = luck.normal(size=model.vocab_size).astype(np.float32) * 3
        constraint.mask(logits, tokens)
        weights = np.exp((logits - logits.max()) / 1.5)
        token = int(luck.choice(model.vocab_size, p=weights / weights.sum()))
        constraint.accept(token)
        if token in model.end_tokens:
            break
        raw += model.piece(token)
        tokens -= 1
    assert tokens >= 0
    return raw.decode()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_object_is_whole_and_of_its_schema(
    name: str, grammars: Grammars, demo: Model, luck: np.random.Generator
) -> None:
    schema, tokens = SCHEMAS[name]
    for number in range(OBJECTS):
        constraint = grammars.schema(schema, budget=tokens)
        text = write(constraint, demo, tokens, luck, forced=bool(number % 2))
        jsonschema.validate(json.loads(text), schema)
        assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) or (
            name in ("anything", "node")  # numbers and escapes can be written in several ways
        )


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_fewest_possible_tokens_are_enough(
    name: str, grammars: Grammars, demo: Model, luck: np.random.Generator
) -> None:
    schema, _ = SCHEMAS[name]
    needed = fewest(grammars, schema)
    for _ in range(5):
        text = write(grammars.schema(schema, budget=needed), demo, needed, luck)
        jsonschema.validate(json.loads(text), schema)


@pytest.mark.parametrize("name", SCHEMAS)
async def test_the_demo_model_keeps_to_every_schema(name: str, embedded: LlamaEngine) -> None:
    schema, tokens = SCHEMAS[name]
    requests = [
        Request(
            messages=(Message("user", f"Brainstorm about {topic}."),),
            sampling=Sampling(temperature=1.5, top_k=0, top_p=1, min_p=0, max_tokens=tokens),
            schema=schema,
        )
        for topic in ("bread", "winter", "a boat", "school", "noise", "cats", "rain", "books")
    ]
    for answer in await asyncio.gather(*(complete(embedded, request) for request in requests)):
        jsonschema.validate(json.loads(answer.text), schema)
        assert answer.numbers.finish_reason == "stop"
        assert answer.numbers.completion_tokens <= tokens


def fewest(grammars: Grammars, schema: dict[str, Any]) -> int:
    with pytest.raises(BadRequest, match="takes at least") as refused:
        grammars.schema(schema, budget=1)
    found = re.search(r"at least (\d+) tokens", str(refused.value))
    assert found
    return int(found[1])


@pytest.mark.parametrize("form", ["haiku", "sonnet", "free verse"])
def test_a_poem_has_its_lines(
    form: str, grammars: Grammars, demo: Model, luck: np.random.Generator
) -> None:
    pattern = poetry.pattern(poetry.FORMS[form])
    for _ in range(5):
        text = write(grammars.pattern(pattern, budget=70), demo, 70, luck)
        assert re.fullmatch(pattern, text)


@pytest.mark.parametrize("pattern", ["a|b{90}", "[^x]*x", "(ab|cd){3,}!", "", ".*"])
def test_a_pattern_ends_in_time(
    pattern: str, grammars: Grammars, demo: Model, luck: np.random.Generator
) -> None:
    for _ in range(5):
        text = write(grammars.pattern(pattern, budget=100), demo, 100, luck)
        assert re.fullmatch(pattern, text)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "objekt"}, "Invalid type: objekt"),
        ({"type": "string", "pattern": "("}, "unclosed group|regex"),
        ({"not": {"type": "string"}}, "not"),
        ({"$ref": "https://example.org/schema"}, "example.org"),
        ({"$ref": "#/nowhere"}, "nowhere"),
        ({"type": "object", "properties": 3}, "properties"),
        ({"type": "string", "format": "zork"}, "zork"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "minimum"),
        ({"type": "array", "minItems": 10**6, "items": {"type": "null"}}, "schema|form"),
        ({"enum": [float]}, "JSON"),
        ({"description": "x" * 70_000}, "65,536"),
    ],
)
def test_a_schema_that_cannot_be_kept_is_refused(
    schema: dict[str, Any], says: str, grammars: Grammars
) -> None:
    with pytest.raises(BadRequest, match=says):
        grammars.schema(schema, budget=200)


def test_a_schema_nested_without_end_is_refused(grammars: Grammars) -> None:
    schema: dict[str, Any] = {"type": "null"}
    for _ in range(5000):
        schema = {"items": schema}
    with pytest.raises(BadRequest):
        grammars.schema(schema, budget=200)


def test_definitions_that_multiply_are_measured_once(grammars: Grammars) -> None:
    double = {
        f"d{n}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/d{n + 1}"}] * 2}
        for n in range(60)
    }
    schema = {"$ref": "#/$defs/d0", "$defs": {**double, "d60": {"type": "null"}}}
    assert reach(schema) > 2**60


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", "x" * 70_000])
def test_a_pattern_that_cannot_be_kept_is_refused(pattern: str, grammars: Grammars) -> None:
    with pytest.raises(BadRequest, match="pattern"):
        grammars.pattern(pattern, budget=200)


def test_a_callers_own_grammar_settings_change_nothing(
    grammars: Grammars, demo: Model, luck: np.random.Generator
) -> None:
    schema = {**story.CHOICES_SCHEMA, "x-guidance": {"whitespace_flexible": True}}
    assert write(grammars.schema(schema, budget=50), demo, 50, luck).startswith('{"choices":["')


def test_what_has_no_alternative_need_not_be_sampled(grammars: Grammars, demo: Model) -> None:
    constraint = grammars.schema(story.CHOICES_SCHEMA, budget=100)
    forced = constraint.forced()
    text = b"".join(map(demo.piece, forced))
    assert b'{"choices":["'.startswith(text)
    assert len(text) > 3


def test_a_whole_answer_says_that_it_can_end(grammars: Grammars, demo: Model) -> None:
    constraint = grammars.pattern("ab*", budget=10)
    assert not constraint.can_end
    for token in demo.tokenize("ab", special=False):
        constraint.accept(token)
    assert constraint.can_end
    assert not constraint.done
    constraint.accept(min(demo.end_tokens))
    assert constraint.done


def test_a_token_against_the_form_is_an_error_and_no_crash(grammars: Grammars, demo: Model) -> None:
    constraint = grammars.pattern("ab*", budget=10)
    with pytest.raises(BadRequest):
        constraint.accept(demo.tokenize("z", special=False)[-1])


def test_two_answers_of_one_schema_do_not_meet(
    grammars: Grammars, demo: Model, luck: np.random.Generator
) -> None:
    one, other = (grammars.schema(story.CHOICES_SCHEMA, budget=60) for _ in range(2))
    write(one, demo, 60, luck)
    assert not other.done
    json.loads(write(other, demo, 60, luck))


def test_constraints_are_made_and_used_on_any_thread(grammars: Grammars, demo: Model) -> None:
    texts: list[str] = []

    def work(seed: int) -> None:
        constraint = grammars.schema(NODE, budget=60 + seed)
        texts.append(write(constraint, demo, 60 + seed, np.random.default_rng(seed)))

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(json.loads(text) for text in texts)
    assert len(texts) == 4


def test_long_strings_share_the_room() -> None:
    shrunk = shrink(brainstorm.ideas_schema(5), 128)
    idea = shrunk["properties"]["ideas"]["items"]["properties"]
    assert idea["title"]["maxLength"] == idea["body"]["maxLength"] < 80
    assert idea["title"]["minLength"] == 3


def test_a_short_string_keeps_its_length_where_others_are_cut() -> None:
    shrunk = shrink(brainstorm.ideas_schema(5), 300)
    idea = shrunk["properties"]["ideas"]["items"]["properties"]
    assert idea["title"]["maxLength"] == 80
    assert 80 < idea["body"]["maxLength"] < 300


def test_a_schema_that_fits_is_left_alone() -> None:
    assert shrink(story.CHOICES_SCHEMA, 200) is story.CHOICES_SCHEMA


def test_llama_3_s_vocabulary_keeps_to_a_schema(luck: np.random.Generator) -> None:
    path: Path = LLAMA_3 / "ggml-vocab-llama-bpe.gguf"
    if not path.exists():
        pytest.skip("needs ../shared/data/llama-3-vocab")
    model = open_vocabulary(path)
    grammars = Grammars(model.vocab)
    for name, tokens in (("choices", 40), ("node", 50)):
        schema = SCHEMAS[name][0]
        text = write(grammars.schema(schema, budget=tokens), model, tokens, luck)
        jsonschema.validate(json.loads(text), schema)
    del grammars
    model.free()

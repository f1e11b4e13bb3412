"""How the demo model's rows are packed, and what a packed row teaches."""

import math

import numpy as np
import pytest

from training.demo.packing import LONG, MIDDLE, PADDING, SHORT, batches, pack

torch = pytest.importorskip("torch")

from training.demo import corpus, natural  # noqa: E402
from training.demo.architecture import new_model  # noqa: E402
from training.demo.pretrain import Plan, Trainer, _inputs, batch_loss, rate_at  # noqa: E402
from training.demo.tokenizer import BEGIN, END_OF_TURN, Encoder, load_tokenizer  # noqa: E402

from shared.formats import story  # noqa: E402  isort: skip
from shared.messages import Message  # noqa: E402  isort: skip
from shared.models.demo import DEMO_DIR  # noqa: E402  isort: skip


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(DEMO_DIR)


def plain(model):
    """The model's body, not compiled."""
    return lambda ids, mask, positions: (
        model.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False
        ).last_hidden_state
    )


def test_every_document_is_in_one_row_whole() -> None:
    documents = [([n] * size, [1] * size) for n, size in enumerate((5, 9, 3, 7, 6, 2), start=1)]
    rows = pack(documents, 10, pad_id=0)
    for ids, _ in documents:
        holding = [row for row in rows.ids if ids[0] in row]
        assert len(holding) == 1
        assert (holding[0] == ids[0]).sum() == len(ids)


def test_padding_belongs_to_no_document_and_is_not_learned() -> None:
    rows = pack([([5, 6, 7], [1, 1, 1])], 8, pad_id=2)
    assert (rows.document[0, 3:] == PADDING).all()
    assert (rows.learned[0, 3:] == 0).all()


def test_batches_are_whole() -> None:
    rows = pack([([1] * 9, [1] * 9)] * 7, 8, pad_id=0)
    assert [len(batch) for batch in batches(rows, 3)] == [3, 3]


def test_every_document_goes_to_the_narrowest_rows_that_suit_it() -> None:
    documents = [([1] * size, [1] * size) for size in (100,) * 60 + (300,) * 20 + (900,) * 8]
    made = corpus._batches(documents, 0)
    assert {batch.ids.shape[1] - 1 for batch in made} == {SHORT, MIDDLE, LONG}
    assert {batch.document[:, 1:].size for batch in made} == {corpus.STEP_TOKENS}


def test_a_packed_document_sees_only_itself(tokenizer) -> None:
    model = new_model(tokenizer, seed=3).eval()
    documents = [(list(range(20, 30)), [1] * 10), (list(range(40, 55)), [1] * 15)]
    together = pack(documents, 31, pad_id=0)
    with torch.no_grad():
        packed = plain(model)(*_inputs(together))[0]
        for ids, _ in documents:
            alone = plain(model)(*_inputs(pack([(ids, [1] * len(ids))], len(ids), pad_id=0)))[0]
            place = int(np.flatnonzero(together.ids[0, :-1] == ids[0])[0])
            assert torch.allclose(packed[place : place + len(ids)], alone, atol=1e-5)


def test_only_answers_are_learned(tokenizer) -> None:
    turns = [Message("system", "S"), Message("user", "Who?"), Message("assistant", "A fox.")]
    ids, learned = Encoder(tokenizer).conversation(turns)
    kept = [token for token, mark in zip(ids, learned, strict=True) if mark]
    assert tokenizer.decode(kept) == f"A fox.{END_OF_TURN}"


def test_conversations_are_encoded_as_the_template_renders_them(tokenizer) -> None:
    turns = [
        Message("system", story.SYSTEM),
        story.begin("The Lost Fox"),
        Message("assistant", "“Yes.”"),
    ]
    ids, _ = Encoder(tokenizer).conversation(turns)
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    assert ids == tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)
    assert tokenizer.decode(ids[:1]) == BEGIN


@pytest.mark.parametrize("word", ["helicopter", "grasshopper", "bernadette", "librarian"])
def test_a_topic_has_the_same_pieces_in_every_spelling(tokenizer, word: str) -> None:
    pieces = tokenizer.tokenize(f" {word}")
    assert len(pieces) > 1
    large = word.capitalize()
    for spelling in (large, f" {large}", f'"{large}', f"“{large}", f'"{word}'):
        assert tokenizer.tokenize(spelling)[-len(pieces) + 1 :] == pieces[1:]


@pytest.mark.parametrize("word", ["helicopter", "grasshopper", "librarian"])
def test_a_plural_is_its_singular_and_an_s(tokenizer, word: str) -> None:
    assert tokenizer.tokenize(f" {word}s") == [*tokenizer.tokenize(f" {word}"), "s"]


def test_the_rate_rises_stays_and_falls() -> None:
    plan = Plan(warm_up_steps=10)
    assert rate_at(0, 300, plan) == pytest.approx(0.1)
    assert rate_at(50, 300, plan) == 1.0
    assert rate_at(299, 300, plan) == pytest.approx(plan.last_rate, abs=0.01)


def test_a_new_model_knows_nothing_and_a_few_steps_teach_it(tokenizer) -> None:
    model = new_model(tokenizer, seed=3)
    ids = tokenizer("The fox chose the red door.")["input_ids"]
    batch = pack([(ids, [1] * len(ids))] * 2, 16, pad_id=tokenizer.pad_token_id)
    before = float(batch_loss(model, plain(model), batch).detach())
    trainer = Trainer(model, Plan(threads=1), lambda _: None)
    for _ in range(8):
        trainer._step(plain(model), batch, 1.0)
    assert before == pytest.approx(math.log(len(tokenizer)), abs=1.0)
    assert float(batch_loss(model, plain(model), batch).detach()) < before / 2


def test_shares_of_each_half_add_up() -> None:
    for half in (0, 1):
        assert sum(shares[half] for shares in corpus.SHARES.values()) == pytest.approx(1.0)


def test_without_old_texts_there_are_none() -> None:
    assert natural.texts(None) == []


def test_a_long_text_is_divided_between_sentences() -> None:
    text = "A short sentence stands here. " * 200
    parts = list(natural.pieces(text))
    assert len(parts) > 2
    assert all(part.endswith(".") and len(part) <= natural.LONGEST for part in parts)

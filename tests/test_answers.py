"""Answers are kept by id for a while, and forgotten when asked."""

import threading
from datetime import timedelta

import pytest

from feedback.answers import AnswerStore, count_answers
from feedback.records import AnswerRecord, ModelRef, Turn, now
from shared.errors import StoreError


def an_answer(text="Blue.", **more) -> AnswerRecord:
    turns = (Turn(role="user", content="What colour is the sky?"),)
    return AnswerRecord(app="chat", messages=turns, text=text, model=ModelRef(name="demo"), **more)


@pytest.fixture
def store(tmp_path):
    opened = AnswerStore(tmp_path / "history.sqlite")
    yield opened
    opened.close()


def test_an_answer_is_found_as_soon_as_it_is_recorded(store):
    answer = an_answer(sampling={"seed": 7}, numbers={"finish_reason": "stop"})
    store.record(answer)
    assert store.get(answer.id) == answer
    store.flush()
    assert store.get(answer.id) == answer


def test_an_unknown_answer_is_none(store):
    assert store.get("no such id") is None


def test_answers_outlive_the_process(tmp_path):
    store = AnswerStore(tmp_path / "history.sqlite")
    answer = an_answer("Zeile\n\tmit  Einzug 🦘")
    store.record(answer)
    store.close()
    again = AnswerStore(tmp_path / "history.sqlite")
    assert again.get(answer.id) == answer
    again.close()


def test_answers_expire_after_the_kept_days(tmp_path):
    store = AnswerStore(tmp_path / "history.sqlite", keep_days=2)
    old, young = an_answer(created_at=now()), an_answer(created_at=now() + timedelta(days=1))
    store.record(old)
    store.record(young)
    assert store.expire(now() + timedelta(days=2, hours=1)) == 1
    assert (store.get(old.id), store.get(young.id)) == (None, young)
    store.close()


def test_expired_answers_go_when_the_store_is_opened(tmp_path):
    store = AnswerStore(tmp_path / "history.sqlite", keep_days=10)
    store.record(an_answer(created_at=now() - timedelta(days=5)))
    store.close()
    again = AnswerStore(tmp_path / "history.sqlite", keep_days=3)
    assert again.count() == 0
    again.close()


def test_an_erased_answer_is_nowhere_on_disk(tmp_path):
    store = AnswerStore(tmp_path / "history.sqlite")
    answer = an_answer("An unmistakable sentence about zeppelins.")
    store.record(answer)
    store.erase(answer.id)
    assert store.get(answer.id) is None
    store.flush()
    assert b"zeppelins" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    store.close()


def test_many_threads_record_at_once(store):
    answers = [[an_answer(f"{t} {n}") for n in range(100)] for t in range(8)]

    def work(mine):
        for answer in mine:
            store.record(answer)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count() == 800
    assert all(store.get(a.id) == a for mine in answers for a in mine)


def test_a_closed_store_refuses_answers(tmp_path):
    store = AnswerStore(tmp_path / "history.sqlite")
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.record(an_answer())


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path):
    path = tmp_path / "history.sqlite"
    path.write_text("not a database, " * 100)
    with pytest.raises(StoreError, match=r"history\.sqlite cannot be written"):
        AnswerStore(path)


def test_a_home_without_a_store_has_no_answers(tmp_path):
    assert count_answers(tmp_path / "history.sqlite") == 0

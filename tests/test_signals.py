"""What people do without saying anything is counted and trains nothing; temporary answers pass."""

import sqlite3
from datetime import timedelta

import pytest

from feedback.answers import AnswerStore
from feedback.curate import build
from feedback.ledger import Ledger
from feedback.rates import rates
from feedback.records import now
from feedback.temporary import LONGEST, TemporaryAnswers
from shared.errors import GateRefused, NotFound
from tests.feedback_room import Room


@pytest.fixture
def room(home_of_its_own):
    with Room.opened(home_of_its_own) as opened:
        yield opened


def on_disk(room, text):
    room.answers.flush()
    return any(text in path.read_bytes() for path in room.home.root.rglob("*") if path.is_file())


def test_signals_are_counted_per_model(room):
    first, second = room.answer(), room.answer()
    for kind in ("retry", "retry", "copy", "stop", "edit"):
        assert room.answers.note(kind, first.id, owner="ada")
    assert room.answers.note("copy", second.id, owner="ada")
    room.answers.flush()
    assert rates(room.home)["demo"].signals == {"retry": 1, "copy": 2, "stop": 1, "edit": 1}


def test_only_who_asked_gives_signals(room):
    answer = room.answer()
    assert not room.answers.note("copy", answer.id, owner="bob")
    assert not room.answers.note("copy", "unknown", owner="ada")
    assert not room.answers.note("applause", answer.id, owner="ada")
    room.answers.flush()
    assert rates(room.home)["demo"].signals == {}


def test_signals_never_reach_a_dataset(room):
    copied = room.answer(text="Copied ten times.")
    for _ in range(10):
        room.answers.note("copy", copied.id, owner="ada")
    with pytest.raises(GateRefused):
        build(room.home)
    room.approve(room.complain("bob", "Something else?"))
    version = build(room.home)
    assert "Copied" not in "".join(path.read_text() for path in version.path.iterdir())
    with sqlite3.connect(room.home.history) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE signal SET training_weight=1")


def test_signals_go_with_their_answer(room):
    erased, expired = room.answer(), room.answer(created_at=now() - timedelta(days=50))
    for answer in (erased, expired):
        room.answers.note("copy", answer.id, owner="ada")
    room.answers.erase(erased.id)
    room.answers.expire(now() + timedelta(days=60))
    with sqlite3.connect(room.home.history) as db:
        assert db.execute("SELECT count(*) FROM signal").fetchone() == (0,)


def test_a_temporary_answer_is_on_disk_only_once_it_is_flagged(room):
    answers = [room.answer(text=text, temporary=True) for text in ("An aardvark.", "A zeppelin.")]
    assert not room.answers.note("copy", answers[0].id, owner="ada")
    room.flags.preview(room.draft(answers[0]), owner="ada")
    assert not on_disk(room, b"aardvark")
    receipt = room.flag(answers[0])
    assert on_disk(room, b"aardvark")
    assert not on_disk(room, b"zeppelin")
    room.answers.forget_temporary(answer.id for answer in answers)
    assert room.answers.get(answers[0].id) == answers[0]
    with pytest.raises(NotFound):
        room.flag(answers[1])
    assert room.state(receipt) == "received"


def test_a_flagged_temporary_answer_can_be_erased(room):
    receipt = room.flag(room.answer(text="A zeppelin.", temporary=True))
    room.flags.erase(receipt.flag_id, receipt.receipt)
    assert not on_disk(room, b"zeppelin")
    assert [flag.state for flag in Ledger(room.home).flags()] == ["erased"]


def test_temporary_answers_end_with_the_process(tmp_path):
    with Room.opened(tmp_path / "home") as room:
        answer = room.answer(temporary=True)
    store = AnswerStore(tmp_path / "home" / "history.sqlite")
    assert store.get(answer.id) is None
    store.close()


def test_too_old_temporary_answers_go(room):
    kept = TemporaryAnswers()
    old = room.answer(created_at=now() - LONGEST - timedelta(minutes=1))
    new = room.answer()
    kept.put(old)
    kept.put(new)
    assert kept.get(old.id) is None
    assert kept.get(new.id) == new

"""Decisions are added, count for what they were made on, and are told to the author."""

import threading

import pytest

from feedback.duplicates import clusters
from feedback.progress import Progress
from feedback.reviews import Reviews
from feedback.show import printable
from tests.feedback_room import Room


@pytest.fixture
def room(tmp_path):
    with Room.opened(tmp_path / "home") as opened:
        yield opened


def events(room, receipt):
    return [
        (event["state"], event.get("name") or event.get("why", ""))
        for event in room.flags.status(receipt.flag_id)["history"]
    ]


@pytest.mark.parametrize(
    ("decision", "state"),
    [("approve", "approved"), ("reject", "rejected"), ("quarantine", "quarantined")],
)
def test_a_decision_is_told_with_its_reason(room, decision, state):
    receipt = room.flag(room.answer())
    room.decide(decision, receipt, note="Because.")
    assert room.state(receipt) == state
    assert events(room, receipt) == [("received", ""), (state, "Because.")]


def test_the_newest_decision_counts(room):
    receipt = room.flag(room.answer())
    room.decide("approve", receipt)
    room.decide("reject", receipt, note="On second thought.")
    assert room.state(receipt) == "rejected"


def test_a_flag_that_changes_waits_for_a_new_decision(room):
    answer = room.answer()
    receipt = room.flag(answer)
    room.decide("approve", receipt)
    room.flag(answer, comment="And another thing.")
    assert room.state(receipt) == "received"


def test_a_decided_flag_that_is_sent_again_unchanged_stays_decided(room):
    answer = room.answer()
    receipt = room.flag(answer)
    room.decide("approve", receipt)
    assert room.flag(answer).state == "approved"


def test_a_flags_whole_way_is_told(room):
    receipt = room.flag(room.answer())
    room.approve(receipt)
    progress = Progress(room.home)
    for stage, name in (("dataset", "d1"), ("run", "r1"), ("release", "ink-1")):
        progress.mark([receipt.flag_id], stage, name)
    assert room.state(receipt) == "shipped"
    assert events(room, receipt) == [
        ("received", ""),
        ("approved", ""),
        ("in_dataset", "d1"),
        ("in_run", "r1"),
        ("shipped", "ink-1"),
    ]


def test_marking_twice_changes_nothing(room):
    receipt = room.flag(room.answer())
    room.approve(receipt)
    for _ in range(2):
        Progress(room.home).mark([receipt.flag_id], "run", "r1")
    assert [name for _, name in events(room, receipt)].count("r1") == 1


def test_a_withdrawn_flag_is_withdrawn_whatever_was_decided(room):
    receipt = room.flag(room.answer())
    room.approve(receipt)
    room.flags.withdraw(receipt.flag_id, receipt.receipt)
    assert room.state(receipt) == "withdrawn"


def test_many_reviewers_decide_at_once(room):
    receipts = [room.complain(f"p{n}", f"Question {n}?") for n in range(24)]
    threads = [
        threading.Thread(target=lambda part=receipts[n::8]: room.approve(*part)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {room.state(receipt) for receipt in receipts} == {"approved"}
    assert sum(map(len, Reviews(room.home).decisions().values())) == 24


def test_near_duplicates_are_found():
    story = "the fox ran over the hill and into the dark wood where nobody had ever been before"
    texts = [
        story,
        "something else entirely",
        story.upper() + "  ",
        story.replace("dark", "dim"),
        story.replace("hill", "sea").replace("wood", "cave").replace("nobody", "she"),
        "Something  ELSE entirely",
        "short",
        "",
    ]
    assert clusters(texts) == [0, 1, 0, 3, 4, 1, 6, 7]
    long = " ".join(f"word{n}" for n in range(100))
    assert clusters([long, long.replace("word50", "other")]) == [0, 0]


def test_no_escape_sequence_reaches_a_terminal():
    assert printable("a\x1b[2Jb\x9b1mc\u202ed\ne\tf") == "a�[2Jb�1mc�d\ne\tf"

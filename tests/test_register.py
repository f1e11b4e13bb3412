"""Flags are found by what is known about them, and near-duplicates are decided about together."""

import json
import threading

import pytest

from feedback.curate import build
from feedback.groups import decide_group, group_of, groups
from feedback.outbox import outbox_files
from feedback.register import Register, Wanted
from feedback.reviewers import COST, Reviewers
from feedback.suspicions import suspicions
from shared.cli import run
from shared.errors import NotFound
from tests.feedback_room import Room

STORY = "the fox ran over the hill and into the dark wood where nobody had ever been before us"


@pytest.fixture
def room(home_of_its_own):
    with Room.opened(home_of_its_own) as opened:
        yield opened


@pytest.fixture
def found(room):
    """Ids of the flags that are found."""
    register = Register(room.home)

    def look(**wanted):
        return [entry.flag_id for entry in register.find(Wanted(**wanted), limit=1000)]

    return look


def ids(*receipts):
    return [receipt.flag_id for receipt in receipts]


def test_flags_are_found_by_what_is_known_about_them(room, found):
    plain = room.flag(room.answer(), reasons=["style"])
    code = room.flag(room.answer("bob", app="code"), "up", owner="bob", severity="major")
    assert found() == ids(plain, code)
    for wanted in ({"app": "code"}, {"verdict": "up"}, {"severity": "major"}):
        assert found(**wanted) == ids(code)
    assert found(reason="style") == ids(plain)
    assert found(reason="style", app="code") == []


def test_what_happens_later_is_noticed(room, found):
    answer = room.answer()
    first, second = room.flag(answer), room.complain("bob", "What?", reasons=["misunderstood"])
    assert found(state="received") == ids(first, second)
    room.decide("reject", first)
    room.approve(second)
    assert (found(state="rejected"), found(state="approved")) == (ids(first), ids(second))
    build(room.home)
    assert found(state="in_dataset") == ids(second)
    room.flag(answer, comment="And another thing.")
    assert found(state="received") == ids(first)
    room.flags.withdraw(first.flag_id, first.receipt)
    room.flags.erase(second.flag_id, second.receipt)
    assert found() == []


def test_pages_follow_each_other(room):
    receipts = [room.flag(room.answer()) for _ in range(7)]
    register = Register(room.home)
    seen, after = [], ""
    while page := register.find(Wanted(), after=after, limit=3):
        seen += [entry.flag_id for entry in page]
        after = seen[-1]
    assert seen == ids(*receipts)
    assert register.count(Wanted()) == 7
    assert list(register.ids(Wanted())) == seen


def test_no_word_of_a_flag_is_in_the_register(room, found):
    room.flag(room.answer(text="Zeppelins!", question="Zeppelins?"), comment="Zeppelins.")
    found()
    assert b"eppelin" not in (room.home.feedback / "register.sqlite").read_bytes()


def test_a_register_of_another_version_is_made_anew(room, found, monkeypatch):
    receipt = room.flag(room.answer())
    assert found() == ids(receipt)
    monkeypatch.setattr("feedback.register_file.VERSION", 99)
    assert found() == ids(receipt)


def test_expired_flags_are_not_found(tmp_path):
    with Room.opened(tmp_path / "home", keep_days=1) as room:
        room.flag(room.answer(), consent_train=False)
        assert Register(room.home).count(Wanted()) == 1
        room.flags._keep *= -1
        room.flags.sweep()
        assert Register(room.home).count(Wanted()) == 0


def test_several_may_look_while_others_flag(room):
    answers = [room.answer() for _ in range(20)]
    counts = []

    def look():
        counts.extend(Register(room.home).count(Wanted()) for _ in range(5))

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for answer in answers:
        room.flag(answer)
    for thread in threads:
        thread.join()
    assert Register(room.home).count(Wanted()) == 20
    assert max(counts) <= 20


def test_a_second_persons_word_is_noticed_for_the_first(room, found, monkeypatch):
    monkeypatch.setitem(COST, "n", 16)
    for name in ("grace", "alan"):
        Reviewers(room.home).add(name, "a long password")
    first = room.flag(room.answer(), reasons=["incorrect"])
    room.decide("approve", first, by="grace")
    assert found(waits="second") == ids(first)
    assert found(state="received", not_by="grace") == []
    room.flag(room.answer("bob"), owner="bob", reasons=["incorrect"])
    assert found(state="approved") == ids(first)


def test_near_duplicates_are_one_group(room):
    # Texts that differ in one word of many.
    same = [room.complain(f"p{n}", f"{STORY} {STORY} {n}") for n in range(3)]
    room.complain("bob", "Something else entirely?")
    (group,) = groups(room.home)
    assert (list(group.flag_ids), group.people) == (ids(*same), 3)
    assert group_of(room.home, same[2].flag_id) == group
    with pytest.raises(NotFound):
        group_of(room.home, "unknown")


def test_one_decision_is_made_about_a_group_as_it_was_seen(room):
    answers = [room.answer(f"p{n}", STORY) for n in range(3)]
    receipts = [room.flag(answer, owner=f"p{n}") for n, answer in enumerate(answers)]
    group = group_of(room.home, receipts[0].flag_id)
    room.flag(answers[1], owner="p1", comment="I mean something else now.")
    room.flags.withdraw(receipts[2].flag_id, receipts[2].receipt)
    done, left_out = decide_group(room.home, group, "quarantine", by="grace", why="Spam.")
    assert ([one.flag_id for one in done], left_out) == (ids(receipts[0]), 2)
    assert room.state(receipts[0]) == "quarantined"
    assert room.state(receipts[1]) == "received"


def test_groups_are_listed_and_decided_by_command(room, capsys):
    receipts = [room.flag(room.answer(f"p{n}", STORY), owner=f"p{n}") for n in range(2)]
    assert run(["flags", "groups", "--json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)
    assert group["flags"] == ids(*receipts)
    assert run(["flags", "groups", "--decide", receipts[1].flag_id]) == 2
    decide = ["--decide", receipts[1].flag_id, "--as", "reject", "--by", "grace"]
    assert run(["flags", "groups", *decide]) == 0
    assert {room.state(receipt) for receipt in receipts} == {"rejected"}
    assert len(outbox_files(room.home.feedback)) == 1


def test_patterns_among_waiting_flags_are_named(room, capsys):
    crowd = [room.flag(room.answer(f"p{n}", "One question?"), owner=f"p{n}") for n in range(11)]
    busy = [room.flag(room.answer("mallory", f"Question {n}?"), owner="mallory") for n in range(21)]
    found = {one.pattern: one for one in suspicions(room.home)}
    assert found.keys() == {"one person", "one question"}
    assert (found["one question"].flags, found["one question"].people) == (11, 11)
    assert (found["one person"].flags, found["one person"].first) == (21, busy[0].flag_id)
    assert run(["flags", "suspicions"]) == 0
    assert "one person" in capsys.readouterr().out
    for one in found.values():
        wanted = [entry.flag_id for entry in Register(room.home).find(one.wanted, limit=100)]
        assert (len(wanted), wanted[0]) == (one.flags, one.first)
    room.decide("reject", *crowd)
    assert [one.pattern for one in suspicions(room.home)] == ["one person"]


def test_the_same_words_from_several_people_stand_out(room):
    words = "Zebras are the  answer to everything"
    copies = [
        room.complain(f"p{n}", f"Question {n}?", words if n else words.upper()) for n in range(5)
    ]
    room.complain("ada", "Question?", "These words nobody else has written.")
    (found,) = suspicions(room.home)
    assert (found.pattern, found.flags, found.people) == ("copied text", 5, 5)
    assert [one.flag_id for one in Register(room.home).find(found.wanted)] == ids(*copies)


def test_very_many_flags_at_once_stand_out(room):
    # Should they fall into two spans of ten minutes, one of these still has more than fifty.
    crowd = [room.flag(room.answer(f"p{n}", f"Thing {n}?"), owner=f"p{n}") for n in range(101)]
    one = next(one for one in suspicions(room.home) if one.pattern == "burst")
    found = [entry.flag_id for entry in Register(room.home).find(one.wanted, limit=200)]
    assert one.people == one.flags == len(found) > 50
    assert set(found) <= set(ids(*crowd))

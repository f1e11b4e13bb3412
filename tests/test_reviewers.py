"""Reviewers by name, second opinions, agreement, and a second look at what was decided."""

import io
import json
from datetime import timedelta

import pytest

from feedback import audit, reviewing
from feedback.agreement import alpha, among_reviewers
from feedback.curate import build
from feedback.records import now
from feedback.reviewers import COST, Reviewers
from shared.cli import run
from shared.errors import BadRequest, GateRefused, NotFound
from tests.feedback_room import Room

PASSWORD = "correct horse battery"


@pytest.fixture
def room(home_of_its_own):
    with Room.opened(home_of_its_own) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch):
    """Hashing is meant to be slow; not here."""
    monkeypatch.setitem(COST, "n", 16)


@pytest.fixture
def two_reviewers(room):
    reviewers = Reviewers(room.home)
    for name in ("grace", "alan"):
        reviewers.add(name, PASSWORD)
    return reviewers


@pytest.fixture
def inkloop(capsys, monkeypatch):
    def command(*arguments, typed=""):
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = run(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def test_reviewers_are_added_listed_and_removed(inkloop):
    assert inkloop("reviewers", "add", "Grace", typed=f"{PASSWORD}\n")[0] == 0
    code, out, _ = inkloop("reviewers", "list", "--json")
    assert (code, [row["name"] for row in json.loads(out)]) == (0, ["Grace"])
    assert PASSWORD not in out
    assert inkloop("reviewers", "remove", "grace")[0] == 0
    assert inkloop("reviewers", "remove", "grace")[0] == 2


@pytest.mark.parametrize(
    ("name", "typed"), [("", PASSWORD), ("a b", PASSWORD), ("admin", PASSWORD), ("ada", "short")]
)
def test_what_cannot_be_a_reviewer_is_refused_in_a_sentence(inkloop, name, typed):
    code, _, complaint = inkloop("reviewers", "add", name, typed=typed)
    assert code == 2
    assert "Traceback" not in complaint


def test_a_password_opens_one_name_and_is_stored_nowhere(room):
    reviewers = Reviewers(room.home)
    reviewers.add("Grace", PASSWORD)
    assert reviewers.check(" grace ", PASSWORD) == "Grace"
    assert reviewers.check("grace", PASSWORD + "!") is None
    assert reviewers.check("alan", PASSWORD) is None
    assert reviewers.check("\ud800", "\ud800") is None
    files = [path.read_bytes() for path in room.home.root.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in data for data in files)


def test_the_password_setting_makes_the_first_reviewer(room):
    reviewers = Reviewers(room.home)
    reviewers.set_first(PASSWORD)
    assert reviewers.check("admin", PASSWORD) == "admin"
    with pytest.raises(BadRequest, match="INKLOOP_ADMIN_PASSWORD"):
        reviewers.remove("admin")
    reviewers.set_first("another password")
    assert reviewers.check("admin", PASSWORD) is None
    reviewers.set_first("")
    assert reviewers.names() == []


def test_with_one_reviewer_one_opinion_is_enough(room):
    Reviewers(room.home).add("grace", PASSWORD)
    receipt = room.flag(room.answer(), reasons=["unsafe"])
    room.decide("approve", receipt, by="grace")
    assert room.state(receipt) == "approved"


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ({"reasons": ["misunderstood"]}, ""),
        ({"reasons": ["misunderstood"], "severity": "critical"}, "second"),
        ({"reasons": ["unsafe"]}, "second"),
        ({"reasons": ["incorrect"]}, "second"),
        ({"reasons": ["style"]}, "second"),
    ],
)
def test_safety_and_one_persons_word_need_a_second_opinion(room, two_reviewers, said, waits):
    receipt = room.flag(room.answer(), **said)
    room.decide("approve", receipt, by="grace")
    assert room.newest(receipt).waits == waits
    room.decide("approve", receipt, by="grace")
    assert room.newest(receipt).waits == waits
    room.decide("approve", receipt, by="alan")
    assert room.state(receipt) == "approved"


def test_what_was_decided_alone_stays_decided(room):
    Reviewers(room.home).add("grace", PASSWORD)
    receipt = room.flag(room.answer(), reasons=["unsafe"])
    room.decide("approve", receipt, by="grace", at=now() - timedelta(seconds=1))
    Reviewers(room.home).add("alan", PASSWORD)
    assert room.state(receipt) == "approved"


def test_what_two_people_say_needs_one_reviewer(room, two_reviewers):
    first, second = (
        room.flag(room.answer(owner), owner=owner, reasons=["incorrect"])
        for owner in ("ada", "bob")
    )
    room.decide("approve", first, second, by="grace")
    assert (room.state(first), room.state(second)) == ("approved", "approved")


def test_a_flag_without_its_second_opinion_is_not_trained_on(room, two_reviewers):
    receipt = room.complain("ada", "What is a quokka?", reasons=["incorrect"])
    room.decide("approve", receipt, by="grace")
    with pytest.raises(GateRefused, match="waiting for review"):
        build(room.home)
    assert room.state(receipt) == "received"
    room.decide("approve", receipt, by="alan")
    assert build(room.home).flag_ids == (receipt.flag_id,)


def test_rejecting_needs_one_and_a_disagreement_a_third(room, two_reviewers):
    receipt = room.flag(room.answer(), reasons=["unsafe"])
    room.decide("reject", receipt, by="grace", note="No.")
    assert room.state(receipt) == "rejected"
    room.decide("approve", receipt, by="alan")
    assert room.newest(receipt).waits == "tie"
    room.decide("approve", receipt, by="mary")
    assert room.state(receipt) == "approved"


def test_of_two_approvals_the_edited_correction_counts(room, two_reviewers):
    receipt = room.complain("ada", "What is a quokka?", reasons=["incorrect"])
    room.decide("edit", receipt, by="grace", correction="A small wallaby.")
    room.decide("approve", receipt, by="alan")
    assert room.newest(receipt).decision.correction == "A small wallaby."


def test_a_first_opinion_is_not_told_to_the_author(room, two_reviewers):
    receipt = room.flag(room.answer(), reasons=["unsafe"])
    room.decide("approve", receipt, by="grace", note="Fine by me.")
    assert [event.state for event in room.newest(receipt).history] == ["received"]
    room.decide("approve", receipt, by="alan")
    assert [event.state for event in room.newest(receipt).history] == ["received", "approved"]


def test_a_reviewer_is_not_asked_twice(room, two_reviewers):
    receipt = room.flag(room.answer(), reasons=["unsafe"])
    room.decide("approve", receipt, by="grace")
    assert reviewing.waiting(room.home, by="grace") == []
    assert [flag.id for flag in reviewing.waiting(room.home, by="alan")] == [receipt.flag_id]


def test_alpha_is_that_of_the_textbook():
    # Krippendorff (2011), example C: four observers, twelve units, nominal data: 0.743.
    observers = ("123321412   ", "1233224125 3", " 3332342251 ", "12332441251 ")
    values = [[row[place] for row in observers if row[place] != " "] for place in range(12)]
    assert alpha(values) == pytest.approx(0.743, abs=0.001)


def test_alpha_needs_two_categories():
    assert alpha([["approve", "approve"]]) is None
    assert alpha([["approve", "reject"]]) == 0


def test_agreement_counts_flags_that_several_judged(room, two_reviewers):
    receipts = [room.flag(room.answer(), reasons=["unsafe"]) for _ in range(3)]
    room.decide("approve", *receipts[:2], by="grace")
    room.decide("edit", receipts[0], by="alan", correction="Better.")
    room.decide("reject", receipts[1], by="alan")
    found = among_reviewers(room.home)
    assert (found.flags, found.agreed, found.disagreed) == (2, 1, (receipts[1].flag_id,))


def test_a_second_look_is_drawn_by_seed_and_changes_nothing(room, two_reviewers):
    receipts = [room.flag(room.answer(), reasons=["misunderstood"]) for _ in range(6)]
    room.decide("approve", *receipts, by="grace")
    drawn = audit.draw(room.home, size=4, seed=7)
    assert len(drawn) == 4
    assert set(drawn).isdisjoint(audit.draw(room.home, size=9, seed=7))
    waiting = audit.waiting(room.home, by="alan")
    assert set(drawn) <= {flag.id for flag in waiting}
    audit.judge(room.home, drawn[0], "approve", by="alan")
    audit.judge(room.home, drawn[1], "reject", by="alan")
    found = audit.quality(room.home)
    assert (found.flags, found.agreed, found.disagreed) == (2, 1, (drawn[1],))
    assert {room.state(receipt) for receipt in receipts} == {"approved"}
    with pytest.raises(NotFound):
        audit.judge(room.home, drawn[0], "approve", by="grace")


def test_somebody_elses_decisions_are_looked_at_first(room):
    receipts = [room.flag(room.answer()) for _ in range(4)]
    room.decide("approve", *receipts[:2], by="grace")
    room.decide("approve", *receipts[2:], by="alan")
    audit.draw(room.home, size=4)
    theirs = {receipt.flag_id for receipt in receipts[:2]}
    assert {flag.id for flag in audit.waiting(room.home, by="alan")[:2]} == theirs


def test_a_flag_that_changed_is_not_looked_at_again(room):
    answer = room.answer()
    room.decide("approve", room.flag(answer))
    audit.draw(room.home, size=1)
    room.flag(answer, comment="And another thing.")
    assert audit.waiting(room.home, by="alan") == []


def test_the_figures_are_printed(room, two_reviewers, inkloop):
    receipt = room.flag(room.answer(), reasons=["unsafe"])
    for name in ("grace", "alan"):
        code, out, _ = inkloop("flags", "review", "--approve", receipt.flag_id, "--by", name)
        assert code == 0
        assert ("second opinion" in out) == (name == "grace")
    code, out, _ = inkloop("flags", "audit", "--draw", "5", "--json")
    assert (code, json.loads(out)["drawn"]) == (0, [receipt.flag_id])
    code, out, _ = inkloop("flags", "agreement")
    assert code == 0
    assert "1 of 1 judged alike" in out

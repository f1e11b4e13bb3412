"""A flag that was acknowledged is kept, once, and belongs to whoever sent it."""

import hashlib
import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from feedback.drafts import make_draft
from feedback.outbox import knows_receipt, outbox_files
from feedback.records import MAX_COMMENT, MAX_CORRECTION, Consent, now
from feedback.reviews import Reviews, stamp
from shared import metrics
from shared.errors import BadRequest, InkloopError, NotFound, RateLimited
from tests.feedback_room import Room

ROOT = Path(__file__).parent.parent
ROUNDS = 10


@pytest.fixture
def room(tmp_path):
    with Room.opened(tmp_path / "home") as opened:
        yield opened


def counted(app, verdict):
    return metrics.registry.get_sample_value(
        "inkloop_flags_total", {"app": app, "verdict": verdict}
    )


def test_a_flag_is_acknowledged_with_a_receipt(room):
    receipt = room.flag(room.answer(), reasons=["incorrect"], comment="No.")
    assert receipt.state == "received"
    assert len(receipt.receipt) >= 20
    record = room.newest(receipt).record
    assert (record.verdict, record.categories, record.comment) == ("down", ("incorrect",), "No.")
    assert record.answer == "A kind of cheese."
    assert record.model.file_sha256 == "f" * 64


def test_the_receipts_secret_is_not_stored(room):
    receipt = room.flag(room.answer())
    stored = b"".join(p.read_bytes() for p in room.home.feedback.iterdir() if p.is_file())
    assert receipt.flag_id.encode() in stored
    assert receipt.receipt.encode() not in stored


def test_sending_again_revises_the_one_flag(room):
    answer = room.answer()
    first = room.flag(answer)
    second = room.flag(answer, reasons=["incorrect"], correction="A small marsupial.")
    assert first.flag_id == second.flag_id
    assert len(room.ledger.flags()) == 1
    assert [row.revision for row in room.newest(first).rows] == [1, 2]
    assert room.newest(first).record.correction == "A small marsupial."


def test_every_receipt_of_a_flag_stays_good(room):
    answer = room.answer()
    first, second = room.flag(answer), room.flag(answer, "up")
    assert first.receipt != second.receipt
    for receipt in (first, second):
        assert room.flags.withdraw(receipt.flag_id, receipt.receipt)["state"] == "withdrawn"


def test_saying_the_same_again_adds_no_revision(room):
    answer = room.answer()
    receipt = room.flag(answer, comment="No.")
    assert room.flag(answer, comment="No.").flag_id == receipt.flag_id
    assert len(room.newest(receipt).rows) == 1


def test_two_callers_without_a_cookie_revise_the_same_flag(room):
    answer = room.answer(owner="")
    first = room.flag(answer, owner="")
    assert room.flag(answer, "up", owner="session:x1").flag_id == first.flag_id


def test_nobody_flags_somebody_elses_answer(room):
    with pytest.raises(NotFound, match="no answer"):
        room.flag(room.answer(owner="ada"), owner="bob")


def test_a_caller_without_a_cookie_may_flag_what_was_asked_without_one(room):
    assert room.flag(room.answer(owner=""), owner="session:abc").state == "received"


def test_a_caller_without_a_cookie_never_speaks_for_somebody_who_has_one(room):
    with pytest.raises(NotFound, match="no answer"):
        room.flag(room.answer(owner="ada"), owner="session:abc")


def test_an_unknown_answer_is_not_found(room):
    with pytest.raises(NotFound, match="'nothing'"):
        room.flags.submit(make_draft("nothing", "up"), owner="ada")


def test_an_unknown_reason_names_the_nearest(room):
    with pytest.raises(BadRequest, match="Did you mean “incorrect”"):
        room.flag(room.answer(), reasons=["incorect"])
    assert room.ledger.flags() == []


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("comment", "x" * (MAX_COMMENT + 1), r"`comment` has 4,001 characters; the limit is 4,000"),
        ("correction", "x" * (MAX_CORRECTION + 1), r"the limit is 20,000"),
        ("comment", "x" * 1_000_000, "limit"),
        ("comment", 7, "is not a text"),
        ("severity", "awful", "minor, major, critical"),
        ("reasons", "incorrect", "list of keys"),
        ("reasons", [f"r{n}" for n in range(30)], "too many"),
        ("consent_train", "false", "true or false"),
        ("over", "x", "compares two answers"),
    ],
)
def test_a_bad_field_is_named(field, value, says):
    with pytest.raises(BadRequest, match=says):
        make_draft("id", "down", **{field: value})


def test_a_wrong_verdict_names_the_right_ones():
    with pytest.raises(BadRequest, match="“up” or “down”"):
        make_draft("id", "meh")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|'/C calc'!A0",
        "-2",
        "@SUM(A1)",
        "\u202emalicious\u202c",
        "a\r\nb\tc\x1b[31m",
        "'; DROP TABLE flag; --",
        "<script>alert(1)</script>",
        "{{7*7}} ${7*7} %s %n",
        "🦘" * 1000,
        "שלום\u200f",
    ],
)
def test_hostile_text_is_kept_as_it_is(room, text):
    receipt = room.flag(room.answer(), comment=text, correction=text)
    record = room.newest(receipt).record
    assert (record.comment, record.correction) == (text, text)


def test_what_cannot_be_stored_is_replaced(room):
    receipt = room.flag(room.answer(), comment="a\0b\ud800c")
    assert room.newest(receipt).record.comment.replace("�", "") == "abc"


def test_an_unchanged_correction_is_none(room):
    receipt = room.flag(room.answer(text="Same."), correction=" Same.\n")
    assert room.newest(receipt).record.correction == ""


def test_secrets_never_reach_the_disk(room):
    answer = room.answer(question="I am jane.doe@example.com", text="Call +49 151 12345678.")
    receipt = room.flag(answer, comment="my mail: jane.doe@example.com", correction="x@y.org")
    record = room.newest(receipt).record
    assert record.prompt[0].content == "I am [mail]"
    assert record.answer == "Call [phone]."
    assert (record.comment, record.correction) == ("my mail: [mail]", "[mail]")
    assert record.redaction.counts == {"mail": 3, "phone": 1}
    outbox = b"".join(path.read_bytes() for path in room.home.feedback.glob("outbox-*"))
    assert b"jane.doe" not in outbox


def test_the_preview_is_what_is_stored(room):
    answer = room.answer(question="Mail a@b.org?")
    draft = make_draft(answer.id, "down", reasons=["style"], comment="c@d.org", consent_train=True)
    shown = room.flags.preview(draft, owner="ada")
    assert room.ledger.flags() == []
    receipt = room.flags.submit(draft, owner="ada")
    stored = json.loads(room.newest(receipt).rows[0].payload)
    for one in (shown, stored):
        del one["id"], one["created_at"], one["consent"]["at"]
    assert shown == stored
    assert shown["comment"] == "[mail]"


def test_one_person_is_one_session_and_has_no_name(room):
    mine = [room.complain("ada", f"Question {n}?") for n in range(2)]
    other = room.complain("bob", "Question?")
    sessions = [room.newest(receipt).record.session for receipt in (*mine, other)]
    assert sessions[0] == sessions[1] != sessions[2]
    assert all(re.fullmatch("[0-9a-f]{16}", session) for session in sessions)


def test_more_than_sixty_flags_in_a_minute_are_refused(room):
    answer = room.answer()
    for number in range(60):
        room.flag(answer, comment=str(number))
    with pytest.raises(RateLimited, match="more than 60"):
        room.flag(answer, comment="one more")
    assert room.flag(room.answer("bob"), owner="bob").state == "received"


def test_of_two_answers_one_can_be_preferred(room):
    lost, won = room.answer(text="Bad."), room.answer(text="Good.")
    receipt = room.flag(won, "prefer", over=lost.id)
    record = room.newest(receipt).record
    assert (record.answer, record.alternative) == ("Good.", "Bad.")


def test_answers_to_different_questions_are_not_compared(room):
    with pytest.raises(BadRequest, match="same question"):
        room.flag(room.answer(), "prefer", over=room.answer(question="Else?").id)


def test_a_person_sees_what_they_said_before(room):
    answer = room.answer()
    assert room.flags.said(answer.id, owner="ada") is None
    receipt = room.flag(answer, reasons=["style"], comment="Mine: a@b.org", consent_publish=True)
    said = room.flags.said(answer.id, owner="ada")
    assert (said.verdict, said.reasons, said.comment) == ("down", ("style",), "Mine: [mail]")
    assert said.consent == Consent(train=True, publish=True)
    with pytest.raises(NotFound):
        room.flags.said(answer.id, owner="bob")
    room.flags.withdraw(receipt.flag_id, receipt.receipt)
    assert room.flags.said(answer.id, owner="ada") is None


def test_a_withdrawn_flag_can_be_sent_again(room):
    answer = room.answer()
    receipt = room.flag(answer)
    room.flags.withdraw(receipt.flag_id, receipt.receipt)
    assert room.newest(receipt).record is None
    assert room.flag(answer).state == "received"
    states = [event["state"] for event in room.flags.status(receipt.flag_id)["history"]]
    assert states == ["received", "withdrawn", "received"]


def test_a_wrong_receipt_changes_nothing(room):
    receipt, other = room.flag(room.answer()), room.flag(room.answer())
    for wrong in ("", "guess", other.receipt, "\ud800"):
        with pytest.raises(NotFound, match="this receipt"):
            room.flags.withdraw(receipt.flag_id, wrong)
        with pytest.raises(NotFound, match="this receipt"):
            room.flags.erase(receipt.flag_id, wrong)
    assert room.state(receipt) == "received"


def test_an_erased_flag_is_nowhere_on_disk(room):
    answer = room.answer(text="An unmistakable sentence about zeppelins.")
    receipt = room.flag(answer, comment="zeppelins!")
    room.decide("edit", receipt, correction="More zeppelins.")
    assert room.flags.erase(receipt.flag_id, receipt.receipt)["state"] == "erased"
    assert room.answers.get(answer.id) is None
    files = [path for path in room.home.root.rglob("*") if path.is_file()]
    assert [path for path in files if b"zeppelins" in path.read_bytes()] == []


def test_erasing_twice_says_the_same(room):
    receipt = room.flag(room.answer())
    first = room.flags.erase(receipt.flag_id, receipt.receipt)
    assert room.flags.erase(receipt.flag_id, receipt.receipt) == first


def test_a_flag_erased_by_a_command_is_emptied_by_the_server(room):
    answer = room.answer()
    receipt = room.flag(answer)
    Reviews(room.home).bury([receipt.flag_id], by="operator")
    assert room.state(receipt) == "erased"
    with pytest.raises(NotFound, match="erased"):
        room.flag(answer, "up")
    room.flags.sweep()
    assert room.answers.get(answer.id) is None
    assert room.newest(receipt).rows[0].payload is None


def test_flags_without_consent_expire(tmp_path):
    with Room.opened(tmp_path / "home", keep_days=3) as room:
        private = room.flag(room.answer(), consent_train=False)
        shared = room.flag(room.answer())
        (outbox,) = outbox_files(room.home.feedback)
        old = stamp(now() - timedelta(days=4))
        with sqlite3.connect(outbox) as db:
            db.execute("UPDATE revision SET created_at=?", (old,))
        room.flags.sweep()
        with pytest.raises(NotFound, match="kept for a while"):
            room.flags.status(private.flag_id)
        assert room.state(shared) == "received"


def test_status_tells_no_text(room):
    receipt = room.flag(room.answer(), comment="my private comment")
    assert "private" not in json.dumps(room.flags.status(receipt.flag_id))


def test_an_unknown_flag_is_not_found(room):
    with pytest.raises(NotFound, match="no flag 'x'"):
        room.flags.status("x")


def test_flags_are_counted_once_for_the_metrics(room):
    before = counted("poetry", "down") or 0
    answer = room.answer(app="poetry")
    room.flag(answer)
    room.flag(answer, reasons=["meter"])
    room.flag(room.answer(), consent_train=False)
    assert counted("poetry", "down") == before + 1
    assert metrics.registry.get_sample_value("inkloop_flags_unpushed") == 1


def test_a_restart_takes_up_the_same_outbox(tmp_path):
    with Room.opened(tmp_path / "home") as room:
        answer = room.answer()
        receipt = room.flag(answer)
    with Room.opened(tmp_path / "home") as room:
        assert room.flag(answer, "up").flag_id == receipt.flag_id
        assert len(outbox_files(room.home.feedback)) == 1


def test_two_processes_share_a_home(tmp_path):
    with Room.opened(tmp_path / "home") as one, Room.opened(tmp_path / "home") as other:
        answer = one.answer()
        one.answers.flush()
        first = one.flag(answer)
        second = other.flag(answer, "up")
        assert first.flag_id == second.flag_id
        assert len(outbox_files(one.home.feedback)) == 2
        assert [row.revision for row in one.newest(first).rows] == [1, 2]
        assert one.newest(first).record.verdict == "up"
        assert one.flags.withdraw(first.flag_id, second.receipt)["state"] == "withdrawn"


def test_eight_threads_flag_at_once(room):
    receipts, problems = [], []

    def work(who):
        try:
            for number in range(40):
                answer = room.answer(who, f"{who} {number}")
                receipts.append(room.flag(answer, owner=who))
                if number % 8 == 0:
                    receipts.append(room.flag(answer, "up", owner=who))
        except InkloopError as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(f"person {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    flags = room.ledger.flags()
    assert len(receipts) == 360
    assert {receipt.flag_id for receipt in receipts} == {flag.id for flag in flags}
    assert len(flags) == 320


def test_one_answer_flagged_by_eight_threads_is_one_flag(room):
    answer = room.answer()
    start = threading.Barrier(8)

    def work(number):
        start.wait()
        room.flag(answer, comment=str(number))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (flag,) = room.ledger.flags()
    assert [row.revision for row in flag.rows] == list(range(1, 9))


def acknowledged_until_killed(home: Path, chance: random.Random) -> list[list[str]]:
    """Let a writer run, kill it in the middle of its work, and tell what it had acknowledged."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.flag_writer", str(home)], cwd=ROOT, stdout=subprocess.PIPE
    )
    wanted = chance.randrange(1, 120)
    lines = [writer.stdout.readline() for _ in range(wanted)]
    writer.send_signal(signal.SIGKILL)
    lines += writer.stdout.read().splitlines()
    assert writer.wait() == -signal.SIGKILL
    return [line.split() for line in (raw.decode() for raw in lines) if len(line.split()) == 3]


def test_no_acknowledged_flag_is_lost_by_kill_9(tmp_path):
    chance = random.Random(20261120)
    told = [
        ack for _ in range(ROUNDS) for ack in acknowledged_until_killed(tmp_path / "home", chance)
    ]
    with Room.opened(tmp_path / "home") as room:
        flags = room.ledger.flags()
        kept = {flag.id: flag for flag in flags}
        assert len(told) > ROUNDS
        assert [ack for ack in told if ack[1] not in kept] == []
        assert len({(flag.rows[0].owner, flag.rows[0].answer_id) for flag in flags}) == len(flags)
        for owner, flag_id, _ in told:
            assert kept[flag_id].record.correction == f"Better {owner}"
            assert len(kept[flag_id].rows) == 1
        assert knows_receipt(
            room.home.feedback, told[-1][1], hashlib.sha256(told[-1][2].encode()).hexdigest()
        )
        assert len(outbox_files(room.home.feedback)) == 1


def test_an_erasure_that_is_cut_short_still_finds_the_answer(room):
    answer = room.answer(text="An unmistakable sentence about zeppelins.")
    receipt = room.flag(answer)
    Reviews(room.home).bury([receipt.flag_id], by="owner")
    kept = room.answers.erase
    room.answers.erase = lambda _answer_id: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        room.flags.sweep()
    room.answers.erase = kept
    room.flags.sweep()
    assert room.answers.get(answer.id) is None


@pytest.mark.parametrize("flag_id", ["\ud800", "a\0b", ""])
def test_an_id_that_no_file_can_hold_is_not_found(room, flag_id):
    for ask in (
        room.flags.status,
        lambda one: room.flags.erase(one, "secret"),
        lambda one: room.flags.withdraw(one, "\udfff"),
    ):
        with pytest.raises(NotFound) as refused:
            ask(flag_id)
        str(refused.value).encode()

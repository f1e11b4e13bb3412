"""Feedback that Open WebUI exported becomes flags: with origin, unreviewed, without consent."""

import json

import pytest

from feedback.curate import build
from feedback.ledger import Ledger
from feedback.shards import record_row, row_record
from shared.cli import run
from shared.errors import GateRefused
from tests.feedback_room import Room


@pytest.fixture
def room(home_of_its_own):
    with Room.opened(home_of_its_own) as opened:
        yield opened


def message(name, parent, role, content, **more):
    return {
        "id": name,
        "parentId": parent,
        "childrenIds": [],
        "role": role,
        "content": content,
        **more,
    }


CHAT = [
    message("q1", None, "user", "What is a quokka? Write to ada@example.org."),
    message("a1", "q1", "assistant", "A kind of cheese.", model="llama3.2:1b"),
    message("b1", "q1", "assistant", "A small marsupial.", model="qwen2.5:0.5b"),
    message("q2", "a1", "user", "Are you sure?"),
    message("a2", "q2", "assistant", "Yes.", model="llama3.2:1b"),
]


def rating(number=1, about="a1", thumb=-1, **more):
    """One row of an export, with what the real ones carry besides."""
    data = {
        "rating": thumb,
        "model_id": "llama3.2:1b",
        "sibling_model_ids": None,
        "reason": "not_factually_correct",
        "comment": "No!",
        "tags": ["animals"],
        "details": {"rating": 2},
    } | more.pop("data", {})
    meta = {"arena": False, "chat_id": "c", "message_id": about, "message_index": 2, "tags": []}
    history = {
        "messages": {row["id"]: row for row in more.pop("messages", CHAT)},
        "currentId": about,
    }
    chat = {"id": "c", "user_id": "u", "title": "t", "chat": {"history": history, "messages": []}}
    return {"id": f"f{number}", "user_id": "u", "version": 0, "type": "rating", "data": data,
            "meta": meta | more.pop("meta", {}), "snapshot": {"chat": chat},
            "created_at": 1714564800, "updated_at": 1714564800} | more  # fmt: skip


@pytest.fixture
def imported(room, tmp_path, capsys):
    def take(rows, *options):
        path = tmp_path / "feedback-history-export.json"
        path.write_text(rows if isinstance(rows, str) else json.dumps(rows))
        capsys.readouterr()
        code = run(["flags", "import", str(path), "--json", *options])
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if code == 0 else printed.err

    return take


def records(room):
    return [flag.record for flag in Ledger(room.home).flags()]


def test_a_rating_becomes_a_flag_with_its_origin(room, imported):
    assert imported([rating(about="a2", thumb="-1")]) == (
        0,
        {"flags": 1, "added": 1, "left_out": {}},
    )
    (record,) = records(room)
    assert [turn.role for turn in record.messages] == ["user", "assistant", "user", "assistant"]
    assert (record.verdict, record.categories, record.answer) == ("down", ("incorrect",), "Yes.")
    assert record.origin == "Open WebUI, 2024-05-01"
    assert "[mail]" in record.messages[0].content
    assert not record.consent.train


def test_the_same_file_again_adds_nothing_and_a_change_is_a_revision(room, imported):
    imported([rating()])
    assert imported([rating()])[1]["added"] == 0
    imported([rating(data={"comment": "On second thought: no."})])
    (flag,) = Ledger(room.home).flags()
    assert [row.revision for row in flag.rows] == [1, 2]


def test_what_an_arena_compared_is_a_preference(room, imported):
    imported([rating(about="b1", thumb=1, meta={"arena": True}, data={"reason": ""})])
    (record,) = records(room)
    assert (record.verdict, record.alternative) == ("prefer", "A kind of cheese.")


def test_nothing_is_trained_on_without_consent_and_review(room, imported):
    imported([rating(thumb=1, data={"reason": "thorough_explanation"})])
    room_flags = Ledger(room.home).flags()
    run(["flags", "review", "--approve", room_flags[0].id])
    with pytest.raises(GateRefused, match="without consent"):
        build(room.home)
    imported([rating(thumb=1, data={"reason": "thorough_explanation"})], "--consent-train")
    with pytest.raises(GateRefused, match="waiting for review"):
        build(room.home)
    run(["flags", "review", "--approve", room_flags[0].id])
    assert build(room.home).flag_ids == (room_flags[0].id,)


def test_an_erased_one_does_not_come_back(room, imported):
    imported([rating()])
    run(["flags", "erase", Ledger(room.home).flags()[0].id, "--yes"])
    assert imported([rating()])[1]["flags"] == 0
    assert records(room) == [None]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (rating(thumb=0), "no thumb"),
        (rating(about="q1"), "no answer in the copy"),
        (rating(about="gone"), "no answer in the copy"),
        (rating() | {"snapshot": {}}, "no chat in the copy"),
        (rating(data={"comment": "x" * 5000}), "too long"),
        (rating(messages=[message("a1", "a1", "assistant", "Round and round.")]), "a damaged chat"),
        ({"id": "f1"}, "not a rating"),
        ("text", "not a rating"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_flag_is_counted_with_its_reason(imported, row, why):
    code, told = imported([row])
    assert (code, told["flags"], told["left_out"]) == (0, 0, {why: 1})


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[" * 100_000])
def test_another_file_is_refused_in_a_sentence(imported, text):
    code, complaint = imported(text)
    assert code == 2
    assert "Traceback" not in complaint
    assert "Open WebUI" in complaint


def test_the_origin_survives_the_hub(room, imported):
    imported([rating()], "--consent-train")
    (record,) = records(room)
    row = record_row(record, 1)
    assert "origin" not in row
    assert row_record(row) == record

"""Hostile texts come through every door unchanged, or are refused with a sentence."""

import io
import json

import pytest

from feedback.curate import build
from feedback.dataset import DatasetVersion
from feedback.drafts import make_draft, storable
from feedback.ledger import Ledger
from feedback.show import as_text
from shared.cli import run
from shared.errors import BadRequest
from tests.feedback_room import Room

TEXTS = {
    "formula =": "=1+1",
    "formula +": "+SUM(A1)",
    "formula -": "-2+3|cmd",
    "formula @": "@SUM(1)",
    "markup": '<script>alert("1")</script><img src=x onerror=alert(1)>',
    "shell": "${HOME} $(id) `id` %s {0} {{x}}",
    "right to left": "\u202eevil\u202c שלום עולם",
    "separators": "a\r\nb\tc\u2028d\u2029e\x85f\x0bg",
    "control": "bell \x07 and \x1b[31mred\x1b[0m",
    "astral": "🦘\U0001f9ff e\u0301 ﬁ",
    "card": "---\nconfigs: []\n---\n# title",
    "quotes": "\"'`\\ \\n \\u0000",
    "long": "word " * 3_900,
}
CHANGED = {"NUL": "a\0b", "lone surrogate": "a\ud83db", "two alone": "\udc00\ud800"}
"""Kept with “�” in place of what no file can hold."""


@pytest.fixture
def room(home_of_its_own):
    with Room.opened(home_of_its_own) as opened:
        yield opened


@pytest.fixture
def flagged(room):
    """All of them as question, answer, comment and correction; approved."""
    receipts = {}
    for number, (name, text) in enumerate((TEXTS | CHANGED).items()):
        clean = storable(text)
        answer = room.answer(f"p{number}", f"{number} {clean}", text=f"answer {clean}")
        receipts[name] = room.flag(
            answer,
            owner=f"p{number}",
            reasons=["misunderstood"],
            comment=text[:3_900],
            correction=f"correction {text}"[:19_900],
        )
    room.approve(*receipts.values())
    return receipts


def test_they_are_stored_as_they_are(room, flagged):
    for name, text in TEXTS.items():
        record = room.newest(flagged[name]).record
        assert record.comment == text[:3_900]
        assert record.correction == f"correction {text}"[:19_900]
        assert record.answer == f"answer {text}"


def test_what_no_file_can_hold_is_marked_and_the_rest_stays(room, flagged):
    assert room.newest(flagged["NUL"]).record.comment == "a�b"
    assert "�" in room.newest(flagged["lone surrogate"]).record.comment
    assert [
        record.comment.encode() for flag in Ledger(room.home).flags() if (record := flag.record)
    ]


def test_they_are_shown_without_tricks(room, flagged, capsys):
    for receipt in flagged.values():
        shown = as_text(room.newest(receipt))
        assert not any(sign in shown for sign in ("\x1b", "\x07", "\u202e", "\ud83d"))
    capsys.readouterr()
    assert run(["flags", "list", "--json"]) == 0
    comments = {row["record"]["comment"] for row in json.loads(capsys.readouterr().out)}
    assert comments >= {text[:3_900] for text in TEXTS.values()}


def test_they_are_exported_and_loaded_as_they_are(room, flagged):
    built = build(room.home)
    version = DatasetVersion.load(built.path)
    learned = {row.completion[0].content for row in version.sft}
    measured = {row.correction for row in version.heldout}
    wanted = {f"correction {text}"[:19_900] for text in TEXTS.values()}
    assert wanted <= learned | measured
    lines = (version.path / "sft.jsonl").read_bytes().split(b"\n")
    assert len([json.loads(line) for line in lines if line]) == len(version.sft)


def test_they_are_reviewed_as_they_are(room, tmp_path):
    path = tmp_path / "decisions.jsonl"
    receipts = [room.complain(f"p{n}", f"Question {n}?") for n in range(len(TEXTS))]
    rows = [
        {"flag_id": one.flag_id, "decision": "edit", "correction": text, "note": text[:3_900]}
        for one, text in zip(receipts, TEXTS.values(), strict=True)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    assert run(["flags", "review", "--from", str(path)]) == 0
    for one, text in zip(receipts, TEXTS.values(), strict=True):
        decision = room.newest(one).decision
        assert (decision.correction, decision.note) == (text, text[:3_900])


@pytest.mark.parametrize("field", ["comment", "correction"])
def test_a_megabyte_is_refused_with_the_limit(field):
    with pytest.raises(BadRequest, match="the limit is"):
        make_draft("answer", "down", **{field: "x" * 2**20})


def test_a_megabyte_of_answer_is_flagged_whole(room):
    text = "All work and no play. " * 48_000
    receipt = room.flag(room.answer(text=text))
    assert room.newest(receipt).record.answer == text
    room.approve(receipt)


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "=x", "<script>", "\u202e"])
def test_a_hostile_id_at_a_command_is_a_sentence(room, name, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    commands = (
        ["erase", name, "--yes"],
        ["review", "--approve", name],
        ["groups", "--decide", name, "--as", "reject"],
        ["export", "--version", name],
    )
    for arguments in commands:
        assert run(["flags", *arguments]) == 2
        assert "Traceback" not in capsys.readouterr().err

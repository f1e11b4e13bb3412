"""`inkloop flags` works on the files of a home, with and without a server that holds them."""

import json

import pytest

from feedback.progress import Progress
from shared.cli import run
from tests.feedback_room import Room


@pytest.fixture
def room(home_of_its_own):
    with Room.opened(home_of_its_own) as opened:
        yield opened


@pytest.fixture
def inkloop(capsys):
    """Runs the command; gives its exit code, what it printed, and what it complained about."""

    def command(*arguments):
        capsys.readouterr()
        code = run(["flags", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def some_flags(room):
    return [room.complain(f"person {n}", f"Person {n} asks?", f"Answer {n}.") for n in range(6)]


def test_a_new_home_has_no_flags(inkloop):
    assert inkloop("list") == (0, "No flags.\n", "")
    assert json.loads(inkloop("list", "--json")[1]) == []
    assert inkloop("stats")[0] == 0
    assert inkloop("review") == (0, "No flag waits for a decision.\n", "")


def test_list_shows_whole_ids(room, inkloop):
    receipts = some_flags(room)
    _, text, _ = inkloop("list")
    rows = json.loads(inkloop("list", "--json")[1])
    assert all(receipt.flag_id in text for receipt in receipts)
    assert [row["flag_id"] for row in rows] == [receipt.flag_id for receipt in receipts]
    assert rows[0]["record"]["correction"] == "Answer 0."


def test_list_can_be_narrowed(room, inkloop):
    receipts = some_flags(room)
    room.decide("reject", receipts[0])
    room.flag(room.answer(app="poetry"), reasons=["meter"])
    count = lambda *options: len(json.loads(inkloop("list", "--json", *options)[1]))  # noqa: E731
    assert count("--state", "rejected") == 1
    assert count("--app", "poetry") == 1
    assert count("--reason", "misunderstood") == 6
    assert count("--verdict", "up") == 0


def test_stats_count(room, inkloop):
    room.approve(*some_flags(room)[:2])
    found = json.loads(inkloop("stats", "--json")[1])
    assert found["states"] == {"received": 4, "approved": 2}
    assert (found["flags"], found["owners"], found["with_correction"]) == (6, 6, 6)


def test_flags_are_decided_by_id(room, inkloop):
    one, two, three, four, *_ = some_flags(room)
    code, _, _ = inkloop(
        "review", "--approve", one.flag_id, "--reject", two.flag_id, "--why", "No.", "--by", "eve"
    )
    assert code == 0
    assert (room.state(one), room.state(two)) == ("approved", "rejected")
    assert room.flags.status(two.flag_id)["history"][-1]["why"] == "No."
    assert inkloop("review", "--approve", three.flag_id, four.flag_id)[0] == 0
    assert (room.state(three), room.state(four)) == ("approved", "approved")


def test_a_wrong_id_decides_nothing(room, inkloop):
    one, *_ = some_flags(room)
    code, _, problem = inkloop("review", "--approve", one.flag_id, "--approve", "wrong")
    assert (code, room.state(one)) == (2, "received")
    assert "'wrong'" in problem


def test_all_are_approved_but_those_about_safety(room, inkloop):
    some_flags(room)
    unsafe = room.flag(room.answer(), reasons=["unsafe"])
    code, text, _ = inkloop("review", "--approve-all")
    assert (code, text) == (0, "Decided about 6 flags. 1 about safety wait to be read.\n")
    assert room.state(unsafe) == "received"


def test_a_file_decides(room, inkloop, tmp_path):
    one, two, *_ = some_flags(room)
    lines = [
        {"flag_id": one.flag_id, "decision": "edit", "correction": "Mine. a@b.org"},
        {"flag_id": two.flag_id, "decision": "quarantine", "note": "Spam?"},
    ]
    file = tmp_path / "decisions.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    assert inkloop("review", "--from", str(file))[0] == 0
    assert room.newest(one).decision.correction == "Mine. [mail]"
    assert room.state(two) == "quarantined"


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", "{}", '{"flag_id": "ID"}', '{"flag_id": "ID", "decision": "maybe"}',
     '{"flag_id": "ID", "decision": "edit"}',
     '{"flag_id": "ID", "decision": "approve", "correction": "x"}'],
)  # fmt: skip
def test_a_file_with_a_wrong_line_decides_nothing(room, inkloop, tmp_path, line):
    one, *_ = some_flags(room)
    file = tmp_path / "decisions.jsonl"
    good = json.dumps({"flag_id": one.flag_id, "decision": "approve"})
    file.write_text(f"{good}\n{line.replace('ID', one.flag_id)}\n")
    code, _, problem = inkloop("review", "--from", str(file))
    assert (code, room.state(one)) == (2, "received")
    assert problem.startswith("inkloop: ")


def test_without_a_terminal_review_says_what_to_use(room, inkloop):
    some_flags(room)
    code, _, problem = inkloop("review")
    assert code == 2
    assert "6 flags wait" in problem
    assert "--approve-all" in problem


def test_in_a_terminal_flags_are_asked_about_one_by_one(room, inkloop, monkeypatch):
    one, two, three, four, five, six = some_flags(room)
    answers = iter(["y", "n", "Off topic.", "q", "e", "s", "x"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))
    monkeypatch.setattr("click.edit", lambda text: text.upper() + "\n")
    code, text, _ = inkloop("review")
    assert code == 0
    assert "Decided about 4 of 6 flags." in text
    states = [room.state(receipt) for receipt in (one, two, three, four, five, six)]
    assert states == ["approved", "rejected", "quarantined", "approved", "received", "received"]
    assert room.newest(four).decision.correction == "ANSWER 3."


def test_export_without_approved_flags_says_what_is_missing(room, inkloop):
    some_flags(room)
    code, _, problem = inkloop("export")
    assert code == 1
    assert "6 waiting for review" in problem


def test_export_prints_the_versions_name_and_counts(room, inkloop):
    room.approve(*some_flags(room))
    code, text, _ = inkloop("export")
    again = json.loads(inkloop("export", "--json")[1])
    assert code == 0
    assert again["name"] in text
    assert again["flags"] == 6
    assert again["rows"]["sft"] + again["rows"]["heldout"] == 6
    assert (room.home.datasets / again["name"] / "dataset.json").is_file()


def test_erase_with_a_server_leaves_the_open_file_to_it(room, inkloop):
    one, *_ = some_flags(room)
    code, text, _ = inkloop("erase", one.flag_id)
    assert (code, room.state(one)) == (0, "erased")
    assert "within a minute" in text
    room.flags.sweep()
    assert room.newest(one).rows[0].payload is None


def test_erase_without_a_server_empties_everything(home_of_its_own, inkloop):
    with Room.opened(home_of_its_own) as room:
        answer = room.answer(text="About zeppelins.")
        receipt = room.flag(answer)
    code, text, _ = inkloop("erase", receipt.flag_id, "--json")
    assert code == 0
    assert json.loads(text)["left_to_server"] is False
    files = [path for path in home_of_its_own.rglob("*") if path.is_file()]
    assert [path for path in files if b"zeppelins" in path.read_bytes()] == []


def test_erase_names_what_has_learned_from_the_flag(room, inkloop):
    one, *_ = some_flags(room)
    room.approve(one)
    Progress(room.home).mark([one.flag_id], "release", "ink-3")
    assert "ink-3" in inkloop("erase", one.flag_id)[1]


def test_an_unknown_flag_is_not_erased(inkloop):
    code, _, problem = inkloop("erase", "nothing")
    assert code == 2
    assert "no flag 'nothing'" in problem


def test_hostile_comments_cannot_reach_the_terminal(room, inkloop):
    room.flag(room.answer(), comment="\x1b[2J\x1b]0;gotcha\x07")
    assert "\x1b" not in inkloop("list")[1]


def test_status_tells_what_is_on_this_machine_alone(room, inkloop):
    room.flag(room.answer())
    room.flag(room.answer(), consent_train=False)
    code, out, _ = inkloop("status", "--json")
    told = json.loads(out)
    assert (code, told["waiting"], told["private"], told["passes"]) == (0, 1, 1, False)


def test_a_disk_that_a_restart_empties_is_told(room, inkloop, monkeypatch, caplog):
    monkeypatch.setenv("SPACE_ID", "me/inkloop")
    monkeypatch.setattr("os.path.ismount", lambda place: str(place) == "/")
    _, out, _ = inkloop("status")
    assert "emptied at every restart" in out
    assert "INKLOOP_FLAGS_REPO" in out
    with Room.opened(room.home.root):
        assert "emptied at every restart" in caplog.text
    monkeypatch.setattr("os.path.ismount", lambda place: place in (room.home.root, "/"))
    assert not room.home.passes

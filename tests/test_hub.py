"""Flags on the Hub: pushed with consent only, pulled, taken back, erased (loopback hub)."""

import json
import threading
from collections.abc import Iterator

import pytest

from feedback import curate
from feedback.hub import Hub
from feedback.ledger import Ledger
from feedback.outbox import Outbox, outbox_files
from feedback.pulling import pull
from feedback.pusher import Pace, Pusher
from feedback.repos import Repos
from feedback.shipping import is_due, ship
from shared.cli import run
from shared.errors import HubError
from shared.home import Home
from tests.feedback_room import Room
from tests.hub_store import Fault
from tests.loopback_hub import LoopbackHub

REPO = "me/flags"
FAST = Pace(every=0.05, gap=0.0, first_retry=0.01, last_retry=0.05)
SECONDS = 60
"""How long a test waits for what happens in a moment on a machine that is not busy."""


@pytest.fixture
def loopback(monkeypatch) -> Iterator[LoopbackHub]:
    with LoopbackHub.started() as started:
        started.point_here(monkeypatch)
        yield started


@pytest.fixture
def room(tmp_path, home_of_its_own):
    with Room.opened(home_of_its_own) as opened:
        yield opened


@pytest.fixture
def inkloop(capsys, monkeypatch):
    """Runs `inkloop flags …` with the dataset set; exit code, output, complaint."""
    monkeypatch.setenv("INKLOOP_FLAGS_REPO", REPO)

    def command(*arguments):
        capsys.readouterr()
        code = run(["flags", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def push(room: Room) -> int:
    """One round, as the room's own server would make it."""
    return ship(room.home, [room.flags._outbox], Hub(REPO)).rows


def shards_at(loopback: LoopbackHub) -> list[str]:
    return sorted(path for path in loopback.files(REPO) if path.endswith(".parquet"))


def everything(loopback: LoopbackHub) -> bytes:
    """All bytes that can be had from the repo: large files, and files of every commit."""
    repo = loopback.store.repos[REPO]
    small = [file.data for row in repo.commits.values() for file in row.files.values()]
    rows = json.dumps(loopback.rows(REPO), default=str, ensure_ascii=False).encode()
    return b"".join([*repo.blobs.values(), *small, rows])


def test_only_flags_with_consent_to_train_are_pushed(room, loopback):
    receipt = room.complain("ada", "Question?")
    room.flag(room.answer("bob"), owner="bob", consent_train=False, consent_publish=True)
    assert push(room) == 1
    (row,) = loopback.rows(REPO)
    assert (row["id"], row["state"]) == (receipt.flag_id, "sent")
    assert room.flags.unpushed() == 0


def test_the_dataset_is_made_private_with_a_card(room, loopback):
    room.complain("ada", "Question?")
    room.flag(room.answer(app="poetry"), reasons=["meter"])
    push(room)
    assert loopback.store.repos[REPO].private
    card = loopback.files(REPO)["README.md"].decode()
    assert "data_files: data/chat/*.parquet" in card
    assert "data_files: data/poetry/*.parquet" in card


def test_a_public_dataset_is_refused(room, loopback):
    loopback.store.create(REPO, private=False)
    room.complain("ada", "Question?")
    with pytest.raises(HubError, match="is public") as refused:
        push(room)
    assert refused.value.lasting
    assert shards_at(loopback) == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST .*/commit/", status=504, after=True),
        Fault("POST .*/commit/", after=True),
        Fault("POST .*/commit/", status=500),
        Fault("POST .*/commit/"),
    ],
)
def test_a_push_of_unknown_outcome_is_repeated_as_it_was(room, loopback, fault):
    receipts = [room.complain(f"person {n}", f"Question {n}?") for n in range(3)]
    loopback.store.inject(fault)
    with pytest.raises(HubError):
        push(room)
    assert room.flags.unpushed() == 3
    assert push(room) == 3
    assert len(shards_at(loopback)) == 1
    assert [row["id"] for row in loopback.rows(REPO)] == [receipt.flag_id for receipt in receipts]


def test_a_revision_after_the_push_is_a_row_in_a_later_shard(room, loopback):
    answer = room.answer()
    room.flag(answer)
    push(room)
    receipt = room.flag(answer, comment="On second thoughts.")
    assert push(room) == 1
    assert len(shards_at(loopback)) == 2
    rows = {row["revision"]: row for row in loopback.rows(REPO)}
    assert {row["id"] for row in rows.values()} == {receipt.flag_id}
    assert rows[2]["comment"] == "On second thoughts."


def test_of_several_revisions_before_the_push_the_newest_goes(room, loopback):
    answer = room.answer()
    room.flag(answer)
    room.flag(answer, comment="Better said.")
    assert push(room) == 1
    assert loopback.rows(REPO)[0]["revision"] == 2


def test_a_flag_that_is_taken_back_says_so_on_the_hub(room, loopback):
    receipt = room.complain("ada", "Question?")
    push(room)
    room.flags.withdraw(receipt.flag_id, receipt.receipt)
    assert push(room) == 1
    assert sorted(row["state"] for row in loopback.rows(REPO)) == ["sent", "withdrawn"]


def test_consent_that_is_taken_back_says_so_on_the_hub(room, loopback):
    answer = room.answer()
    room.flag(answer)
    push(room)
    room.flag(answer, comment="Mine alone.", consent_train=False)
    assert push(room) == 1
    assert sorted(row["state"] for row in loopback.rows(REPO)) == ["sent", "withdrawn"]
    assert b"Mine alone" not in everything(loopback)


def test_a_flag_taken_back_before_the_push_never_leaves(room, loopback):
    receipt = room.complain("ada", "Question?")
    room.flags.withdraw(receipt.flag_id, receipt.receipt)
    assert not is_due(room.home, room.flags._outbox, Hub(REPO))
    assert push(room) == 0
    assert loopback.store.log == []


def test_a_flag_taken_back_in_another_process_says_so_on_the_hub(room, loopback):
    receipt = room.complain("ada", "Question?")
    push(room)
    with Room.opened(room.home.root) as other:
        other.flags.withdraw(receipt.flag_id, receipt.receipt)
        assert push(other) == 1
    assert sorted(row["state"] for row in loopback.rows(REPO)) == ["sent", "withdrawn"]


def test_two_processes_push_into_different_files(room, loopback):
    with Room.opened(room.home.root) as other:
        for one in (room, other):
            one.complain("ada", f"Question of {one.flags._outbox.path.name}?")
            push(one)
    assert len(shards_at(loopback)) == 2
    assert len({row["id"] for row in loopback.rows(REPO)}) == 2


def test_a_card_that_somebody_changes_meanwhile_is_written_again(room, loopback):
    room.complain("ada", "Question?")
    push(room)
    loopback.store.inject(Fault("POST .*/commit/", status=412))
    asked: list[str] = []

    def note(head: str) -> dict[str, bytes]:
        asked.append(head)
        return {"NOTES.md": b"Mine."}

    Hub(REPO).change(note, "Notes")
    assert len(asked) == 2
    assert loopback.files(REPO)["NOTES.md"] == b"Mine."


def test_no_request_waits_for_ever(room, loopback):
    from huggingface_hub import get_session

    Hub(REPO).prepare()
    timeout = get_session().timeout
    assert None not in (timeout.connect, timeout.read, timeout.write, timeout.pool)


# ---- the thread in the server


def begun(room: Room, pace: Pace = FAST) -> Pusher:
    return Pusher(room.home, room.flags._outbox, Repos(raw=Hub(REPO)), pace)


def until(condition) -> None:
    pause = threading.Event()
    for _ in range(int(SECONDS / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it did not happen")


def test_a_server_pushes_by_itself(room, loopback):
    pusher = begun(room)
    receipt = room.complain("ada", "Question?")
    until(lambda: room.flags.unpushed() == 0)
    pusher.close()
    assert [row["id"] for row in loopback.rows(REPO)] == [receipt.flag_id]
    assert pusher.state.problem == ""


def test_a_correction_does_not_wait_for_the_minute(room, loopback):
    pusher = begun(room, Pace(every=3600, gap=0.0))
    until(lambda: pusher._looked_at > 0)
    room.complain("ada", "Question?")
    pusher.tell(urgent=True)
    until(lambda: room.flags.unpushed() == 0)
    pusher.close()


def test_many_flags_do_not_wait_for_the_minute(room, loopback):
    pusher = begun(room, Pace(every=3600, gap=0.0, rows=3))
    for number in range(3):
        room.flag(room.answer(f"p{number}"), owner=f"p{number}")
        pusher.tell()
    until(lambda: room.flags.unpushed() == 0)
    pusher.close()


def test_a_server_that_ends_pushes_what_waits(room, loopback):
    pusher = begun(room, Pace(every=3600, gap=3600))
    until(lambda: not pusher._urgent)
    room.complain("ada", "Question?")
    pusher.close(SECONDS)
    assert room.flags.unpushed() == 0


def test_failures_are_retried_until_they_end(room, loopback):
    room.complain("ada", "Question?")
    loopback.store.inject(Fault("POST .*/commit/", status=500, times=3))
    pusher = begun(room)
    until(lambda: room.flags.unpushed() == 0)
    pusher.close()
    assert len(loopback.store.asked("POST .*/commit/.* fault")) == 3
    assert len(shards_at(loopback)) == 1


def test_what_only_a_person_can_mend_is_said_once_and_not_hurried(room, loopback, caplog):
    room.complain("ada", "Question?")
    loopback.store.token = "another"
    pusher = begun(room, Pace(every=0.01, gap=0.0, first_retry=0.01, last_retry=3600))
    until(lambda: pusher.state.problem)
    asked = len(loopback.store.log)
    for _ in range(5):
        pusher.tell(urgent=True)
    pusher.close()
    assert len(loopback.store.log) == asked
    assert "401" in pusher.state.problem
    assert "HF_TOKEN" in pusher.state.problem
    assert len([r for r in caplog.records if "Flags wait on this machine" in r.message]) == 1


def test_the_hubs_own_wish_to_wait_is_kept(room, loopback):
    room.complain("ada", "Question?")
    loopback.store.inject(
        Fault("POST .*/commit/", status=429, headers={"RateLimit": '"api";r=0;t=1234'})
    )
    pusher = begun(room)
    until(lambda: pusher.state.problem)
    pusher.close()
    assert "429" in pusher.state.problem
    assert pusher._retry_at - pusher._looked_at > 1000


def test_flags_left_behind_by_another_process_are_pushed_too(room, loopback):
    with Room.opened(room.home.root) as other:
        receipt = other.complain("bob", "Question?")
    pusher = begun(room)
    until(lambda: REPO in loopback.store.repos and loopback.rows(REPO))
    pusher.close()
    assert [row["id"] for row in loopback.rows(REPO)] == [receipt.flag_id]


def test_a_service_with_a_dataset_pushes(home_of_its_own, loopback):
    with Room.opened(home_of_its_own, flags_repo=REPO) as room:
        receipt = room.complain("ada", "Question?")
        assert room.flags.pushing.repo == REPO
    assert [row["id"] for row in loopback.rows(REPO)] == [receipt.flag_id]


def test_a_service_without_a_dataset_asks_nobody(room, loopback):
    room.complain("ada", "Question?")
    assert room.flags.pushing is None
    room.close()
    assert loopback.store.log == []


# ---- commands


def test_push_without_a_dataset_says_what_to_set(room, loopback, inkloop, monkeypatch):
    monkeypatch.delenv("INKLOOP_FLAGS_REPO")
    for command in ("push", "pull"):
        code, _, problem = inkloop(command)
        assert code == 2
        assert "INKLOOP_FLAGS_REPO" in problem
    monkeypatch.setenv("INKLOOP_FLAGS_REPO", REPO)
    monkeypatch.setenv("INKLOOP_OFFLINE", "1")
    assert inkloop("push")[0] == 2
    assert loopback.store.log == []


def test_push_pushes_where_no_server_runs(home_of_its_own, loopback, inkloop):
    with Room.opened(home_of_its_own) as room:
        room.complain("ada", "Question?")
    assert inkloop("push")[:2] == (0, f"Pushed 1 row to {REPO}.\n")
    assert inkloop("push")[:2] == (0, f"Nothing here waited to be pushed to {REPO}.\n")
    assert json.loads(inkloop("push", "--json")[1]) == {
        "repo": REPO, "rows": 0, "erased": [], "waiting": 0, "servers": [],
    }  # fmt: skip


def test_push_with_a_server_tells_how_that_one_does(room, loopback, inkloop):
    room.complain("ada", "Question?")
    code, text, _ = inkloop("push")
    assert code == 0
    assert "1 flag waits there" in text
    pusher = begun(room)
    until(lambda: pusher.state.pushed_at)
    pusher.close()
    assert "pushes its own flags to me/flags; 0 flags wait there" in inkloop("push")[1]


def test_a_push_that_fails_is_one_sentence_and_loses_nothing(home_of_its_own, loopback, inkloop):
    with Room.opened(home_of_its_own) as room:
        room.complain("ada", "Question?")
    loopback.store.inject(Fault("POST .*/commit/"))
    code, _, problem = inkloop("push")
    assert (code, problem.count("\n")) == (2, 1)
    assert inkloop("push")[1] == f"Pushed 1 row to {REPO}.\n"


def test_pulled_flags_are_reviewed_and_curated_elsewhere(room, loopback, inkloop, tmp_path):
    asked = [f"{text}?" for text in ("Who are you", "What is rust", "How far is Mars", "Is 7 odd")]
    receipts = [room.complain(f"p{n}", text, f"Right: {text}") for n, text in enumerate(asked)]
    push(room)
    other = Home(tmp_path / "elsewhere").prepare()
    done = pull(other, Hub(REPO))
    assert (done.flags, done.shards, done.fetched) == (4, 1, 1)
    assert pull(other, Hub(REPO)).fetched == 0
    flags = Ledger(other).flags()
    assert [flag.id for flag in flags] == [receipt.flag_id for receipt in receipts]
    assert [flag.record for flag in flags] == [room.newest(r).record for r in receipts]
    run_in(other, "review", "--approve-all")
    assert set(curate.build(other).flag_ids) == {receipt.flag_id for receipt in receipts}


def run_in(home: Home, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INKLOOP_HOME", str(home.root))
        assert run(["flags", *arguments]) == 0


def test_what_is_pulled_where_it_was_pushed_is_not_there_twice(room, loopback, inkloop):
    answer = room.answer()
    room.flag(answer)
    push(room)
    receipt = room.flag(answer, comment="Again.")
    push(room)
    code, text, _ = inkloop("pull")
    assert (code, text) == (0, "1 flag in 2 shards are here, 2 of them new.\n")
    (flag,) = room.ledger.flags()
    assert [row.revision for row in flag.rows] == [1, 2]
    assert flag.id == receipt.flag_id


def test_a_flag_taken_back_is_taken_back_after_the_next_pull(room, loopback, tmp_path):
    other = Home(tmp_path / "elsewhere").prepare()
    receipt = room.complain("ada", "Question?")
    push(room)
    pull(other, Hub(REPO))
    assert Ledger(other).get(receipt.flag_id).state == "received"
    room.flags.withdraw(receipt.flag_id, receipt.receipt)
    push(room)
    pull(other, Hub(REPO))
    assert Ledger(other).get(receipt.flag_id).state == "withdrawn"


# ---- erasure


def zeppelins(room: Room) -> tuple[str, str]:
    """Two flags in one pushed shard; the first is the one to erase."""
    gone = room.complain("ada", "What flies in the air?", "About zeppelins.")
    stays = room.complain("bob", "How do people cross mountains?", "About balloons.")
    push(room)
    return gone.flag_id, stays.flag_id


def test_an_erased_flag_leaves_the_hub_and_its_history(home_of_its_own, loopback, inkloop):
    with Room.opened(home_of_its_own) as room:
        gone, stays = zeppelins(room)
    old = loopback.store.repos[REPO].refs["main"]
    code, text, _ = inkloop("erase", gone)
    assert (code, text) == (0, "Erased 1 flag.\n")
    assert b"zeppelins" not in everything(loopback)
    assert {row["id"]: row["state"] for row in loopback.rows(REPO)} == {
        gone: "erased",
        stays: "sent",
    }
    repo = loopback.store.repos[REPO]
    assert len(repo.commits) == 1
    assert old not in repo.commits
    assert set(repo.blobs) == {f.sha256 for f in repo.resolve("main")[1].values() if f.sha256}


def test_the_steps_of_an_erasure_come_in_the_order_that_works(home_of_its_own, loopback, inkloop):
    with Room.opened(home_of_its_own) as room:
        gone, _ = zeppelins(room)
    loopback.store.log.clear()
    inkloop("erase", gone)
    steps = [
        line.split("/")[-1].split()[0] if "commit/" not in line else "commit"
        for line in loopback.store.asked(r"POST .*(commit/|lfs-files/batch|super-squash/)")
    ]
    assert steps == ["commit", "batch", "main"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST .*/commit/", status=500),
        Fault("POST .*/commit/", after=True),
        Fault("POST .*/lfs-files/batch", status=500),
        Fault("POST .*/lfs-files/batch", after=True),
        Fault("POST .*/super-squash/", status=500),
        Fault("POST .*/super-squash/", after=True),
        Fault("GET .*"),
    ],
)
def test_an_erasure_that_fails_says_what_remains_and_is_finished_later(
    home_of_its_own, loopback, inkloop, fault
):
    with Room.opened(home_of_its_own) as room:
        gone, _ = zeppelins(room)
    loopback.store.inject(fault)
    code, text, _ = inkloop("erase", gone)
    assert code == 0
    assert f"still in the dataset {REPO}" in text
    loopback.store.inject()
    assert inkloop("push")[1] == (
        f"Nothing here waited to be pushed to {REPO}. 1 flag erased there.\n"
    )
    assert b"zeppelins" not in everything(loopback)
    assert len(loopback.store.repos[REPO].commits) == 1


def test_without_a_dataset_set_erasing_says_where_rows_remain(
    home_of_its_own, loopback, inkloop, monkeypatch
):
    with Room.opened(home_of_its_own) as room:
        gone, _ = zeppelins(room)
    monkeypatch.delenv("INKLOOP_FLAGS_REPO")
    assert f"still in the dataset {REPO}" in inkloop("erase", gone)[1]


def test_a_person_erases_a_flag_and_the_server_erases_it_on_the_hub(home_of_its_own, loopback):
    with Room.opened(home_of_its_own, flags_repo=REPO) as room:
        receipt = room.complain("ada", "Question?", "About zeppelins.")
        until(lambda: room.flags.unpushed() == 0)
        assert b"zeppelins" in everything(loopback)
        assert room.flags.erase(receipt.flag_id, receipt.receipt)["state"] == "erased"
    assert b"zeppelins" not in everything(loopback)


def test_a_flag_erased_before_it_was_marked_is_not_left_behind(room, loopback):
    """The Hub has the commit, nobody knows it, and the flag is erased then."""
    receipt = room.complain("ada", "Question?", "About zeppelins.")
    room.complain("bob", "Question?", "About balloons.")
    loopback.store.inject(Fault("POST .*/commit/", after=True))
    with pytest.raises(HubError):
        push(room)
    assert b"zeppelins" in everything(loopback)
    room.flags.erase(receipt.flag_id, receipt.receipt)
    push(room)
    assert b"zeppelins" not in everything(loopback)
    assert len(shards_at(loopback)) == 1


def test_a_flag_erased_while_it_is_pushed_is_not_left_behind(room, loopback):
    """The commit is on its way when the flag is erased here."""
    receipt = room.complain("ada", "Question?", "About zeppelins.")
    erased: list[str] = []

    def erase_meanwhile() -> None:
        if not erased:
            erased.append(receipt.flag_id)
            room.flags.erase(receipt.flag_id, receipt.receipt)

    loopback.store.on_commit = erase_meanwhile
    push(room)
    assert erased
    assert b"zeppelins" not in everything(loopback)
    assert loopback.rows(REPO)[0]["state"] == "erased"


def test_an_erasure_reaches_shards_of_other_machines(room, loopback, inkloop, tmp_path):
    gone, stays = zeppelins(room)
    other = Home(tmp_path / "elsewhere").prepare()
    pull(other, Hub(REPO))
    run_in(other, "erase", gone)
    assert b"zeppelins" not in everything(loopback)
    assert stays in {row["id"] for row in loopback.rows(REPO) if row["state"] == "sent"}
    kept = b"".join(p.read_bytes() for p in other.root.rglob("*") if p.is_file())
    assert b"zeppelins" not in kept


def test_what_was_erased_elsewhere_leaves_the_datasets_built_here(
    home_of_its_own, loopback, inkloop, tmp_path
):
    other = Home(tmp_path / "elsewhere").prepare()
    with Room.opened(home_of_its_own) as room:
        gone, stays = zeppelins(room)
    pull(other, Hub(REPO))
    run_in(other, "review", "--approve-all")
    assert gone in curate.build(other).flag_ids
    inkloop("erase", gone)
    assert pull(other, Hub(REPO)).erased == 1
    assert Ledger(other).get(gone).state == "erased"
    assert set(curate.build(other).flag_ids) == {stays}
    files = [p for p in other.datasets.rglob("*") if p.is_file()]
    assert [p for p in files if b"zeppelins" in p.read_bytes()] == []


def test_a_pushed_flag_can_be_erased_after_its_consent_has_expired(room, loopback):
    answer = room.answer()
    receipt = room.flag(answer, correction="About zeppelins.")
    push(room)
    room.flags.withdraw(receipt.flag_id, receipt.receipt)
    push(room)
    room.flags._outbox.expire(2**60)
    assert room.newest(receipt).rows[0].payload is None
    room.flags.erase(receipt.flag_id, receipt.receipt)
    push(room)
    assert b"zeppelins" not in everything(loopback)


# ---- what others read


def test_the_dataset_loads_plainly_with_hostile_texts_intact(room, loopback, monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", loopback.url)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    texts = ["=1+1", "a\r\nb\tc\x1b[31m", "\u202eevil\u202c", "🦘" * 1000, "---\nconfigs: []\n---"]
    for number, text in enumerate(texts):
        room.flag(room.answer(f"p{number}", text=text), owner=f"p{number}", comment=text)
        push(room)
    room.flag(room.answer(app="poetry"), "up")
    push(room)
    every = datasets.load_dataset(REPO, split="train", cache_dir=str(tmp_path / "cache"))
    chat = datasets.load_dataset(REPO, "chat", split="train", cache_dir=str(tmp_path / "cache"))
    assert (len(every), len(chat)) == (6, 5)
    assert sorted(chat["comment"]) == sorted(texts)
    assert sorted(row[-1]["content"] for row in chat["messages"]) == sorted(texts)
    assert set(every.features) == set(chat.features)


def test_an_outbox_is_named_in_its_shards(room, loopback):
    room.complain("ada", "Question?")
    push(room)
    (outbox,) = outbox_files(room.home.feedback)
    (path,) = shards_at(loopback)
    replica = outbox.stem.removeprefix("outbox-")
    assert path.startswith(f"data/chat/{replica}-000000001-000000001-")
    assert Outbox.take(outbox) is None

"""Dataset versions on the Hub: card, tag, plain loading, erasure (on the loopback hub)."""

import json
from collections.abc import Iterator

import pytest

from feedback.curate import build
from feedback.curated import erase_pending, push
from feedback.hub import Hub
from feedback.reviews import Reviews
from shared.cli import run
from shared.errors import HubError
from tests.feedback_room import Room
from tests.hub_store import Fault
from tests.loopback_hub import LoopbackHub

REPO = "me/versions"


@pytest.fixture
def loopback(monkeypatch) -> Iterator[LoopbackHub]:
    with LoopbackHub.started() as started:
        started.point_here(monkeypatch)
        yield started


@pytest.fixture
def room(home_of_its_own):
    with Room.opened(home_of_its_own) as opened:
        yield opened


@pytest.fixture
def inkloop(capsys, monkeypatch):
    monkeypatch.setenv("INKLOOP_DATASET_REPO", REPO)

    def command(*arguments):
        capsys.readouterr()
        code = run(["flags", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def corrected(room, *people):
    """Each of them asks something of their own and corrects the answer; all approved."""
    receipts = [
        room.complain(who, f"What does {who} ask?", correction=f"What {who} said.")
        for who in people
    ]
    room.approve(*receipts)
    return receipts


def tags(loopback):
    return loopback.store.repos[REPO].tags


def everything(loopback):
    repo = loopback.store.repos[REPO]
    small = [file.data for row in repo.commits.values() for file in row.files.values()]
    rows = json.dumps(loopback.rows(REPO), ensure_ascii=False).encode()
    return b"".join([*repo.blobs.values(), *small, rows])


def test_export_pushes_a_version_with_its_tag_once(room, loopback, inkloop):
    corrected(room, "ada", "bob", "cyd", "dan")
    code, out, _ = inkloop("export", "--push", "--json")
    told = json.loads(out)
    assert (code, told["pushed"]["changed"]) == (0, True)
    assert tags(loopback) == {told["name"]: told["pushed"]["commit"]}
    commits = len(loopback.store.repos[REPO].commits)
    code, out, _ = inkloop("export", "--push")
    assert (code, len(loopback.store.repos[REPO].commits)) == (0, commits)
    assert "already" in out


def test_without_a_dataset_the_command_says_what_to_set(room, inkloop, monkeypatch):
    monkeypatch.delenv("INKLOOP_DATASET_REPO")
    code, _, complaint = inkloop("export", "--push")
    assert code == 2
    assert "INKLOOP_DATASET_REPO" in complaint


def test_every_version_can_be_had_by_its_tag(room, loopback):
    hub = Hub(REPO)
    corrected(room, "ada", "bob", "cyd", "dan")
    first = build(room.home)
    push(room.home, hub, first)
    corrected(room, "eve")
    second = build(room.home)
    push(room.home, hub, second)
    for version in (first, second):
        there = loopback.files(REPO, version.name)
        assert there["dataset.json"] == (version.path / "dataset.json").read_bytes()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST .*/commit/", status=504, after=True),
        Fault("POST .*/commit/", status=412),
        Fault("POST .*/tag/", status=500),
        Fault("POST .*/tag/", status=500, after=True),
    ],
)
def test_a_push_of_unknown_outcome_is_repeated_as_it_was(room, loopback, fault):
    corrected(room, "ada", "bob", "cyd", "dan")
    version = build(room.home)
    loopback.store.inject(fault)
    for _ in range(2):
        try:
            push(room.home, Hub(REPO), version)
        except HubError:
            continue
    assert list(tags(loopback)) == [version.name]
    titles = [row.title for row in loopback.store.repos[REPO].commits.values()]
    assert sum(version.name in title for title in titles) == 1


def test_a_public_dataset_is_refused(room, loopback):
    corrected(room, "ada", "bob")
    loopback.store.create(REPO, private=False)
    with pytest.raises(HubError, match="public"):
        push(room.home, Hub(REPO), build(room.home))


def test_a_version_loads_plainly(room, loopback, monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", loopback.url)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    hostile = [
        "=1+1",
        "a\u2028b\r\nc\x1b[0m",
        "\u202eevil\u202c",
        "<script>alert(1)</script>",
        "${x}",
    ]
    receipts = [
        room.complain(f"p{n}", f"Question {n} {text}", correction=f"{n} {text}")
        for n, text in enumerate(hostile)
    ]
    room.approve(*receipts)
    version = build(room.home)
    push(room.home, Hub(REPO), version)
    for kind, split in (("sft", "train"), ("dpo", "train"), ("heldout", "test")):
        rows = datasets.load_dataset(
            REPO, kind, revision=version.name, split=split, cache_dir=str(tmp_path / "cache")
        )
        ours = [row.model_dump(mode="json") for row in getattr(version, kind)]
        assert [dict(row) for row in rows] == ours
    card = loopback.files(REPO)["README.md"].decode()
    assert "cc-by-4.0" in card
    assert version.name in card


def test_an_erased_flag_leaves_every_version_there(room, loopback, inkloop):
    receipts = corrected(room, "ada", "bob", "cyd", "zeppelin")
    inkloop("export", "--push")
    corrected(room, "eve")
    _, out, _ = inkloop("export", "--push", "--json")
    newest = json.loads(out)["name"]
    assert b"zeppelin" in everything(loopback)
    code, out, _ = inkloop("erase", receipts[3].flag_id, "--yes", "--json")
    assert (code, json.loads(out)["left_on_hub"]) == (0, [])
    assert b"zeppelin" not in everything(loopback)
    assert receipts[3].flag_id.encode() not in loopback.files(REPO)["README.md"]
    assert list(tags(loopback)) == [newest]
    assert b"eve" in everything(loopback)


@pytest.mark.parametrize(
    "step",
    ["POST .*/commit/", "DELETE .*/tag/", "POST .*/lfs-files/batch", "POST .*/super-squash/"],
)
def test_an_erasure_that_fails_is_finished_later(room, loopback, step):
    hub = Hub(REPO)
    receipts = corrected(room, "ada", "bob", "cyd", "zeppelin")
    push(room.home, hub, build(room.home))
    Reviews(room.home).bury([receipts[3].flag_id], by="owner")
    loopback.store.inject(Fault(step, status=500, times=9))
    with pytest.raises(HubError):
        erase_pending(room.home, hub)
    loopback.store.inject()
    assert erase_pending(room.home, hub) == [receipts[3].flag_id]
    assert b"zeppelin" not in everything(loopback)
    assert erase_pending(room.home, hub) == []

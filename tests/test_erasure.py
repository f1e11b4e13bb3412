"""After an erasure no file of a home holds a word of the flag, whatever it had become before."""

import contextlib
import io
import json
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from feedback import curated, published_hub
from feedback.curate import build
from feedback.hub import Hub
from feedback.ledger import Ledger
from feedback.published import make
from feedback.pulling import pull
from feedback.pusher import Pusher
from feedback.register import Register, Wanted
from feedback.repos import Repos
from feedback.shipping import ship
from shared.cli import run
from shared.settings import Settings
from tests.feedback_room import Room
from tests.loopback_hub import LoopbackHub
from tests.test_hub import FAST, SECONDS, until
from training.data_prepare import prepare
from training.recipe_data import Data, Source

CANARY = "quetzalcoatlus"
RAW, VERSIONS, OPEN = ALL = ("me/flags", "me/versions", "me/open-flags")


@pytest.fixture
def loopback(monkeypatch):
    monkeypatch.setenv("INKLOOP_FLAGS_REPO", RAW)
    monkeypatch.setenv("INKLOOP_DATASET_REPO", VERSIONS)
    monkeypatch.setenv("INKLOOP_PUBLISHED_REPO", OPEN)
    with LoopbackHub.started() as started:
        started.point_here(monkeypatch)
        yield started


def holding(folder: Path) -> list[str]:
    """Files with the canary: as they lie there, and what is packed in them."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.match("outbox-*.sqlite"):
                data += sealed_in(path)
            if CANARY.encode() in (data + unpacked(data)).lower():
                found.append(str(path.relative_to(folder)))
    return found


def unpacked(data: bytes) -> bytes:
    """The rows of a Parquet file, as text."""
    if not data.startswith(b"PAR1"):
        return b""
    return json.dumps(pq.read_table(io.BytesIO(data)).to_pylist(), default=str).encode()


def sealed_in(path: Path) -> bytes:
    """The rows of shards that lie in an outbox."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        shards = db.execute("SELECT data FROM shard WHERE data IS NOT NULL").fetchall()
    return b"".join(unpacked(data) for (data,) in shards)


def there(loopback: LoopbackHub, repo: str) -> bytes:
    """Everything that a dataset on the Hub still has, in all its history."""
    found = loopback.store.repos[repo]
    commits = list(found.commits.values())
    small = [file.data for row in commits for file in row.files.values()]
    packed = [unpacked(blob) for blob in list(found.blobs.values())]
    return b"".join([*small, *packed]).lower()


def complained(room: Room) -> str:
    """A flag whose every text names the canary, revised, edited and compared; gives its id."""
    words = {part: f"The {CANARY} of the {part}." for part in ("comment", "correction")}
    answer = room.answer("ada", f"Which {CANARY} is it?", text=f"This {CANARY}.")
    room.flag(answer, comment=f"First {CANARY}.")
    receipt = room.flag(answer, reasons=["misunderstood"], consent_publish=True, **words)
    edited = {"note": f"A {CANARY}?", "correction": f"My own {CANARY}."}
    room.decide("edit", receipt, by="grace", **edited)
    return receipt.flag_id


def used(room: Room) -> None:
    """Everything that flags become: shards, what came back with a pull, versions, what is open."""
    others = [room.complain(who, f"{who}?", consent_publish=True) for who in ("bob", "cyd", "dan")]
    room.approve(*others)
    raw = Hub(RAW)
    ship(room.home, [room.flags._outbox], raw)
    pull(room.home, raw)
    version = build(room.home)
    curated.push(room.home, Hub(VERSIONS, "INKLOOP_DATASET_REPO"), version)
    published_hub.push(room.home, Hub(OPEN, public=True), make(room.home, version))
    list(Register(room.home).ids(Wanted()))


def test_nothing_of_an_erased_flag_is_left_anywhere(home_of_its_own, loopback, capsys):
    with Room.opened(home_of_its_own) as room:
        flag_id = complained(room)
        used(room)
    reached = {path.split("/")[0] for path in holding(home_of_its_own)}
    assert {"feedback", "history.sqlite", "datasets", "published"} <= reached
    for repo in ALL:
        assert CANARY.encode() in there(loopback, repo)
    assert run(["flags", "erase", flag_id, "--yes"]) == 0
    assert holding(home_of_its_own) == []
    for repo in ALL:
        assert CANARY.encode() not in there(loopback, repo)
    assert Ledger(room.home).get(flag_id).state == "erased"


def test_a_server_leaves_nothing_of_a_flag_that_its_author_erases(home_of_its_own, loopback):
    repos = Repos.of(Settings.load())
    with Room.opened(home_of_its_own) as room:
        answer = room.answer("ada", f"Which {CANARY} is it?", text=f"This {CANARY}.")
        receipt = room.flag(answer, correction=f"My {CANARY}.", consent_publish=True)
        room.approve(receipt)
        used(room)
        pusher = Pusher(room.home, room.flags._outbox, repos, FAST)
        try:
            room.flags.erase(receipt.flag_id, receipt.receipt)
            assert holding(home_of_its_own) == []
            pusher.tell(urgent=True)
            until(lambda: not any(CANARY.encode() in there(loopback, one) for one in ALL))
        finally:
            pusher.close(SECONDS)


def test_a_shard_that_waits_to_be_pushed_loses_it_too(home_of_its_own):
    with Room.opened(home_of_its_own) as room:
        receipt = room.complain("ada", "Which?", f"My {CANARY}.")
        assert room.flags._outbox.seal() == 1
        box = room.flags._outbox.path
        assert CANARY.encode() in sealed_in(box)
        room.flags.erase(receipt.flag_id, receipt.receipt)
        assert CANARY.encode() not in sealed_in(box)
        assert holding(home_of_its_own) == []


def test_rows_that_a_training_prepared_go_with_the_version(home_of_its_own):
    with Room.opened(home_of_its_own) as room:
        # One of four is held out, whoever that is: the other of these two is trained on.
        told = [room.complain(who, f"{who}?", f"My {CANARY}.") for who in ("ada", "eve")]
        others = [room.complain(who, f"{who}?", f"From {who}.") for who in ("bob", "cyd")]
        room.approve(*told, *others)
        version = build(room.home)
        elsewhere = home_of_its_own.parent / "other.jsonl"
        elsewhere.write_text('{"prompt": "Which?", "completion": "That."}\n' * 3)
        for source in (version.path / "dpo.jsonl", elsewhere):
            data = Data(sources=(Source(path=str(source)),))
            prepare(data, room.home.runs)
        assert any(path.startswith("runs/") for path in holding(home_of_its_own))
        for receipt in told:
            room.flags.erase(receipt.flag_id, receipt.receipt)
        assert holding(home_of_its_own) == []
        assert len(list((room.home.runs / "data").glob("*/"))) == 1

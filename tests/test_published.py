"""What everybody may read: given for that, under other names, and gone when it is erased."""

import json
import stat
from collections.abc import Iterator

import pytest

from feedback import curated
from feedback.curate import build
from feedback.hub import Hub
from feedback.published import current, make
from feedback.published_hub import erase_pending, push
from feedback.pusher import Pusher
from feedback.repos import Repos, erase_built, erasing_is_due
from feedback.reviews import Reviews
from shared.cli import run
from shared.errors import HubError
from tests.feedback_room import Room
from tests.hub_store import Fault
from tests.loopback_hub import LoopbackHub
from tests.test_hub import FAST, SECONDS, until

REPO = "me/open-flags"


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
    monkeypatch.setenv("INKLOOP_PUBLISHED_REPO", REPO)

    def command(*arguments):
        capsys.readouterr()
        code = run(["flags", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def given(room, *people, **more):
    """Each corrects an answer of their own and lets everybody read it; all approved."""
    more.setdefault("consent_publish", True)
    receipts = [
        room.complain(who, f"What does {who} ask?", correction=f"What {who} said.", **more)
        for who in people
    ]
    room.approve(*receipts)
    return receipts


def made(room):
    return make(room.home, build(room.home))


def text_of(folder):
    import pyarrow.parquet as pq

    tables = [pq.read_table(path).to_pylist() for path in folder.rglob("*.parquet")]
    small = [path.read_text() for path in folder.iterdir() if path.is_file()]
    return json.dumps([tables, small], ensure_ascii=False)


def everything(loopback, name=REPO):
    repo = loopback.store.repos[name]
    small = [file.data for row in repo.commits.values() for file in row.files.values()]
    rows = json.dumps(loopback.rows(name), ensure_ascii=False).encode()
    return b"".join([*repo.blobs.values(), *small, rows])


def tags(loopback):
    return list(loopback.store.repos[REPO].tags)


def test_only_what_was_given_to_everybody_and_approved_is_published(room):
    given(room, "ada", "bob", "cyd")
    given(room, "trains-only", consent_publish=False)
    given(room, "publishes-only", consent_train=False)
    room.complain("waiting", "What waits?", correction="Waiting.", consent_publish=True)
    room.decide("reject", room.complain("turned-down", "What turned-down?", consent_publish=True))
    text = text_of(made(room).path)
    assert all(who in text for who in ("ada", "bob", "cyd"))
    for other in ("trains-only", "publishes-only", "waiting", "turned-down"):
        assert other not in text


def test_flags_about_safety_or_privacy_are_never_published(room):
    given(room, "ada", "bob")
    given(room, "grim", reasons=["unsafe"])
    given(room, "nosy", reasons=["privacy"])
    published = made(room)
    assert "grim" not in text_of(published.path)
    assert "nosy" not in text_of(published.path)
    assert published.manifest.left_out["safety_or_privacy"] >= 2


def test_a_row_of_two_people_needs_both(room):
    for who, publish in (("ada", True), ("bob", False)):
        receipt = room.complain(who, "The same?", correction="Same.", consent_publish=publish)
        room.approve(receipt)
    given(room, "cyd", "dan", "eve")
    assert "The same?" not in text_of(made(room).path)


def test_no_name_of_this_home_is_in_it(room):
    receipts = given(room, "ada", "bob", "cyd")
    version, published = build(room.home), made(room)
    text = text_of(published.path)
    sessions = {row.session for row in (*version.sft, *version.heldout)}
    assert sessions
    for secret in (*sessions, *(receipt.flag_id for receipt in receipts), version.name):
        assert secret not in text
    assert len(published.manifest.ids) == published.manifest.authors == 3


def test_the_key_of_the_names_is_its_owner_s_alone_and_stays_here(room, loopback):
    given(room, "ada", "bob", "cyd")
    push(room.home, Hub(REPO, public=True), made(room))
    key = room.home.feedback / "publish.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes() not in everything(loopback)
    assert key.read_bytes().hex().encode() not in everything(loopback)


def test_texts_are_scrubbed_again(room, monkeypatch):
    from feedback import scrub

    with monkeypatch.context() as older_rules:
        older_rules.setattr(scrub, "RULES", ())
        given(room, "ada", "bob", "mail to eve@example.com")
    published = made(room)
    assert "eve@example.com" not in text_of(published.path)
    assert published.manifest.redacted["mail"] >= 2


def test_the_same_flags_give_the_same_folder(room):
    given(room, "ada", "bob", "cyd")
    first = made(room)
    files = first.files()
    again = made(room)
    assert (again.name, again.files()) == (first.name, files)
    assert [path.name for path in room.home.published.glob("*/")] == [first.name]


def test_it_loads_plainly_from_a_public_dataset(room, loopback, inkloop, monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", loopback.url)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    given(room, "ada", "bob", "cyd", "=1+1 \u2028 <script>")
    code, out, _ = inkloop("publish", "--push", "--json")
    told = json.loads(out)
    assert (code, told["pushed"]["repo"]) == (0, REPO)
    assert not loopback.store.repos[REPO].private
    assert tags(loopback) == [told["name"]]
    rows = datasets.load_dataset(
        REPO, "sft", revision=told["name"], split="train", cache_dir=str(tmp_path / "cache")
    )
    assert set(rows.column_names) == {"prompt", "completion", "ids", "author", "app", "reasons"}
    assert len(rows) == told["rows"]["sft"]
    held = datasets.load_dataset(REPO, "heldout", split="test", cache_dir=str(tmp_path / "cache"))
    assert len(rows) + len(held) == 4
    card = loopback.files(REPO)["README.md"].decode()
    assert "license: cc-by-4.0" in card
    assert "Consent" in card


def test_publishing_twice_changes_nothing(room, loopback, inkloop):
    given(room, "ada", "bob", "cyd")
    inkloop("publish", "--push")
    commits = len(loopback.store.repos[REPO].commits)
    code, out, _ = inkloop("publish", "--push")
    assert (code, len(loopback.store.repos[REPO].commits)) == (0, commits)
    assert "already" in out


def test_with_nothing_to_publish_the_command_says_why(room, inkloop):
    given(room, "ada", consent_publish=False)
    code, _, complaint = inkloop("publish")
    assert code == 1
    assert "may be published" in complaint


def test_a_dataset_that_has_to_stay_private_is_refused(room, inkloop, monkeypatch):
    given(room, "ada", "bob", "cyd")
    monkeypatch.setenv("INKLOOP_DATASET_REPO", REPO)
    code, _, complaint = inkloop("publish", "--push")
    assert code == 2
    assert "INKLOOP_PUBLISHED_REPO" in complaint


def test_an_erased_flag_leaves_the_folder_and_the_dataset_with_its_history(room, loopback, inkloop):
    receipts = given(room, "ada", "bob", "cyd", "zeppelin")
    inkloop("publish", "--push")
    given(room, "eve")
    inkloop("publish", "--push")
    assert b"zeppelin" in everything(loopback)
    code, out, _ = inkloop("erase", receipts[3].flag_id, "--yes", "--json")
    assert (code, json.loads(out)["left_on_hub"]) == (0, [])
    here = current(room.home)
    assert "zeppelin" not in text_of(room.home.published)
    assert b"zeppelin" not in everything(loopback)
    assert tags(loopback) == [here.name]
    assert b"eve" in everything(loopback)
    _, out, _ = inkloop("publish", "--json")
    assert json.loads(out)["flags"] == 4


def test_consent_that_is_taken_back_leaves_the_history_with_the_next_push(room, loopback, inkloop):
    receipts = given(room, "ada", "bob", "cyd", "zeppelin")
    inkloop("publish", "--push")
    room.flags.withdraw(receipts[3].flag_id, receipts[3].receipt)
    code, out, _ = inkloop("publish", "--push", "--json")
    assert (code, json.loads(out)["pushed"]["replaced"]) == (0, True)
    assert b"zeppelin" not in everything(loopback)


def test_when_all_is_taken_back_nothing_is_published_any_more(room, loopback, inkloop):
    receipts = given(room, "ada", "bob")
    inkloop("publish", "--push")
    for receipt in receipts:
        room.flags.withdraw(receipt.flag_id, receipt.receipt)
    code, out, _ = inkloop("publish", "--push", "--json")
    assert (code, json.loads(out)["flags"]) == (0, 0)
    assert b"What ada said" not in everything(loopback)


def test_a_server_without_a_dataset_for_flags_erases_from_the_others(room, loopback):
    repos = Repos(versions=Hub("me/versions"), published=Hub(REPO, public=True))
    receipts = given(room, "ada", "bob", "cyd", "zeppelin")
    curated.push(room.home, Hub("me/versions"), build(room.home))
    push(room.home, Hub(REPO, public=True), made(room))
    pusher = Pusher(room.home, room.flags._outbox, repos, FAST)
    try:
        room.flags.erase(receipts[3].flag_id, receipts[3].receipt)
        pusher.tell(urgent=True)
        until(lambda: not erasing_is_due(room.home, repos))
    finally:
        pusher.close(SECONDS)
    assert b"zeppelin" not in everything(loopback)
    assert b"zeppelin" not in everything(loopback, "me/versions")


@pytest.mark.parametrize("setting", ["flags_repo", "dataset_repo", "published_repo"])
def test_any_dataset_alone_is_looked_after_by_a_server(home_of_its_own, setting):
    with Room.opened(home_of_its_own, **{setting: REPO}) as room:
        assert room.flags.pushing is not None


def test_an_erasure_that_fails_in_one_dataset_is_done_in_the_other(room, loopback, inkloop):
    receipts = given(room, "ada", "bob", "cyd", "zeppelin")
    curated.push(room.home, Hub("me/versions"), build(room.home))
    inkloop("publish", "--push")
    loopback.store.inject(Fault("POST .*/me/versions/commit/", status=500, times=9))
    Reviews(room.home).bury([receipts[3].flag_id], by="owner")
    repos = Repos(versions=Hub("me/versions"), published=Hub(REPO, public=True))
    with pytest.raises(HubError):
        erase_built(room.home, repos)
    assert b"zeppelin" in everything(loopback, "me/versions")
    assert b"zeppelin" not in everything(loopback)


@pytest.mark.parametrize(
    "step",
    ["POST .*/commit/", "DELETE .*/tag/", "POST .*/lfs-files/batch", "POST .*/super-squash/"],
)
def test_an_erasure_that_fails_is_finished_later(room, loopback, step):
    hub = Hub(REPO, public=True)
    receipts = given(room, "ada", "bob", "cyd", "zeppelin")
    push(room.home, hub, made(room))
    Reviews(room.home).bury([receipts[3].flag_id], by="owner")
    loopback.store.inject(Fault(step, status=500, times=9))
    with pytest.raises(HubError):
        erase_pending(room.home, hub)
    loopback.store.inject()
    assert erase_pending(room.home, hub) == [receipts[3].flag_id]
    assert b"zeppelin" not in everything(loopback)
    assert erase_pending(room.home, hub) == []


def test_under_a_lost_key_everything_goes_until_it_is_made_anew(room, loopback):
    hub = Hub(REPO, public=True)
    receipts = given(room, "ada", "bob", "cyd", "zeppelin")
    push(room.home, hub, made(room))
    (room.home.feedback / "publish.key").unlink()
    Reviews(room.home).bury([receipts[3].flag_id], by="owner")
    erase_pending(room.home, hub)
    assert b"zeppelin" not in everything(loopback)
    push(room.home, hub, made(room))
    assert b"ada" in everything(loopback)

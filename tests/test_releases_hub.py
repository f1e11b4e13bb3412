"""Releases on the Hub: one commit and one tag each, whole on the other side or not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.cli import run
from shared.errors import HubError, ModelFileError, NotFound
from shared.releases import ReleaseStore
from shared.releases_hub import ReleasesHub
from tests.hub_store import Fault
from tests.loopback_hub import LoopbackHub
from tests.released import add

REPO = "user/releases"


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub.started() as started:
        started.point_here(monkeypatch)
        yield started


@pytest.fixture
def here(tmp_path: Path) -> ReleaseStore:
    store = ReleaseStore(tmp_path / "here")
    for name in ("demo-r1", "demo-r2"):
        add(store, tmp_path / "run", name)
    return store


def test_every_release_is_one_commit_and_one_tag_and_comes_back_whole(
    loopback: LoopbackHub, here: ReleaseStore, tmp_path: Path
) -> None:
    hub = ReleasesHub(REPO)
    assert [hub.push(release) for release in here.list()] == [True, True]
    assert [hub.push(release) for release in here.list()] == [False, False]
    repo = loopback.store.repos[REPO]
    assert repo.private
    assert set(repo.tags) == {"demo-r1", "demo-r2"}
    newest = {path for path in repo.commits[repo.tags["demo-r2"]].files if path[0] != "."}
    assert newest == {path.name for path in here.get("demo-r2").path.iterdir()}
    there = ReleaseStore(tmp_path / "there")
    pulled = hub.pull("demo-r1", there)
    assert pulled.manifest == here.get("demo-r1").manifest
    assert there.promoted() is None


def test_a_push_that_broke_off_before_its_tag_is_finished_by_the_next(
    loopback: LoopbackHub, here: ReleaseStore
) -> None:
    hub = ReleasesHub(REPO)
    loopback.store.inject(Fault("POST .*/tag/", times=1, status=400))
    with pytest.raises(HubError, match="400"):
        hub.push(here.get("demo-r1"))
    assert hub.names() == []
    assert hub.push(here.get("demo-r1"))
    assert hub.names() == ["demo-r1"]
    titles = [row.title for row in loopback.store.repos[REPO].commits.values()]
    assert titles.count("Release demo-r1") == 1


def test_a_damaged_release_is_not_sent_and_not_taken(
    loopback: LoopbackHub, here: ReleaseStore, tmp_path: Path
) -> None:
    hub = ReleasesHub(REPO)
    hub.push(here.get("demo-r1"))
    broken = here.get("demo-r2")
    broken.gguf.write_bytes(b"GGUF other")
    with pytest.raises(ModelFileError):
        hub.push(broken)
    assert hub.names() == ["demo-r1"]
    repo = loopback.store.repos[REPO]
    for sha256 in repo.blobs:
        repo.blobs[sha256] = b"GGUF something else"
    there = ReleaseStore(tmp_path / "there")
    with pytest.raises((ModelFileError, HubError)):
        hub.pull("demo-r1", there)
    assert there.list() == []


def test_a_release_that_is_not_there_is_not_found(
    loopback: LoopbackHub, here: ReleaseStore
) -> None:
    del loopback
    hub = ReleasesHub(REPO)
    hub.push(here.get("demo-r1"))
    with pytest.raises(NotFound, match="no release demo-r9"):
        hub.pull("demo-r9", here)


def test_without_a_repo_or_off_line_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["releases", "push"]) == 2
    assert "INKLOOP_RELEASES_REPO" in capsys.readouterr().err
    monkeypatch.setenv("INKLOOP_RELEASES_REPO", REPO)
    monkeypatch.setenv("INKLOOP_OFFLINE", "true")
    assert run(["releases", "push"]) == 2
    assert "INKLOOP_OFFLINE" in capsys.readouterr().err
